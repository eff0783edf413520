"""From a snapshot's figure to the tables of a page: which rows belong together, which column is which. No number is changed here.

Any figure becomes tables, known or not: its strata are the first columns, its cells follow. What the reader looks at one by one
(instrument, rule) is a block of its own; groups and treatment years fold away behind the rows that pool them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beklijf_reporting import formats
from beklijf_reporting.charts import Key, apart, is_pooled
from beklijf_reporting.formats import Kind, Shown
from beklijf_reporting.language import Language
from beklijf_reporting.language import marked as _
from beklijf_reporting.pages import vocabulary
from beklijf_reporting.pages.vocabulary import About, Names
from beklijf_shared.events import Cell, Figure, Missing
from beklijf_shared.figures import ABSENT, Record, records

FOLDED = ("group", "year")
FOR_MACHINES = frozenset("sum squares scale t df welch-t welch-df df-between df-within least-expected".split())
"""Cells that other software needs to check the derived ones; they are in the CSV, not on the page."""
INTERVALS = {"q1": ("q3", "quartiles")}
"""First cell of an interval that is not named -low and -high, with its last and its head."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of numbers; an interval has two cells, low and high."""

    cells: tuple[str, ...]
    label: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is read: its heads (what it is about) and its cells."""

    heads: tuple[str, ...]
    cells: tuple[Shown, ...]
    is_repeat: bool
    """The first head is the same as in the line above: shown faintly."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: caption, the words over the columns, and its lines."""

    caption: str
    division: str
    """How it divides the table above it; empty for the first of a block."""
    heads: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    all_zero: tuple[str, ...] = ()
    """Columns left out because they are 0 in every line; named under the table, so that nothing is hidden."""


@dataclass(frozen=True, slots=True)
class Block:
    """What belongs to one value of the strata read apart (one instrument under one rule): a table, and the same divided."""

    key: Key
    title: str
    table: Table
    folded: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One figure on the page."""

    figure: Figure
    about: About
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """The figure's code, used in addresses."""
        return self.figure.name


def section(figure: Figure, names: Names) -> Section:
    """A figure as a section of the page."""
    about = vocabulary.about(figure.name, names.language)
    rows = records(figure) if about.across is None else _crossed(figure, *about.across)
    blocks = [_block(about, key, mine, names) for key, mine in sorted(apart(rows), key=lambda each: _is_measured_once(each[1]))]
    return Section(figure, about, tuple(blocks))


def _is_measured_once(rows: Sequence[Record]) -> bool:
    """What has no course, such as age, comes after what has one."""
    return len({row.stratum.get("moment") for row in rows}) == 1


def _crossed(figure: Figure, stratum: str, cell: str) -> tuple[Record, ...]:
    """The rows of a cross-tab: what differs only in one stratum is one row, with a column for each of its values; n comes along."""
    merged: dict[tuple[tuple[str, str], ...], dict[str, Cell]] = {}
    for row in records(figure):
        key = tuple((name, value) for name, value in row.stratum.items() if name != stratum)
        cells = merged.setdefault(key, {name: row.cells[name] for name in ("n",) if name in row.cells and cell == "share"})
        cells[f"{ACROSS}{stratum}={row.stratum.get(stratum, '')}/{cell}"] = row.cells.get(cell, ABSENT)
    return tuple(Record(dict(key), cells) for key, cells in merged.items())


ACROSS = "/"
"""How the name of a column begins that is a value of a stratum; no cell of a figure begins so."""


def columns(rows: Sequence[Record], names: Names, first: Sequence[str] = ()) -> tuple[Column, ...]:
    """The columns of some rows: those named first, then in the order of the cells. The two limits of an interval are one column."""
    there = [name for name in dict.fromkeys(name for row in rows for name in row.cells) if name not in FOR_MACHINES]
    order = [name for name in first if name in there] + [name for name in there if name not in first]
    found, taken = [], set[str]()
    for name in order:
        last, head = INTERVALS.get(name, (f"{name.removesuffix('low')}high", "interval"))
        is_interval = last in there and (name.endswith("low") or name in INTERVALS)
        cells = (name, last) if is_interval else (name,)
        if not taken.intersection(cells):
            found.append(Column(cells, _label(head if is_interval else name, names), _kind(name, rows)))
            taken.update(cells)
    return tuple(found)


def _block(about: About, key: Key, rows: Sequence[Record], names: Names) -> Block:
    """The rows that pool everything on top; then by group, by year, and by both, as far as the figure has them."""
    title = ", ".join(names.of(stratum, value) for stratum, value in key if stratum != "measure")
    taken = {stratum for stratum, _value in key}
    divisions: dict[tuple[str, ...], list[Record]] = {}
    for row in rows:
        divisions.setdefault(tuple(stratum for stratum in FOLDED if not is_pooled(row, stratum)), []).append(row)
    order = sorted(divisions, key=lambda by: (len(by), by))
    tables = []
    for by in order:
        division = names.language(vocabulary.divided_by(by)) if by else ""
        caption = f"{title or about.title}, {division}" if by else title or about.title
        tables.append(_table(caption, division, divisions[by], taken | (set(FOLDED) - set(by)), names, about.first))
    return Block(key, title, tables[0], tuple(tables[1:]))


def _table(caption: str, division: str, rows: Sequence[Record], taken: Iterable[str], names: Names, first: Sequence[str]) -> Table:
    strata = [stratum for stratum in dict.fromkeys(name for row in rows for name in row.stratum) if stratum not in taken]
    every = columns(rows, names, first)
    wide = tuple(column for column in every if column.cells[0] in first or not _is_all_zero(column, rows))
    lines: list[Line] = []
    for row in _in_reading_order(rows, strata):
        heads = tuple(names.of(stratum, row.stratum[stratum]) if row.stratum.get(stratum) else "" for stratum in strata) or (
            names.language(_("All")),
        )
        repeat = len(heads) > 1 and bool(lines) and lines[-1].heads[0] == heads[0]
        lines.append(Line(heads, tuple(_cell(row, column, names.language) for column in wide), repeat))
    heads = tuple(names.label(stratum) for stratum in strata) or ("",)
    return Table(caption, division, heads, wide, tuple(lines), tuple(column.label for column in every if column not in wide))


def _is_all_zero(column: Column, rows: Sequence[Record]) -> bool:
    return all(row.cells.get(name) == 0 for row in rows for name in column.cells)


def _in_reading_order(rows: Sequence[Record], strata: Sequence[str]) -> list[Record]:
    """Rows of one group together, then of one year, moments running: each stratum's values in the order they first appear."""
    places = {stratum: list(dict.fromkeys(row.stratum.get(stratum, "") for row in rows)) for stratum in strata}
    return sorted(rows, key=lambda row: [places[stratum].index(row.stratum.get(stratum, "")) for stratum in strata])


def _cell(row: Record, column: Column, language: Language) -> Shown:
    parts = [formats.shown(row.cells.get(name, ABSENT), column.kind, language) for name in column.cells]
    odd = next((part for part in parts if part.state != "number"), None)
    if odd is not None or len(parts) == 1:
        return odd or parts[0]
    low, high = (part.text.removesuffix(" %") for part in parts)
    return Shown(language(_("{low} to {high}"), low=low, high=high) + (" %" if column.kind == "share" else ""), "number")


def _label(column: str, names: Names) -> str:
    if not column.startswith(ACROSS):
        return names.label(column)
    stratum, _equals, code = column.removeprefix(ACROSS).partition("/")[0].partition("=")
    return names.of(stratum, code)


def _kind(column: str, rows: Sequence[Record]) -> Kind:
    cells = [row.cells[column] for row in rows if column in row.cells]
    return vocabulary.kind(column.rpartition("/")[2], [cell for cell in cells if not isinstance(cell, Missing)])
