"""The only exit: cells become figures, figures are made safe, and nothing else of a cohort leaves this service (M35, M37)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from beklijf_cohorts.domain import disclosure
from beklijf_cohorts.domain.cells import Cells, Plan
from beklijf_cohorts.domain.disclosure import Protected
from beklijf_cohorts.domain.figures import categories, flow, follow_ups, groups, lasting, mcic, planned, response, sexes, trajectories
from beklijf_cohorts.domain.figures.source import Count, Entry, Figure, Source
from beklijf_cohorts.domain.statistics import NOTHING, Number


class Shown(NamedTuple):
    """One number as it may be shown: a value, or that it is suppressed, or the reason why there is none."""

    value: int | str | None = None
    suppressed: bool = False
    reason: str | None = None


SUPPRESSED = Shown(suppressed=True)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row as it may be shown."""

    stratum: dict[str, str]
    cells: dict[str, Shown]


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """One figure as it may be shown."""

    name: str
    population: str
    denominator: str
    rows: tuple[ShownRow, ...]


def figures(plan: Plan, cells: Cells, minimum_cell: int) -> tuple[ShownFigure, ...]:
    """All figures of a population, safe for k = `minimum_cell`. Raises DoesNotAddUp if the cells contradict each other."""
    return protected(unprotected(plan, cells), minimum_cell)


def unprotected(plan: Plan, cells: Cells) -> tuple[Figure, ...]:
    """All figures of a population before disclosure: the cohorts that share it differ in k only. Nothing but `protected` may see them."""
    return tuple(_raw(Source(plan, cells)))


def protected(raw: tuple[Figure, ...], minimum_cell: int) -> tuple[ShownFigure, ...]:
    """The figures, safe for k = `minimum_cell`. Raises DoesNotAddUp if the cells contradict each other."""
    safe = disclosure.protect([table for figure in raw for table in figure.tables], minimum_cell)
    return tuple(_shown(figure, safe) for figure in raw)


def _raw(source: Source) -> Iterator[Figure]:
    cohort = source.plan.cohort
    yield flow.figure(source)
    yield planned.protocol(source)
    if cohort.sample_margin_percent is not None:
        yield planned.sample_size(source)
    yield response.figure(source)
    yield sexes.figure(source)
    yield response.by_instrument(source)
    yield trajectories.figure(source)
    yield groups.figure(source)
    yield groups.between_years(source)
    yield trajectories.changes(source)
    yield mcic.pairs(source)
    yield mcic.figure(source)
    if source.plan.of_states:
        yield mcic.acceptable(source)
    yield lasting.figure(source)
    for crossing in cohort.crossed:
        yield categories.crossed(source, crossing)
    for tally in cohort.tallied:
        yield categories.tallied(source, tally)
        yield categories.before_and_after(source, tally)
    yield follow_ups.figure(source)


def _shown(figure: Figure, protected: Protected) -> ShownFigure:
    rows = tuple(
        ShownRow(row.stratum, {name: _entry(entry, protected) for name, entry in row.entries.items()})
        for row in figure.rows
        if row.of is None or row.of.value or row.of.name in protected.hidden  # a hidden zero must not show by a missing row
    )
    return ShownFigure(figure.name, figure.population, figure.denominator, rows)


def _entry(entry: Entry, protected: Protected) -> Shown:
    names = (entry.name,) if isinstance(entry, Count) else entry.rests_on
    if protected.hidden and not protected.hidden.isdisjoint(names):
        return SUPPRESSED
    number = entry.value if isinstance(entry, Count) else entry.number
    if isinstance(number, Number):
        return Shown(number.text, reason=number.reason)
    return Shown(reason=NOTHING) if protected.none and names and protected.none.issuperset(names) else Shown(number)
