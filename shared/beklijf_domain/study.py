"""A published study as data: which numbers were printed, where ours are found, and how the two are compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, cast, get_args

from beklijf_domain.document import ContractError, Document

Unit = Literal["number", "percent", "decrease"]
"""`number`: as it is; `percent`: a share, times 100; `decrease`: a change (M26) with its sign turned."""

Comparator = Literal["equal", "within", "less-than", "greater-than", "contradicted"]
"""`equal`: ours, rounded half up to the printed decimals, is the printed text. `within`: not further than `points` away, unrounded.
`less-than`, `greater-than`: the study prints a bound. `contradicted`: the study contradicts itself or cannot be met; ours is named."""

NUMBER = re.compile(r"-?\d+(\.\d+)?")
COLUMNS = ("id", "table", "path", "unit", "printed", "comparator", "ours", "reason", "source")


@dataclass(frozen=True, slots=True)
class Place:
    """Where our number is: a figure, what the row is about, and the cell."""

    figure: str
    stratum: Mapping[str, str] = field(hash=False)
    cell: str


@dataclass(frozen=True, slots=True)
class Printed:
    """One printed number. `ours` and `reason` are there where the study contradicts itself, and nowhere else."""

    id: str
    table: str
    place: Place
    unit: Unit
    printed: str
    comparator: Comparator
    points: Decimal
    ours: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Study:
    """One study: its code, what it is called, where it was published, and its numbers in the order in which they were printed."""

    code: str
    title: str
    citation: str
    printed: tuple[Printed, ...]


def read(document: Document, rows: Iterable[Mapping[str, str]]) -> Study:
    """A study from its contract file and its rows. Raises ContractError, which names the row."""
    code = document.text("code")
    result = Study(
        code=code,
        title=document.text("title"),
        citation=document.text("citation"),
        printed=tuple(_row(f"studies/{code}/printed.csv", fields) for fields in rows),
    )
    seen = set[str]()
    for row in result.printed:
        if row.id in seen:
            raise ContractError(f"studies/{code}/printed.csv: {row.id}: is there twice")
        seen.add(row.id)
    document.finish()
    return result


def place(path: str) -> Place:
    """A path, `figure/key=value/.../cell`, in its parts. Raises ValueError."""
    figure, *keys, cell = path.split("/")
    if not all("=" in key for key in keys):
        raise ValueError(f"{path!r} is no path")
    return Place(figure, MappingProxyType(dict(key.split("=", 1) for key in keys)), cell)


def _row(name: str, row: Mapping[str, str]) -> Printed:
    where = f"{name}: {row.get('id') or '(a row without id)'}"
    if tuple(row) != COLUMNS:
        raise ContractError(f"{where}: the columns must be {', '.join(COLUMNS)}")
    comparator, _, points = row["comparator"].partition(" ")
    if row["unit"] not in get_args(Unit) or comparator not in get_args(Comparator):
        raise ContractError(f"{where}: {row['unit']!r} or {row['comparator']!r} is not known")
    if (comparator == "within") != bool(points) or (points and not NUMBER.fullmatch(points)):
        raise ContractError(f"{where}: only 'within' needs a number of points")
    if comparator != "equal" and not NUMBER.fullmatch(row["printed"]):
        raise ContractError(f"{where}: printed: {row['printed']!r} is not a number")
    if (comparator == "contradicted") != bool(row["ours"] and row["reason"]):
        raise ContractError(f"{where}: ours and reason belong to what is contradicted, and only to that")
    try:
        at = place(row["path"])
    except ValueError as error:
        raise ContractError(f"{where}: path: {error}") from error
    unit, compared = cast(Unit, row["unit"]), cast(Comparator, comparator)
    told = (row["ours"], row["reason"], row["source"])
    return Printed(row["id"], row["table"], at, unit, row["printed"], compared, Decimal(points or 0), *told)
