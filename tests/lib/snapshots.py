"""Snapshots to show: the golden ones, and small ones built for one test."""

from __future__ import annotations

import msgspec

from beklijf_shared import documents
from beklijf_shared.events import CohortSnapshot, Figure
from beklijf_shared.figures import Record, figure_of

EXAMPLES = documents.ROOT / "contracts" / "events" / "cohort-snapshot.v1.examples"


def golden(name: str = "synthetic") -> CohortSnapshot:
    """One of the golden messages."""
    return msgspec.json.decode((EXAMPLES / f"{name}.json").read_bytes(), type=CohortSnapshot)


def figure(*rows: Record, name: str = "response") -> Figure:
    """A figure of these rows."""
    return figure_of(name, "completed", "due", rows)


def row(stratum: dict[str, str], **cells: int | str) -> Record:
    """A row of numbers; `mean_low` is the cell `mean-low`."""
    return Record(stratum, {name.replace("_", "-"): value for name, value in cells.items()})
