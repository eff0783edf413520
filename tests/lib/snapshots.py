"""Snapshots to show: the golden ones, and small ones built for one test."""

from __future__ import annotations

import msgspec

from beklijf_shared import documents
from beklijf_shared.events import Cell, CohortSnapshot, Figure, Row

EXAMPLES = documents.ROOT / "contracts" / "events" / "cohort-snapshot.v1.examples"


def golden(name: str = "synthetic") -> CohortSnapshot:
    """One of the golden messages."""
    return msgspec.json.decode((EXAMPLES / f"{name}.json").read_bytes(), type=CohortSnapshot)


def figure(*rows: Row, name: str = "response") -> Figure:
    """A figure of these rows."""
    return Figure(name=name, population="completed", denominator="due", rows=rows)


def row(stratum: dict[str, str], **cells: int | str) -> Row:
    """A row of numbers; `mean_low` is the cell `mean-low`."""
    return Row(stratum=stratum, cells={name.replace("_", "-"): Cell(value=value) for name, value in cells.items()})
