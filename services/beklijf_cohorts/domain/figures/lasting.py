"""Does it last: improved, or in an acceptable state, at the first follow-up, at the last, at both or never (M27), with McNemar's exact
test on who changed."""

from __future__ import annotations

from beklijf_cohorts.domain.cells import ALL, GROUPS
from beklijf_cohorts.domain.comparison import mark
from beklijf_cohorts.domain.disclosure import Dimension, Table, block
from beklijf_cohorts.domain.figures.response import rate
from beklijf_cohorts.domain.figures.source import Count, Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.statistics import mcnemar
from beklijf_domain.states import LASTING


def figure(source: Source) -> Figure:
    """Among episodes with a verdict at the first and at the last follow-up, by group; who has one at the last moment is a responder."""
    rows, tables = [], []
    for instrument, rule in source.strata("l"):
        found = {(year, group): _counts(source, year, group, (instrument, rule)) for year in source.years for group in (*GROUPS, ALL)}
        for group in source.groups:
            for year in source.years:
                about = {"group": group, "year": year, "instrument": instrument, "rule": rule}
                rows.append(Row(about, _numbers(found[year, group]), found[year, group]["n"]))
        tables.append(_table(source, found))
    denominator = "n; share lasting of sustained + relapsed"
    return Figure("lasting", "completed, judged at the first and the last follow-up", denominator, tuple(rows), tuple(tables))


def _counts(source: Source, year: str, group: str, stratum: tuple[str, str]) -> dict[str, Count]:
    found = source.row("l", year, group, *stratum)
    name = "|".join(("l", year, group, *stratum))
    return {"n": Count(f"{name}|n", sum(found.values())), **{how: Count(f"{name}|{how}", found.get(how, 0)) for how in LASTING}}


def _table(source: Source, found: dict[tuple[str, str], dict[str, Count]]) -> Table:
    names = {(year, group, how): count.name for (year, group), of in found.items() for how, count in of.items()}
    counts = {count.name: count.value for of in found.values() for count in of.values()}
    virtual = frozenset(name for (_, group, _), name in names.items() if group == GROUPS[2])
    lasting = Dimension(LASTING, "n", about_answers=True, denominator=True)
    return Table(block((source.year_dimension(), Dimension(GROUPS, ALL), lasting), names), counts, virtual)


def _numbers(counts: dict[str, Count]) -> dict[str, Entry]:
    """The share that lasts is taken of those who had improved, or were in an acceptable state, at the first follow-up."""
    sustained, relapsed, late = counts["sustained"], counts["relapsed"], counts["late"]
    rests_on = tuple(count.name for count in counts.values())
    entries: dict[str, Entry] = {**counts}
    entries.update(rate("share", sustained.value, sustained.value + relapsed.value, rests_on))
    p = mcnemar(relapsed.value, late.value)
    return entries | {"p": Derived(p, rests_on), "significant": Derived(mark(p), rests_on)}
