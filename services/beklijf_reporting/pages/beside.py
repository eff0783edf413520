"""The same figures twice: with all cells, and with small ones hidden. Shown so that one sees what the rule does, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from beklijf_reporting.domain.reproduction import Reproduction
from beklijf_reporting.pages import reproduced, tables
from beklijf_reporting.pages.tables import Block, Table
from beklijf_reporting.pages.vocabulary import Names, place
from beklijf_shared.contracts import Contracts
from beklijf_shared.events import CohortSnapshot, Figure, Missing
from beklijf_shared.figures import cells_of

EXAMPLES_MAXIMUM = 4
LINES_MAXIMUM = 14
COLUMNS_MAXIMUM = 9
"""More does not fit beside each other."""


@dataclass(frozen=True, slots=True)
class Example:
    """One table in both settings."""

    title: str
    lead: str
    every: Table
    safe: Table


@dataclass(frozen=True, slots=True)
class Counted:
    """How many cells of a figure with a number in one setting are hidden in the other."""

    title: str
    hidden: int
    numbers: int


@dataclass(frozen=True, slots=True)
class BesidePage:
    """Everything the template needs; the snapshots are None until both have been heard."""

    every: CohortSnapshot | None
    safe: CohortSnapshot | None
    examples: tuple[Example, ...] = ()
    counted: tuple[Counted, ...] = ()
    reproductions: tuple[Reproduction, ...] = ()


def page(snapshots: list[CohortSnapshot], known: Contracts, names: Names) -> BesidePage:
    """The first pair of cohorts that count the same episodes and differ in k."""
    for every, safe in _pairs(snapshots, known):
        definition = known.cohorts[every.cohort]
        study = known.studies[definition.study] if definition.study else None
        figures = {figure.name: figure for figure in safe.figures}
        pairs = [(figure, figures[figure.name]) for figure in every.figures if figure.name in figures]
        pairs.sort(key=lambda pair: place(pair[0].name))
        return BesidePage(
            every=every,
            safe=safe,
            examples=tuple(_examples(pairs, names)),
            counted=tuple(_counted(pairs, names)),
            reproductions=() if study is None else tuple(reproduced.held_against(each, study) for each in (every, safe)),
        )
    return BesidePage(None, None)


def _pairs(snapshots: list[CohortSnapshot], known: Contracts) -> Iterator[tuple[CohortSnapshot, CohortSnapshot]]:
    for every in snapshots:
        for safe in snapshots:
            one, other = known.cohorts.get(every.cohort), known.cohorts.get(safe.cohort)
            if one and other and every.minimum_cell < safe.minimum_cell and one.population_hash("") == other.population_hash(""):
                yield every, safe


def _examples(pairs: list[tuple[Figure, Figure]], names: Names) -> Iterator[Example]:
    """Of each figure the smallest table of which a part is hidden and a part is not, until there are enough."""
    found = 0
    for every, safe in pairs:
        blocks = zip(tables.section(every, names).blocks, tables.section(safe, names).blocks, strict=False)
        candidates = [pair for one, other in blocks for pair in _tables(one, other) if _says_something(*pair)]
        if candidates and found < EXAMPLES_MAXIMUM:
            found += 1
            about = tables.section(every, names).about
            one, other = min(candidates, key=lambda pair: len(pair[0].lines) * len(pair[0].columns))
            yield Example(about.title, about.lead, one, other)


def _tables(every: Block, safe: Block) -> Iterator[tuple[Table, Table]]:
    """The tables of a block, both with the columns that neither leaves out."""
    shown = {table.caption: table for table in (safe.table, *safe.folded)}
    for table in (every.table, *every.folded):
        if table.caption in shown:
            yield table, shown[table.caption]


def _says_something(every: Table, safe: Table) -> bool:
    states = [cell.state for line in safe.lines for cell in line.cells]
    hidden, shown = states.count("suppressed"), states.count("number")
    is_small = len(safe.lines) <= LINES_MAXIMUM and len(every.lines) == len(safe.lines) and len(safe.columns) <= COLUMNS_MAXIMUM
    return is_small and 0 < hidden <= 2 * shown


def _counted(pairs: list[tuple[Figure, Figure]], names: Names) -> Iterator[Counted]:
    for every, safe in pairs:
        about = tables.section(Figure(name=every.name, population="", denominator="", strata=(), columns=(), rows=()), names).about
        numbers = sum(not isinstance(cell, Missing) for row in every.rows for cell in cells_of(every, row))
        hidden = sum(isinstance(cell, Missing) and cell.suppressed for row in safe.rows for cell in cells_of(safe, row))
        yield Counted(about.title, hidden, numbers)
