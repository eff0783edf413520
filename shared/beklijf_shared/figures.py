"""Figures by name: a row as what it is about and its numbers, found by a few of its strata. Pure; nothing is calculated here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from beklijf_shared.events import Cell, CohortSnapshot, Figure, Missing, Row

ABSENT = Missing()
"""A number that a row does not have, because only other rows of the figure do: neither suppressed nor undefined, just not here."""
SUPPRESSED = Missing(suppressed=True)
"""A number that is about too few (M37)."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row by name. A number that the row does not have is not in `cells`."""

    stratum: Mapping[str, str]
    cells: Mapping[str, Cell]


def records(figure: Figure) -> tuple[Record, ...]:
    """The rows of a figure by name, in reading order."""
    return tuple(
        Record(
            dict(zip(figure.strata, row.stratum, strict=True)),
            {column: cell for column, cell in zip(figure.columns, cells_of(figure, row), strict=True) if cell != ABSENT},
        )
        for row in figure.rows
    )


def figure_of(name: str, population: str, denominator: str, rows: Iterable[Record]) -> Figure:
    """A figure of records; strata and columns in the order in which they first appear. What a row does not have says so."""
    known = tuple(rows)
    strata = tuple(dict.fromkeys(stratum for row in known for stratum in row.stratum))
    columns = tuple(dict.fromkeys(column for row in known for column in row.cells))
    return Figure(
        name=name,
        population=population,
        denominator=denominator,
        strata=strata,
        columns=columns,
        rows=tuple(
            Row(
                tuple(row.stratum.get(stratum, "") for stratum in strata),
                _short(tuple(row.cells.get(column, ABSENT) for column in columns)),
            )
            for row in known
        ),
    )


def _short(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The numbers of a row as they travel: none where all are suppressed, or a small cohort would be larger than a large one."""
    return () if all(each == SUPPRESSED for each in cells) else cells


def cells_of(figure: Figure, row: Row) -> tuple[Cell, ...]:
    """The numbers of a row, one for each column."""
    return row.cells or (SUPPRESSED,) * len(figure.columns)


def named(snapshot: CohortSnapshot, name: str) -> Figure:
    """A figure of a snapshot. Raises LookupError."""
    for figure in snapshot.figures:
        if figure.name == name:
            return figure
    raise LookupError(f"the snapshot has no figure {name}")


def cell(figure: Figure, stratum: Mapping[str, str], column: str) -> Cell:
    """The number in the one row that is about this; the row may be about more. Raises LookupError when there is no such row or number,
    or several rows."""
    if column not in figure.columns:
        raise LookupError(f"{figure.name} has no column {column}")
    unknown = sorted(stratum.keys() - set(figure.strata))
    if unknown:
        raise LookupError(f"{figure.name} is not by {', '.join(unknown)}")
    wanted = [(figure.strata.index(name), value) for name, value in stratum.items()]
    found = [row for row in figure.rows if all(row.stratum[place] == value for place, value in wanted)]
    if len(found) != 1:
        raise LookupError(f"{figure.name} has {len(found)} rows about {dict(stratum)}")
    return cells_of(figure, found[0])[figure.columns.index(column)]
