"""Response by sex at every moment (M21): shares of all those invited, so that the sexes add up to the response."""

from __future__ import annotations

from functools import lru_cache

from beklijf_cohorts.domain.cells import ALL
from beklijf_cohorts.domain.comparison import ChiSquared, chi_squared
from beklijf_cohorts.domain.disclosure import Dimension, Line, Table, block
from beklijf_cohorts.domain.figures.source import Count, Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.statistics import share

SEXES = ("female", "male", "other", "unknown")
COMPARED = SEXES[:2]
"""Other and unknown count in totals, not in the test (M21)."""

Both = tuple[Count, Count]
"""Responded, and not (awaiting or no response); together those invited."""


def figure(source: Source) -> Figure:
    """The row `all` has the test of sex by response: Pearson's chi-squared of women and men (M33)."""
    rows, tables = [], []
    for moment in source.plan.protocol.moments:
        found = {(year, sex): _both(source, year, moment.code, sex) for year in source.years for sex in (*SEXES, ALL)}
        for year in source.years:
            tested = _test({sex: found[year, sex] for sex in COMPARED})
            for sex in (*SEXES, ALL):
                entries = _shares(found[year, sex], found[year, ALL]) | (tested if sex == ALL else {})
                about = {"year": year, "moment": moment.code, "sex": sex}
                responded, silent = found[year, sex]
                rows.append(Row(about, entries, responded if responded.value else silent))
        tables.append(_table(source, moment.code, found))
    return Figure("response-by-sex", "completed", "invited: responded + not responded, of all sexes", tuple(rows), tuple(tables))


def _both(source: Source, year: str, moment: str, sex: str) -> Both:
    found = source.row("m", year, moment) if sex == ALL else source.row("s", year, moment, sex)
    name = f"m|{year}|{moment}" if sex == ALL else f"s|{year}|{moment}|{sex}"
    silent = found.get("awaiting", 0) + found.get("no-response", 0)
    return Count(f"{name}|responded", found.get("responded", 0)), Count(f"{name}|silent", silent)


def _shares(own: Both, everybody: Both) -> dict[str, Entry]:
    responded, silent = own
    invited, whole = responded.value + silent.value, sum(count.value for count in everybody)
    mine, all_of = (responded.name, silent.name), tuple(count.name for count in everybody)
    return {
        "invited": Derived(invited, mine),
        "responded": responded,
        "not-responded": silent,
        "invited-share": Derived(share(invited, whole), mine + all_of),
        "responded-share": Derived(share(responded.value, whole), (responded.name, *all_of)),
        "rate": Derived(share(responded.value, invited), mine),
    }


def _test(found: dict[str, Both]) -> dict[str, Entry]:
    rests_on = tuple(count.name for both in found.values() for count in both)
    tested = _chi_squared(tuple((responded.value, silent.value) for responded, silent in found.values()))
    return {
        "chi-squared": Derived(tested.test.statistic, rests_on),
        "df": Derived(tested.test.degrees[0], rests_on),
        "p": Derived(tested.test.p, rests_on),
        "least-expected": Derived(tested.least_expected, rests_on),
    }


@lru_cache(maxsize=256)
def _chi_squared(table: tuple[tuple[int, int], ...]) -> ChiSquared:
    return chi_squared(table)


def _table(source: Source, moment: str, found: dict[tuple[str, str], Both]) -> Table:
    """Years x sexes, of those who responded and of those who did not; and the latter are those awaited and those silent.
    A sex that nobody has is a denominator of 0, and hides nothing (M37)."""
    counts = {count.name: count.value for both in found.values() for count in both}
    empty = frozenset(count.name for (_, sex), both in found.items() for count in both if sex != ALL and not both[0].value + both[1].value)
    lines: list[Line] = []
    for place in range(2):
        names = {at: both[place].name for at, both in found.items()}
        lines += block((source.year_dimension(), Dimension(SEXES, ALL, denominator=True)), names)
    for year in source.years:
        parts = [Count(f"m|{year}|{moment}|{state}", source.row("m", year, moment).get(state, 0)) for state in ("awaiting", "no-response")]
        counts.update({part.name: part.value for part in parts})
        lines.append(Line(tuple(part.name for part in parts), found[year, ALL][1].name))
    return Table(tuple(lines), counts, empty=empty)
