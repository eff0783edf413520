"""From a snapshot's figure to the tables of a page: which rows belong together, which column is which. No number is changed here.

Any figure becomes tables, known or not: its strata are the first columns, its cells follow. What the reader compares apart
(instrument, rule, group) is a table of its own; treatment years fold away behind the row of all years.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beklijf_reporting import formats
from beklijf_reporting.formats import Kind, Shown
from beklijf_reporting.pages import vocabulary
from beklijf_reporting.pages.vocabulary import About, Names
from beklijf_shared.events import Cell, Figure, Row

APART = ("instrument", "rule", "population", "group")
"""Strata that the reader looks at one by one, in this order."""
FOLDED = "year"
ABSENT = Cell(reason="not part of this row")


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
    heads: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """What belongs to one value of the strata read apart (one instrument under one rule): a table, and the same by year."""

    about: tuple[tuple[str, str], ...]
    title: str
    table: Table
    folded: Table | None


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
    about = vocabulary.about(figure.name)
    apart = [stratum for stratum in APART if any(stratum in row.stratum for row in figure.rows)]
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in figure.rows:
        groups.setdefault(tuple((stratum, row.stratum[stratum]) for stratum in apart if stratum in row.stratum), []).append(row)
    return Section(figure, about, tuple(_block(about.title, key, rows, names) for key, rows in groups.items()))


def columns(rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns of some rows, in the order in which their cells first appear; limits of one interval become one column."""
    order = list(dict.fromkeys(name for row in rows for name in row.cells))
    found = []
    for name in order:
        if name.endswith("_low") and f"{name.removesuffix('_low')}_high" in order:
            high = f"{name.removesuffix('_low')}_high"
            found.append(Column((name, high), vocabulary.label("intervals"), _kind(name, rows)))
        elif not (name.endswith("_high") and f"{name.removesuffix('_high')}_low" in order):
            found.append(Column((name,), vocabulary.label(name), _kind(name, rows)))
    return tuple(found)


def _block(title: str, key: tuple[tuple[str, str], ...], rows: Sequence[Row], names: Names) -> Block:
    words = ", ".join(names.of(stratum, value) for stratum, value in key)
    taken = {stratum for stratum, _ in key}
    whole = [row for row in rows if row.stratum.get(FOLDED, "all") in vocabulary.ALL]
    divided = [row for row in rows if row.stratum.get(FOLDED, "all") not in vocabulary.ALL]
    if not whole or not divided:
        return Block(key, words, _table(words or title, rows, taken, names), None)
    folded = _table(f"{words or title}, by treatment year", divided, taken, names)
    return Block(key, words, _table(words or title, whole, taken | {FOLDED}, names), folded)


def _table(caption: str, rows: Sequence[Row], taken: Iterable[str], names: Names) -> Table:
    strata = [stratum for stratum in dict.fromkeys(name for row in rows for name in row.stratum) if stratum not in taken]
    wide = columns(rows)
    lines = []
    before = ""
    for row in rows:
        heads = tuple(names.of(stratum, row.stratum[stratum]) if stratum in row.stratum else "" for stratum in strata)
        repeat = len(heads) > 1 and heads[0] == before
        lines.append(Line(heads or ("All",), tuple(_cell(row, column) for column in wide), repeat))
        before = heads[0] if heads else ""
    return Table(caption, tuple(vocabulary.label(stratum) for stratum in strata) or ("",), wide, tuple(lines))


def _cell(row: Row, column: Column) -> Shown:
    parts = [formats.shown(row.cells.get(name, ABSENT), column.kind) for name in column.cells]
    odd = next((part for part in parts if part.state != "number"), None)
    if odd is not None or len(parts) == 1:
        return odd or parts[0]
    return Shown(" to ".join(part.text.removesuffix(" %") for part in parts) + (" %" if column.kind == "share" else ""), "number")


def _kind(column: str, rows: Sequence[Row]) -> Kind:
    return vocabulary.kind(column, [row.cells[column].value for row in rows if column in row.cells])
