"""Does it last: improved at the first follow-up, at the last, at both or never (M27), with McNemar's exact test on who changed."""

from __future__ import annotations

from beklijf_cohorts.domain.cells import ALL
from beklijf_cohorts.domain.disclosure import Dimension, Table, block
from beklijf_cohorts.domain.figures.response import rate
from beklijf_cohorts.domain.figures.source import Count, Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.statistics import mcnemar
from beklijf_domain.states import LASTING


def figure(source: Source) -> Figure:
    """Among episodes with a verdict at the first and at the last follow-up; whoever has the last is a responder."""
    rows, tables = [], []
    for instrument, rule in source.strata("l"):
        names, counts = {}, {}
        for year in source.years:
            found = source.row("l", year, ALL, instrument, rule)
            entries: dict[str, Count] = {how: Count(f"l|{year}|{instrument}|{rule}|{how}", found.get(how, 0)) for how in LASTING}
            entries["n"] = Count(f"l|{year}|{instrument}|{rule}|n", sum(found.values()))
            for how, count in entries.items():
                names[year, how] = count.name
                counts[count.name] = count.value
            rows.append(Row({"year": year, "instrument": instrument, "rule": rule}, _numbers(entries), entries["n"]))
        lines = block((source.year_dimension(), Dimension(LASTING, "n", about_answers=True, denominator=True)), names)
        tables.append(Table(lines, counts))
    return Figure("lasting", "completed, judged at the first and the last follow-up", "n", tuple(rows), tuple(tables))


def _numbers(counts: dict[str, Count]) -> dict[str, Entry]:
    """The share that lasts is taken of those who had improved at the first follow-up."""
    sustained, relapsed, late = counts["sustained"], counts["relapsed"], counts["late"]
    rests_on = tuple(count.name for count in counts.values())
    entries: dict[str, Entry] = {"n": counts["n"], **{how: counts[how] for how in LASTING}}
    entries.update(rate("share", sustained.value, sustained.value + relapsed.value, rests_on))
    entries["p"] = Derived(mcnemar(relapsed.value, late.value), rests_on)
    return entries
