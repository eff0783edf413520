"""Response at every moment, and of every instrument (M16 to M18). The ways to be missing are kept apart."""

from __future__ import annotations

from collections.abc import Iterable

from beklijf_cohorts.domain.cells import MOMENT_STATES
from beklijf_cohorts.domain.disclosure import Dimension, Line, Table, block
from beklijf_cohorts.domain.figures.source import Count, Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.statistics import share, wilson

DUE = ("responded", "awaiting", "no-response")


def figure(source: Source) -> Figure:
    """By moment: the states of the cohort, and the response rate of those due; beside it that of closed windows (M17)."""
    rows, tables = [], []
    for moment in source.plan.protocol.moments:
        names, counts, own = _states(source, "m", (moment.code,))
        for year in source.years:
            entries = _entries(year, names, counts)
            entries.update(_rate(entries))
            entries.update(_closed_rate(source, year, moment.code, entries))
            rows.append(Row({"year": year, "moment": moment.code}, entries))
        tables.append(own)
        tables.append(_closed_table(source, moment.code, counts))
    return Figure("response", "completed", "due: responded + awaiting + no-response", tuple(rows), tuple(tables))


def by_instrument(source: Source) -> Figure:
    """The same states for each instrument separately; a moment responded makes each of its instruments due (M16, M17)."""
    rows, tables = [], []
    for moment in source.plan.protocol.moments:
        for instrument in source.plan.instruments(moment):
            names, counts, own = _states(source, "i", (moment.code, instrument))
            for year in source.years:
                stratum = {"year": year, "moment": moment.code, "instrument": instrument}
                rows.append(Row(stratum, _entries(year, names, counts)))
            tables.append(own)
    return Figure("response-instruments", "completed", "cohort", tuple(rows), tuple(tables))


def _states(source: Source, kind: str, stratum: tuple[str, ...]) -> tuple[dict[tuple[str, ...], str], dict[str, int], Table]:
    """The block years x states of one stratum; its totals are the cohort of each year."""
    names: dict[tuple[str, ...], str] = {}
    counts: dict[str, int] = {}
    for year in source.years:
        found = source.row(kind, year, *stratum)
        for state in MOMENT_STATES:
            names[year, state] = "|".join((kind, year, *stratum, state))
            counts[names[year, state]] = found.get(state, 0)
        cohort = source.cohort(year)
        names[year, "cohort"] = cohort.name
        counts[cohort.name] = cohort.value
    lines = block((source.year_dimension(), Dimension(MOMENT_STATES, "cohort", denominator=True)), names)
    empty = frozenset(names[year, "awaiting"] for year in source.years if not open_windows(source, year, stratum[0]))
    return names, counts, Table(lines, counts, empty=empty)


def _entries(year: str, names: dict[tuple[str, ...], str], counts: dict[str, int]) -> dict[str, Entry]:
    return {state: Count(names[year, state], counts[names[year, state]]) for state in ("cohort", *MOMENT_STATES)}


def _rate(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Responded of those due, with Wilson's interval."""
    parts = _counts(entries[state] for state in DUE)
    due, rests_on = sum(part.value for part in parts), tuple(part.name for part in parts)
    return {"due": Derived(due, rests_on), **rate("rate", parts[0].value, due, rests_on)}


def rate(name: str, part: int, whole: int, rests_on: tuple[str, ...]) -> dict[str, Entry]:
    """A share with its interval, as three numbers: `name`, `name`-low, `name`-high."""
    low, high = wilson(part, whole)
    return {name: Derived(share(part, whole), rests_on), f"{name}-low": Derived(low, rests_on), f"{name}-high": Derived(high, rests_on)}


def _closed_rate(source: Source, year: str, moment: str, entries: dict[str, Entry]) -> dict[str, Entry]:
    """Responded of those whose window has closed: nobody is still awaited there."""
    responded, (silent,) = _closed(source, year, moment), _counts((entries["no-response"],))
    closed, rests_on = responded.value + silent.value, (responded.name, silent.name)
    return {"closed": Derived(closed, rests_on), **rate("closed-rate", responded.value, closed, rests_on)}


def _closed(source: Source, year: str, moment: str) -> Count:
    return Count(f"m|{year}|{moment}|responded-closed", source.row("m", year, moment).get("responded-closed", 0))


def _closed_table(source: Source, moment: str, counts: dict[str, int]) -> Table:
    """Responded while the window is still open follows by subtraction, so it is protected too. Where no window is open, nobody could
    be awaited: that is a denominator of 0, and hides nothing (M37)."""
    lines, known, virtual, empty = [], {}, [], set[str]()
    for year in source.years:
        closed, still_open, responded = _closed(source, year, moment), f"m|{year}|{moment}|responded-open", f"m|{year}|{moment}|responded"
        known.update({closed.name: closed.value, still_open: counts[responded] - closed.value, responded: counts[responded]})
        virtual.append(still_open)
        if not open_windows(source, year, moment):
            empty.add(still_open)
        lines.append(Line((closed.name, still_open), responded))
    names = [[f"m|{year}|{moment}|{state}" for year in source.inner_years] for state in ("responded-closed", "responded-open")]
    lines += [Line(tuple(parts), parts[0].replace(f"|{source.inner_years[0]}|", "|all|", 1)) for parts in names]
    return Table(tuple(lines), known, frozenset(virtual), frozenset(empty))


def open_windows(source: Source, year: str, moment: str) -> int:
    """How many episodes have an open window: awaited, or responded already."""
    found = source.row("m", year, moment)
    return found.get("awaiting", 0) + found.get("responded", 0) - found.get("responded-closed", 0)


def _counts(entries: Iterable[Entry]) -> tuple[Count, ...]:
    return tuple(entry for entry in entries if isinstance(entry, Count))
