"""Receipts: written in the transaction that stores what they count, so that they add up at any moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import CheckConstraint, Column, Date, DateTime, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from beklijf_intake.domain.receipt import Ledger, Opening, Receipt
from beklijf_intake.store.raw import metadata
from beklijf_shared.db import Connection
from beklijf_shared.pipeline import Pipeline

receipt = Table(
    "receipt",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("total", Integer),
    Column("counts", JSONB, nullable=False),
    CheckConstraint("kind IN ('day', 'bundle', 'import')", name="ck_receipt_kind"),
)

ADD = """
INSERT INTO receipt AS r (organisation, id, kind, day, started, total, counts)
SELECT organisation, id, kind, day, started, total, counts::jsonb
FROM unnest(%(organisations)s::text[], %(ids)s::text[], %(kinds)s::text[], %(days)s::date[], %(starteds)s::timestamptz[],
  %(totals)s::int[], %(counts)s::text[]) AS added(organisation, id, kind, day, started, total, counts)
ON CONFLICT (organisation, id) DO UPDATE SET total = coalesce(excluded.total, r.total), counts = (
  SELECT coalesce(jsonb_object_agg(name, total), '{}') FROM (
    SELECT name, sum(number::int) AS total FROM (
      SELECT * FROM jsonb_each_text(r.counts) UNION ALL SELECT * FROM jsonb_each_text(excluded.counts)
    ) AS both_of_them(name, number) GROUP BY name
  ) AS summed
)
RETURNING organisation, id, kind, day, started, total, counts::text
"""
READ = text("""
SELECT organisation, id, kind, day, started, total, CAST(counts AS text) AS counts FROM receipt
WHERE organisation = :organisation AND id = :id
""")


def add(under_way: Pipeline, ledger: Ledger) -> Callable[[], list[Receipt]]:
    """Adds what a batch counted to its receipts; the function that is given waits for each of these receipts whole. One statement.

    The rows stay locked until the transaction ends, so what is told of a receipt only grows newer.
    """
    places = sorted(place for place, counted in ledger.differences.items() if place in ledger.openings or any(counted.values()))
    if not places:
        return list
    # A receipt without opening was opened when the version came that is counted elsewhere in it now: of its row only counts change.
    openings = [ledger.openings.get(place) or Opening("day", ledger.day, ledger.now) for place in places]
    rows = under_way.send(
        ADD,
        {
            "organisations": [organisation for organisation, _ in places],
            "ids": [id_ for _, id_ in places],
            "kinds": [opening.kind for opening in openings],
            "days": [opening.day for opening in openings],
            "starteds": [opening.started for opening in openings],
            "totals": [opening.total for opening in openings],
            "counts": [msgspec.json.encode({k: n for k, n in ledger.differences[place].items() if n}).decode() for place in places],
        },
    )
    return lambda: [_receipt(row) for row in rows()]


def read(connection: Connection, organisation: str, id_: str) -> Receipt | None:
    """One receipt of one organisation, or None."""
    row = connection.execute(READ, {"organisation": organisation, "id": id_}).one_or_none()
    return None if row is None else _receipt(row)


def _receipt(row: Sequence[Any]) -> Receipt:
    """Of a row with the columns organisation, id, kind, day, started, total, counts."""
    organisation, id_, kind, day, started, total, counts = row
    return Receipt(organisation, id_, Opening(kind, day, started, total), msgspec.json.decode(counts, type=dict[str, int]))
