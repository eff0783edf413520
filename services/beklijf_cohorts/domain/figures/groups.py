"""Who answered in the end against who did not, wherever both can be seen (M18, M31); and the treatment years against each other."""

from __future__ import annotations

from functools import lru_cache

from beklijf_cohorts.domain.cells import GROUPS, grids
from beklijf_cohorts.domain.comparison import anova, difference, mann_whitney, standardised, student, welch
from beklijf_cohorts.domain.figures.source import Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.figures.trajectories import size
from beklijf_cohorts.domain.statistics import Number, mean, moments, standard_deviation

RESPONDERS, NON_RESPONDERS, _ = GROUPS
Histogram = tuple[tuple[str, int], ...]
"""Values as decimal text with how many have them, sorted."""


def figure(source: Source) -> Figure:
    """Student's t carries the mark, Welch's stands beside it. Differences are non-responders minus responders. The last moment is left
    out: only responders answered there."""
    rows = []
    for stratum in source.strata("v"):
        instrument, measure, moment = stratum
        if moment != source.plan.last:
            for year in source.years:
                about = {"year": year, "instrument": instrument, "measure": measure, "moment": moment}
                rows.append(_row(source, year, (instrument, measure, moment), about))
    denominator = "n of each group: episodes with a scorable answer at the moment"
    return Figure("groups", "completed, responders against non-responders", denominator, tuple(rows), ())


def _row(source: Source, year: str, stratum: tuple[str, str, str], about: dict[str, str]) -> Row:
    sizes = {group: size(source, "v", year, group, stratum) for group in (RESPONDERS, NON_RESPONDERS)}
    entries: dict[str, Entry] = {}
    for group, count in sizes.items():
        entries[f"{group}-n"] = count
        for what, number in _described(_histogram(source, year, group, stratum)).items():
            entries[f"{group}-{what}"] = Derived(number, (count.name,))
    found = _compared(*(_histogram(source, year, group, stratum) for group in (NON_RESPONDERS, RESPONDERS)))
    rests_on = tuple(count.name for count in sizes.values())
    entries.update({what: Derived(number, rests_on) for what, number in found.items()})
    return Row(about, entries)


def _histogram(source: Source, year: str, group: str, stratum: tuple[str, str, str]) -> Histogram:
    return tuple(sorted(source.row("v", year, group, *stratum).items()))


@lru_cache(maxsize=1024)
def _described(histogram: Histogram) -> dict[str, Number]:
    (on_grid,) = grids((dict(histogram),))
    of = moments(on_grid.counts)
    return {"mean": mean(of, on_grid.scale), "sd": standard_deviation(of, on_grid.scale)}


@lru_cache(maxsize=512)
def _compared(first: Histogram, second: Histogram) -> dict[str, Number]:
    one, other = grids((dict(first), dict(second)))
    of, against = moments(one.counts), moments(other.counts)
    equal, unequal, ranks = student(of, against), welch(of, against), mann_whitney(one.counts, other.counts)
    return {
        "difference": difference(of, against, one.scale),
        "t": equal.statistic,
        "df": equal.degrees[0],
        "p": equal.p,
        "significant": equal.significant,
        "welch-t": unequal.statistic,
        "welch-df": unequal.degrees[0],
        "welch-p": unequal.p,
        "smd": standardised(of, against),
        "mann-whitney-p": ranks.p,
    }


def between_years(source: Source) -> Figure:
    """One-way analysis of variance over the treatment years, group by group (M31)."""
    rows = []
    for instrument, measure, moment in source.strata("v"):
        for group in source.groups:
            sizes = [size(source, "v", year, group, (instrument, measure, moment)) for year in source.inner_years]
            if any(count.value for count in sizes):
                histograms = [_histogram(source, year, group, (instrument, measure, moment)) for year in source.inner_years]
                whole = size(source, "v", source.years[-1], group, (instrument, measure, moment))
                rests_on = tuple(count.name for count in (*sizes, whole))
                entries: dict[str, Entry] = {"n": whole, "years": Derived(sum(bool(count.value) for count in sizes), rests_on)}
                entries.update({what: Derived(number, rests_on) for what, number in _between(*histograms).items()})
                rows.append(Row({"group": group, "instrument": instrument, "measure": measure, "moment": moment}, entries))
    return Figure("between-years", "completed, by group", "episodes with a scorable answer at the moment", tuple(rows), ())


@lru_cache(maxsize=512)
def _between(*histograms: Histogram) -> dict[str, Number]:
    found = anova([moments(one.counts) for one in grids([dict(each) for each in histograms])])
    return {
        "f": found.statistic,
        "df-between": found.degrees[0],
        "df-within": found.degrees[1],
        "p": found.p,
        "significant": found.significant,
    }
