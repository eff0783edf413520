"""For whom it was enough: the state of every pair (M19), and rule by rule its verdict on the change or on what was reached (PASS), with the
worst and best bounds (M25, M28)."""

from __future__ import annotations

from beklijf_cohorts.domain.cells import ALL, GROUPS, PAIR_STATES
from beklijf_cohorts.domain.disclosure import Dimension, Table, block
from beklijf_cohorts.domain.figures.response import open_windows, rate
from beklijf_cohorts.domain.figures.source import Count as CountOf
from beklijf_cohorts.domain.figures.source import Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.statistics import share
from beklijf_domain.states import STATE_VERDICTS, VERDICTS

WITHOUT_VERDICT = ("awaiting", "no-response", "not-scorable", "no-baseline")
"""Eligible and due, and no verdict (M28)."""

Stratum = tuple[str, str]
"""Instrument and moment."""


def pairs(source: Source) -> Figure:
    """Every pair of the cohort is in one state; those paired are judged by the rules."""
    rows, tables = [], []
    for stratum in _strata(source):
        for year in source.years:
            size = source.cohort(year)
            entries: dict[str, Entry] = {"episodes": size}
            entries.update({state: _pair(source, year, ALL, stratum, state) for state in PAIR_STATES})
            rows.append(Row({"year": year, "instrument": stratum[0], "moment": stratum[1]}, entries, size))
        tables.append(_pair_table(source, stratum))
    return Figure("pairs", "completed", "episodes", tuple(rows), tuple(tables))


def figure(source: Source) -> Figure:
    """Verdicts of every rule of changes. n = pairs with a verdict or not evaluable; complete cases, so bounds stand beside the share."""
    rows, tables = [], []
    for *pair, rule in source.strata("d"):
        stratum = (pair[0], pair[1])
        if rule in source.plan.of_states:
            continue  # `acceptable` tells of these
        for group in source.groups:
            for year in source.years:
                n = _judged(source, year, group, stratum, rule)
                about = {"group": group, "year": year, "instrument": stratum[0], "moment": stratum[1], "rule": rule}
                rows.append(Row(about, _verdicts(source, year, group, stratum, rule, n), n))
        tables.append(_verdict_table(source, stratum, rule, VERDICTS))
    denominator = "n: pairs judged; share of improved + unchanged + deteriorated"
    return Figure("mcic", "completed, by group", denominator, tuple(rows), tuple(tables))


def acceptable(source: Source) -> Figure:
    """Verdicts of every rule of states, of the pairs that the rules of changes judge too: so they can be read side by side."""
    rows, tables = [], []
    for instrument, moment, rule in source.strata("d"):
        if rule in source.plan.of_states:
            stratum = (instrument, moment)
            for group in source.groups:
                for year in source.years:
                    n = _judged(source, year, group, stratum, rule)
                    about = {"group": group, "year": year, "instrument": instrument, "moment": moment, "rule": rule}
                    rows.append(Row(about, _states(source, year, group, stratum, rule, n), n))
            tables.append(_verdict_table(source, stratum, rule, STATE_VERDICTS))
    return Figure("acceptable", "completed, by group", "n: pairs judged", tuple(rows), tuple(tables))


def _strata(source: Source) -> list[Stratum]:
    return [(instrument, asked.moment) for asked in source.plan.asked for instrument in asked.paired]


def _pair(source: Source, year: str, group: str, stratum: Stratum, state: str) -> CountOf:
    return CountOf("|".join(("p", year, group, *stratum, state)), source.row("p", year, group, *stratum).get(state, 0))


def _judged(source: Source, year: str, group: str, stratum: Stratum, rule: str) -> CountOf:
    """How many pairs a rule judged: the pairs themselves, under their name, unless the rule says nothing of some."""
    total, paired = sum(source.row("d", year, group, *stratum, rule).values()), _pair(source, year, group, stratum, "paired")
    return paired if total == paired.value else CountOf("|".join(("d", year, group, *stratum, rule, "n")), total)


def _verdict(source: Source, year: str, group: str, stratum: Stratum, rule: str, verdict: str) -> CountOf:
    found = source.row("d", year, group, *stratum, rule)
    return CountOf("|".join(("d", year, group, *stratum, rule, verdict)), found.get(verdict, 0))


def _verdicts(source: Source, year: str, group: str, stratum: Stratum, rule: str, n: CountOf) -> dict[str, Entry]:
    counts: dict[str, CountOf] = {verdict: _verdict(source, year, group, stratum, rule, verdict) for verdict in VERDICTS}
    evaluable = n.value - counts["not-evaluable"].value
    rests_on = (n.name, counts["improved"].name, counts["not-evaluable"].name)
    entries: dict[str, Entry] = {"n": n, **counts, **rate("share", counts["improved"].value, evaluable, rests_on)}
    return entries | (_bounds(source, year, stratum, rule, counts) if group == ALL else {})


def _states(source: Source, year: str, group: str, stratum: Stratum, rule: str, n: CountOf) -> dict[str, Entry]:
    """The same of a state: acceptable or not, and worst and best bounds of everyone (M28)."""
    counts: dict[str, CountOf] = {verdict: _verdict(source, year, group, stratum, rule, verdict) for verdict in STATE_VERDICTS}
    acceptable = counts["acceptable"]
    entries: dict[str, Entry] = {"n": n, **counts, **rate("share", acceptable.value, n.value, (n.name, acceptable.name))}
    if group != ALL:
        return entries
    missing = [_pair(source, year, ALL, stratum, state) for state in WITHOUT_VERDICT]
    without = sum(count.value for count in missing)
    rests_on = tuple(count.name for count in (n, *counts.values(), *missing))
    worst, best = (share(acceptable.value + more, n.value + without) for more in (0, without))
    return entries | {"worst": Derived(worst, rests_on), "best": Derived(best, rests_on)}


def _bounds(source: Source, year: str, stratum: Stratum, rule: str, counts: dict[str, CountOf]) -> dict[str, Entry]:
    """All without verdict not improved, and all improved (M28): of the whole cohort, as responders are not missing.

    Who has no verdict and a baseline of zero is in neither bound where the rule could not have judged it.
    """
    missing = [_pair(source, year, ALL, stratum, state) for state in WITHOUT_VERDICT]
    zero = _baseline_zero(source, year, ALL, stratum)
    without = sum(count.value for count in missing) - (zero.value if source.plan.excludes_zero(rule, stratum[0]) else 0)
    improved = counts["improved"].value
    whole = without + sum(counts[verdict].value for verdict in VERDICTS if verdict != "not-evaluable")
    rests_on = tuple(count.name for count in (*counts.values(), *missing, zero))
    return {"worst": Derived(share(improved, whole), rests_on), "best": Derived(share(improved + without, whole), rests_on)}


def _baseline_zero(source: Source, year: str, group: str, stratum: Stratum) -> CountOf:
    return CountOf("|".join(("z", year, group, *stratum, "zero")), source.row("z", year, group, *stratum).get("zero", 0))


def _pair_table(source: Source, stratum: Stratum) -> Table:
    """Years x states. The totals are the cohort, as in flow and response."""
    names, counts, virtual, empty = {}, {}, set(), set()
    for year in source.years:
        found = {state: _pair(source, year, ALL, stratum, state) for state in PAIR_STATES}
        if not open_windows(source, year, stratum[1]):
            empty.add(found["awaiting"].name)
        found["episodes"] = source.cohort(year)
        for state, count in found.items():
            names[year, state] = count.name
            counts[count.name] = count.value
        zero = _baseline_zero(source, year, ALL, stratum)
        counts[zero.name] = zero.value
        virtual.add(zero.name)  # published nowhere, but the bounds would show it
    states = Dimension(PAIR_STATES, "episodes", denominator=True)
    return Table(block((source.year_dimension(), states), names), counts, frozenset(virtual), frozenset(empty))


def _verdict_table(source: Source, stratum: Stratum, rule: str, verdicts: tuple[str, ...]) -> Table:
    """Years x groups x verdicts: what people answered, so the complement of a verdict is protected as well (M37)."""
    names, counts, virtual = {}, {}, set()
    for year in source.years:
        for group in (*GROUPS, ALL):
            found: dict[str, CountOf] = {verdict: _verdict(source, year, group, stratum, rule, verdict) for verdict in verdicts}
            found["n"] = _judged(source, year, group, stratum, rule)
            for verdict, count in found.items():
                names[year, group, verdict] = count.name
                counts[count.name] = count.value
                if group == GROUPS[2]:
                    virtual.add(count.name)
    said = Dimension(verdicts, "n", about_answers=True, denominator=True)
    return Table(block((source.year_dimension(), Dimension(GROUPS, ALL), said), names), counts, frozenset(virtual))
