"""Means over time: the values at every moment, and their change from baseline, by group (M18, M21, M26)."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from beklijf_cohorts.domain.cells import ALL, GROUPS, grid
from beklijf_cohorts.domain.comparison import wilcoxon
from beklijf_cohorts.domain.disclosure import Dimension, Table, block
from beklijf_cohorts.domain.figures.source import Count, Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.statistics import Number, mean, mean_interval, moments, quantile, standard_deviation

QUARTILES = {"q1": Fraction(1, 4), "median": Fraction(1, 2), "q3": Fraction(3, 4)}


def figure(source: Source) -> Figure:
    """The scorable values at every moment."""
    return _histograms(source, "trajectories", "v", "episodes with a scorable answer at the moment")


def changes(source: Source) -> Figure:
    """Follow-up minus baseline of the same episode (M26): negative is better where high is worse. Uncontrolled cohort."""
    return _histograms(source, "changes", "c", "episodes with a scorable answer at the moment and at baseline")


def _histograms(source: Source, name: str, kind: str, denominator: str) -> Figure:
    rows, tables = [], []
    for instrument, measure, moment in source.strata(kind):
        stratum = (instrument, measure, moment)
        for group in source.groups:
            rows += [_row(source, kind, year, group, stratum) for year in source.years]
        tables.append(_table(source, kind, stratum))
    return Figure(name, "completed, by group", denominator, tuple(rows), tuple(tables))


def _row(source: Source, kind: str, year: str, group: str, stratum: tuple[str, str, str]) -> Row:
    """The numbers of one histogram."""
    found = source.row(kind, year, group, *stratum)
    instrument, measure, moment = stratum
    count = size(source, kind, year, group, stratum)
    entries: dict[str, Entry] = {"n": count}
    histogram = tuple(sorted(found.items()))
    for what, number in _numbers(histogram).items():
        entries[what] = Derived(number, (count.name,))
    if kind == "c":
        unchanged = _unchanged(source, year, group, stratum)
        entries["unchanged"] = unchanged
        entries["wilcoxon-p"] = Derived(_signed_ranks(histogram), (count.name, unchanged.name))
    return Row({"group": group, "year": year, "instrument": instrument, "measure": measure, "moment": moment}, entries, count)


@lru_cache(maxsize=4096)
def _numbers(histogram: tuple[tuple[str, int], ...]) -> dict[str, Number | int]:
    """Everything derived from one histogram. Cached: between two snapshots few histograms differ."""
    on_grid = grid(dict(histogram))
    of = moments(on_grid.counts)
    low, high = mean_interval(of, on_grid.scale)
    numbers: dict[str, Number | int] = {
        "sum": of.total,
        "squares": of.squares,
        "mean": mean(of, on_grid.scale),
        "mean-low": low,
        "mean-high": high,
        "sd": standard_deviation(of, on_grid.scale),
        **{name: quantile(on_grid.counts, probability, on_grid.scale) for name, probability in QUARTILES.items()},
    }
    return numbers if on_grid.scale == 0 else {"scale": on_grid.scale, **numbers}


@lru_cache(maxsize=4096)
def _signed_ranks(histogram: tuple[tuple[str, int], ...]) -> Number:
    """The p of Wilcoxon's test; who did not change is dropped, so how many they are stands beside it (M33)."""
    return wilcoxon(grid(dict(histogram)).counts).p


def _unchanged(source: Source, year: str, group: str, stratum: tuple[str, ...]) -> Count:
    """How many changed by nothing at all."""
    return Count("|".join(("c", year, group, *stratum, "unchanged")), source.row("c", year, group, *stratum).get("0", 0))


def size(source: Source, kind: str, year: str, group: str, stratum: tuple[str, ...]) -> Count:
    """How many episodes one histogram holds."""
    return Count(_name(kind, year, group, stratum), sum(source.row(kind, year, group, *stratum).values()))


def _name(kind: str, year: str, group: str, stratum: tuple[str, ...]) -> str:
    return "|".join((kind, year, group, *stratum, "n"))


def _table(source: Source, kind: str, stratum: tuple[str, str, str]) -> Table:
    """How many by year and group. Episodes in neither group follow by subtraction, and with them their sum: they are protected too."""
    names = {(year, group): _name(kind, year, group, stratum) for year in source.years for group in (*GROUPS, ALL)}
    counts = {name: sum(source.row(kind, year, group, *stratum).values()) for (year, group), name in names.items()}
    virtual = {name for (_, group), name in names.items() if group == GROUPS[2]}
    dimensions = (source.year_dimension(), Dimension(GROUPS, ALL, denominator=True))
    lines = block(dimensions, names)
    if kind == "c":  # that nothing changed is an answer too
        parts = {}
        for (year, group), name in names.items():
            unchanged = _unchanged(source, year, group, stratum)
            changed = f"{unchanged.name[: -len('unchanged')]}changed"
            parts.update({(year, group, "unchanged"): unchanged.name, (year, group, "changed"): changed, (year, group, "n"): name})
            counts.update({unchanged.name: unchanged.value, changed: counts[name] - unchanged.value})
            virtual |= {changed} | ({unchanged.name} if group == GROUPS[2] else set())
        lines = block((*dimensions, Dimension(("unchanged", "changed"), "n", about_answers=True, denominator=True)), parts)
    return Table(lines, counts, frozenset(virtual))
