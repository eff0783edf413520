"""The study, reproduced: the tables as the article prints them, each printed number beside ours. Compared in `domain/reproduction`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from beklijf_domain.study import Place, Study
from beklijf_reporting import downloads
from beklijf_reporting.domain.reproduction import Found, Look, Reproduction, Result, compare
from beklijf_reporting.language import marked as _
from beklijf_reporting.pages.vocabulary import Names
from beklijf_shared.events import CohortSnapshot, Figure, Missing
from beklijf_shared.figures import cells_of

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How numbers of one printed table lie: what divides them into tables, what their rows are about, and what their columns."""

    table: str
    figures: tuple[str, ...]
    rows: Key
    columns: Key
    apart: Key = ()


LAYOUTS = (
    Layout("1", ("response", "response-by-sex"), ("year",), ("sex",)),
    Layout("2", ("response",), ("year",), ()),
    Layout("2", ("trajectories", "groups"), ("year",), ("group",), ("instrument", "moment")),
    Layout("3", ("mcic",), ("instrument", "moment"), ()),
    Layout("4", ("protocol",), ("moment", "year"), ()),
    Layout("4", ("trajectories",), ("moment", "group"), ("year",), ("instrument",)),
    Layout("5", ("gpe",), ("t1",), ("t4",), ("year",)),
)

TITLES = {
    "1": _("Table 1: who was invited, and who answered"),
    "2": _("Table 2: responders against non-responders"),
    "3": _("Table 3: for how many it was enough"),
    "4": _("Table 4: scores at every moment"),
    "5": _("Table 5: what people say themselves"),
    "text": _("The text and the abstract"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a printed table: its heads, and a result or nothing under each column."""

    heads: tuple[str, ...]
    cells: tuple[Result | None, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One table as the article prints it. `groups`: words over several columns, with how many."""

    caption: str
    heads: tuple[str, ...]
    groups: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One printed table, or what the text says: panels, or a list."""

    name: str
    title: str
    met: int
    total: int
    panels: tuple[Panel, ...]
    listed: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class ReproducedPage:
    """Everything the template needs."""

    snapshot: CohortSnapshot
    study: Study
    reproduction: Reproduction
    parts: tuple[Part, ...]
    contradicted: tuple[Result, ...]
    unmet: tuple[Result, ...]
    words: Callable[[Result], str]


class Studied(NamedTuple):
    """A snapshot, and the study that it is held against."""

    snapshot: CohortSnapshot
    study: Study


def held_against(snapshot: CohortSnapshot, study: Study) -> Reproduction:
    """The comparison itself."""
    return compare(study.printed, looker(snapshot))


def page(snapshot: CohortSnapshot, study: Study, names: Names) -> ReproducedPage:
    """The page of one cohort held against one study."""
    reproduction = held_against(snapshot, study)
    tables = dict.fromkeys(result.printed.table for result in reproduction.results)
    return ReproducedPage(
        snapshot=snapshot,
        study=study,
        reproduction=reproduction,
        parts=tuple(_part(table, [each for each in reproduction.results if each.printed.table == table], names) for table in tables),
        contradicted=tuple(result for result in reproduction.results if result.printed.comparator == "contradicted"),
        unmet=tuple(result for result in reproduction.results if not result.is_met),
        words=lambda result: describe(result.printed.place, names),
    )


def looker(snapshot: CohortSnapshot) -> Look:
    """Finds cells in a snapshot: the one row that is about what the place says (it may be about more)."""
    figures = {figure.name: figure for figure in snapshot.figures}
    indexes: dict[tuple[str, Key], Mapping[Key, list[int]]] = {}

    def look(place: Place) -> Found:
        figure = figures.get(place.figure)
        keys = tuple(place.stratum)
        if figure is None or place.cell not in figure.columns or not set(keys) <= set(figure.strata):
            return Found()
        index = indexes.setdefault((place.figure, keys), _index(figure, keys))
        rows = index.get(tuple(place.stratum.values()), [])
        if len(rows) != 1:
            return Found()
        cell = cells_of(figure, figure.rows[rows[0]])[figure.columns.index(place.cell)]
        return Found(hidden=cell.suppressed) if isinstance(cell, Missing) else Found(str(cell))

    return look


def _index(figure: Figure, keys: Key) -> Mapping[Key, list[int]]:
    """The rows of a figure by some of its strata."""
    places = [figure.strata.index(key) for key in keys]
    index: dict[Key, list[int]] = {}
    for number, row in enumerate(figure.rows):
        index.setdefault(tuple(row.stratum[place] for place in places), []).append(number)
    return index


def describe(place: Place, names: Names) -> str:
    """What a number is about, in words: `Trajectories: responders, 2012, t0 Diagnostics, mean`."""
    parts = [names.of(stratum, code) for stratum, code in place.stratum.items()]
    return ", ".join([*parts, names.label(place.cell)])


def document(snapshot: CohortSnapshot, study: Study) -> dict[str, Any]:
    """The comparison for machines."""
    reproduction = held_against(snapshot, study)
    return {
        "cohort": snapshot.cohort,
        "snapshot": snapshot.version,
        "data_date": snapshot.data_date,
        "definition_hash": snapshot.definition_hash,
        "study": study.code,
        "reproduced": reproduction.met,
        "total": reproduction.total,
        "contradicted": reproduction.count("contradicted"),
        "differs": reproduction.count("differs"),
        "hidden": reproduction.count("hidden"),
        "absent": reproduction.count("absent"),
        "results": [_entry(result) for result in reproduction.results],
    }


def table(snapshot: CohortSnapshot, study: Study) -> str:
    """The comparison as CSV."""
    text = io.StringIO()
    entries = [_entry(result) for result in held_against(snapshot, study).results]
    writer = csv.DictWriter(text, list(entries[0]) if entries else ["id"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({key: downloads.neutral(value or "") for key, value in entry.items()} for entry in entries)
    return downloads.BYTE_ORDER_MARK + text.getvalue()


def _entry(result: Result) -> dict[str, str | None]:
    row = result.printed
    path = "/".join([row.place.figure, *(f"{key}={value}" for key, value in row.place.stratum.items()), row.place.cell])
    return {
        "id": row.id,
        "table": row.table,
        "path": path,
        "unit": row.unit,
        "comparator": row.comparator,
        "printed": row.printed,
        "ours": result.ours,
        "unrounded": result.unrounded,
        "verdict": result.verdict,
        "reason": row.reason or None,
        "source": row.source,
    }


def _part(table: str, results: list[Result], names: Names) -> Part:
    panels: list[Panel] = []
    left = list(results)
    for layout in LAYOUTS:
        if layout.table == table:
            mine = [result for result in left if result.printed.place.figure in layout.figures]
            left = [result for result in left if result not in mine]
            panels += _panels(layout, mine, names)
    met = sum(result.is_met for result in results)
    title = names.language(TITLES.get(table, table))
    return Part(table, title, met, len(results), tuple(panels), tuple(left))


def _panels(layout: Layout, results: list[Result], names: Names) -> list[Panel]:
    divided: dict[Key, list[Result]] = {}
    for result in results:
        divided.setdefault(_key(result, layout.apart), []).append(result)
    return [_panel(layout, key, mine, names) for key, mine in divided.items()]


def _panel(layout: Layout, apart: Key, results: list[Result], names: Names) -> Panel:
    """Rows and columns in the order in which they were first printed."""
    found = {(_key(result, layout.rows), _column(result, layout)): result for result in results}
    rows = list(dict.fromkeys(row for row, _column_ in found))
    columns = _together(column for _row, column in found)
    lines = tuple(Line(_words(layout.rows, row, names), tuple(found.get((row, column)) for column in columns)) for row in rows)
    caption = ", ".join(_words(layout.apart, apart, names)) or names.language(TITLES[layout.table])
    heads = tuple(names.label(stratum) for stratum in layout.rows)
    over = [", ".join(_words(layout.columns, column[:-1], names)) for column in columns]
    groups: list[tuple[str, int]] = []
    for words in over:
        if groups and groups[-1][0] == words:
            groups[-1] = (words, groups[-1][1] + 1)
        else:
            groups.append((words, 1))
    labels = tuple(names.of("t4", column[0]) if layout.columns == ("t4",) else names.label(column[-1]) for column in columns)
    return Panel(caption, heads, () if layout.columns in ((), ("t4",)) else tuple(groups), labels, lines)


def _together(columns: Iterable[Key]) -> list[Key]:
    """Columns that share the words over them stand together; otherwise in the order in which they first come."""
    order = list(dict.fromkeys(columns))
    over = list(dict.fromkeys(column[:-1] for column in order))
    return sorted(order, key=lambda column: (over.index(column[:-1]), order.index(column)))


def _key(result: Result, strata: Key) -> Key:
    return tuple(result.printed.place.stratum.get(stratum, "") for stratum in strata)


def _column(result: Result, layout: Layout) -> Key:
    return (*_key(result, layout.columns), result.printed.place.cell)


def _words(strata: Key, values: Key, names: Names) -> tuple[str, ...]:
    return tuple(names.of(stratum, value) if value else "" for stratum, value in zip(strata, values, strict=True))
