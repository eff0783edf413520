"""Answers that are categories: how often each was given, care before and after, and one question against another at a later moment.

Which questions, and which categories stand for one another, is data of the cohort (`beklijf_domain.crossing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from beklijf_cohorts.domain.cells import ALL, GROUPS, NOT_ANSWERED
from beklijf_cohorts.domain.comparison import mark
from beklijf_cohorts.domain.disclosure import Dimension, Line, Table, block
from beklijf_cohorts.domain.figures.source import Count, Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.statistics import mcnemar, share
from beklijf_domain.crossing import Crossing, Groupings, Tally

ANY = "any"
ANSWERED = "answered"
WAYS = ("neither", "started", "stopped", "both")
"""No use before and some after, and so on; `started` and `stopped` are the discordant pairs of McNemar's test."""

At = tuple[str, str, str]
"""Year; group, or category of the row; category."""


def tallied(source: Source, tally: Tally) -> Figure:
    """Counts and shares of those who answered the question, by category; `any` is every category but the first (M29)."""
    rows: list[Row] = []
    tables = []
    for moment in source.plan.protocol.moments:
        if tally.instrument in source.plan.instruments(moment):
            for measure, codes in source.plan.categories(tally.instrument).items():
                stratum, sums = (tally.instrument, measure, moment.code), {ANY: codes[1:], **tally.groupings.get(measure, {})}
                found = _tally(source, stratum, codes, sums)
                rows += _tally_rows(source, stratum, (*codes, *sums), found)
                tables.append(_tally_table(source, codes, sums, found))
    return Figure(tally.figure, "completed, by group", "n: episodes that answered the question", tuple(rows), tuple(tables))


def _tally(source: Source, stratum: tuple[str, str, str], codes: tuple[str, ...], sums: Groupings) -> dict[At, Count]:
    found = {}
    for year in source.years:
        for group in (*GROUPS, ALL):
            given = source.row("k", year, group, *stratum)
            of = {code: given.get(code, 0) for code in codes}
            of.update({name: sum(of[code] for code in parts) for name, parts in sums.items()})
            of["n"] = sum(of[code] for code in codes)
            for code, count in of.items():
                found[year, group, code] = Count("|".join(("k", year, group, *stratum, code)), count)
    return found


def _tally_rows(source: Source, stratum: tuple[str, str, str], shown: tuple[str, ...], found: Mapping[At, Count]) -> Iterator[Row]:
    for group, year in _apart(source):
        n = found[year, group, "n"]
        for code in shown:
            count = found[year, group, code]
            about = {"group": group, "year": year, "moment": stratum[2], "question": stratum[1], "code": code}
            yield Row(about, {"count": count, "n": n, "share": Derived(share(count.value, n.value), (count.name, n.name))}, n)


def _apart(source: Source) -> Iterator[tuple[str, str]]:
    """Everybody by year, and the groups over all years: both at once would be many rows of few."""
    for group in source.groups:
        for year in source.years:
            if ALL in (group, year):
                yield group, year


def _tally_table(source: Source, codes: tuple[str, ...], sums: Groupings, found: Mapping[At, Count]) -> Table:
    lines = []
    for year, group, _ in [at for at in found if at[2] == "n"]:
        first, rest, n = (found[year, group, code].name for code in (codes[0], ANY, "n"))
        lines.append(Line((first, rest), n, about_answers=True))
    return _table(source, codes, sums, found, lines)


def _table(source: Source, parts: tuple[str, ...], sums: Groupings, found: Mapping[At, Count], more: Iterable[Line] = ()) -> Table:
    """Years x groups x `parts`, which add up to n; and years x groups of what sums some of them. Where n is 0 there is nothing to hide."""
    names = {at: count.name for at, count in found.items()}
    dimensions = (source.year_dimension(), Dimension(GROUPS, ALL))
    lines = [*block((*dimensions, Dimension(parts, "n", about_answers=True, denominator=True)), names), *more]
    empty = set()
    for name, summed in sums.items():
        at = {(year, group): names[year, group, name] for year in source.years for group in (*GROUPS, ALL)}
        lines += block(dimensions, at)
        lines += [Line(tuple(names[(*place, part)] for part in summed), total) for place, total in at.items()]
        empty |= {total for place, total in at.items() if not found[(*place, "n")].value}
    virtual = frozenset(count.name for at, count in found.items() if at[1] == GROUPS[2])
    return Table(tuple(lines), {count.name: count.value for count in found.values()}, virtual, frozenset(empty))


def before_and_after(source: Source, tally: Tally) -> Figure:
    """Any use at baseline and later, of the same episodes, with McNemar's exact test on who started and who stopped (M33)."""
    rows: list[Row] = []
    tables = []
    for asked in source.plan.asked:
        if tally.instrument in asked.coded:
            for measure, codes in source.plan.categories(tally.instrument).items():
                found = _changed(source, (tally.instrument, measure, asked.moment), codes)
                rows += _changed_rows(source, measure, asked.moment, found)
                tables.append(_table(source, WAYS, {"before": ("stopped", "both"), "after": ("started", "both")}, found))
    denominator = "n: episodes that answered the question at baseline and at the moment"
    return Figure(f"{tally.figure}-change", "completed, by group", denominator, tuple(rows), tuple(tables))


def _changed(source: Source, stratum: tuple[str, str, str], codes: tuple[str, ...]) -> dict[At, Count]:
    found = {}
    for year in source.years:
        for group in (*GROUPS, ALL):
            of = dict.fromkeys(WAYS, 0)
            for before in codes:
                for after, count in source.row("b", year, group, *stratum, before).items():
                    of[WAYS[2 * (before != codes[0]) + (after != codes[0])]] += count
            of["n"] = sum(of.values())
            of.update({"before": of["stopped"] + of["both"], "after": of["started"] + of["both"]})
            for way, count in of.items():
                found[year, group, way] = Count("|".join(("b", year, group, *stratum, way)), count)
    return found


def _changed_rows(source: Source, measure: str, moment: str, found: Mapping[At, Count]) -> Iterator[Row]:
    for group, year in _apart(source):
        of = {way: found[year, group, way] for way in ("n", "before", "after", *WAYS)}
        n, rests_on = of["n"], tuple(of[way].name for way in ("n", *WAYS))
        p = mcnemar(of["stopped"].value, of["started"].value)
        entries: dict[str, Entry] = {
            **of,
            "before-share": Derived(share(of["before"].value, n.value), (of["before"].name, n.name)),
            "after-share": Derived(share(of["after"].value, n.value), (of["after"].name, n.name)),
            "p": Derived(p, rests_on),
            "significant": Derived(mark(p), rests_on),
        }
        yield Row({"group": group, "year": year, "moment": moment, "question": measure}, entries, n)


def crossed(source: Source, crossing: Crossing) -> Figure:
    """A cross-tab with its margins. Row `all`: whoever answered the first question; column `any`: whether or not the second was answered.
    A share is of those in its row who answered both; that of `any`, of all who answered the first."""
    shown = _Crossed(source, crossing)
    denominator = "n: episodes of the row that answered both questions; in column any: that answered the first"
    population = f"completed, {crossing.group}"
    return Figure(crossing.figure, population, denominator, tuple(shown.rows()), (shown.table(),))


class _Crossed:
    """One cross-tab: its counts by year, row and column, groupings and margins included."""

    def __init__(self, source: Source, crossing: Crossing) -> None:
        self._source, self._crossing = source, crossing
        (self._row_codes,) = source.plan.categories(crossing.rows.instrument).values()
        (self._column_codes,) = source.plan.categories(crossing.columns.instrument).values()
        self._row_sums: Groupings = {**crossing.rows.groupings, ALL: self._row_codes}
        self._column_sums: Groupings = {**crossing.columns.groupings, ANSWERED: self._column_codes}
        self._counts: dict[At, Count] = {}
        for year in source.years:
            self._count(year)

    def _count(self, year: str) -> None:
        crossing, whole = self._crossing, (*self._column_codes, NOT_ANSWERED)
        of = {}
        for row in (*self._row_codes, NOT_ANSWERED):
            found = self._source.row("x", year, crossing.group, crossing.figure, row)
            of.update({(row, column): found.get(column, 0) for column in whole})
        of.update({(name, column): sum(of[row, column] for row in rows) for name, rows in self._row_sums.items() for column in whole})
        for row in (*self._row_codes, NOT_ANSWERED, *self._row_sums):
            for name, columns in {**self._column_sums, ANY: whole}.items():
                of[row, name] = sum(of[row, column] for column in columns)
        for (row, column), count in of.items():
            self._counts[year, row, column] = Count(f"x|{year}|{crossing.group}|{crossing.figure}|{row}|{column}", count)

    def rows(self) -> Iterator[Row]:
        rows, columns = self._crossing.rows, self._crossing.columns
        for year in self._source.years:
            everybody = self._counts[year, ALL, ANY]
            for row in (*self._row_codes, *self._row_sums, NOT_ANSWERED):
                for column in (*self._column_codes, *columns.groupings, ANY, NOT_ANSWERED):
                    count = self._counts[year, row, column]
                    about = {"year": year, rows.moment: row, columns.moment: column}
                    yield Row(about, {"count": count, **self._share(year, row, column)}, everybody)

    def _share(self, year: str, row: str, column: str) -> dict[str, Entry]:
        """Nobody's share is that of a question left open, and that of those who left the first open is no share of those who did not."""
        if column == NOT_ANSWERED or (row == NOT_ANSWERED and column == ANY):
            return {}
        count = self._counts[year, row, column]
        n = self._counts[year, ALL, ANY] if column == ANY else self._counts[year, row, ANSWERED]
        return {"n": n, "share": Derived(share(count.value, n.value), (count.name, n.name))}

    def table(self) -> Table:
        names = {at: count.name for at, count in self._counts.items()}
        rows, columns = (*self._row_codes, NOT_ANSWERED, *self._row_sums), (*self._column_codes, NOT_ANSWERED, *self._column_sums, ANY)
        lines = [
            Line(tuple(names[year, row, column] for year in self._source.inner_years), names[ALL, row, column])
            for row in rows
            for column in columns
        ]
        for year in self._source.years:
            for row in rows:
                lines.append(Line((names[year, row, ANSWERED], names[year, row, NOT_ANSWERED]), names[year, row, ANY]))
                for name, parts in self._column_sums.items():
                    lines.append(_answers([names[year, row, part] for part in parts], names[year, row, name], whole=name == ANSWERED))
            for column in columns:
                for name, parts in self._row_sums.items():
                    lines.append(_answers([names[year, part, column] for part in parts], names[year, name, column], whole=name == ALL))
        return Table(tuple(lines), {count.name: count.value for count in self._counts.values()})


def _answers(parts: list[str], total: str, *, whole: bool) -> Line:
    """All categories of a question add up to its answers; a grouping is only a sum."""
    return Line(tuple(parts), total, about_answers=whole, denominator=whole)
