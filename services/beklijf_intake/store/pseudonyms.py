"""Which pseudonyms stand for one another: the same identifier has one under each key, and the first that was ever kept stays.

No identifier is kept here, and none can be found from what is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Column, Table, Text, text

from beklijf_intake.store.raw import metadata
from beklijf_shared.db import Connection

pseudonym = Table(
    "pseudonym",
    metadata,
    Column("derived", Text, primary_key=True),
    Column("stands_for", Text, nullable=False),
)

FIND = text("SELECT derived, stands_for FROM pseudonym WHERE derived = ANY(CAST(:derived AS text[]))")
ADD = text("""
INSERT INTO pseudonym (derived, stands_for)
SELECT * FROM unnest(CAST(:derived AS text[]), CAST(:stands_for AS text[])) AS added(derived, stands_for) ORDER BY derived
ON CONFLICT DO NOTHING
""")


def find(connection: Connection, derived: Collection[str]) -> dict[str, str]:
    """Those of these pseudonyms that are known, with what each stands for."""
    return {row.derived: row.stands_for for row in connection.execute(FIND, {"derived": list(derived)})}


def add(connection: Connection, new: Mapping[str, str]) -> bool:
    """Keeps new ones; whether all were new. If not, someone else was first, and nothing of this transaction should stay."""
    derived = sorted(new)
    return connection.execute(ADD, {"derived": derived, "stands_for": [new[one] for one in derived]}).rowcount == len(new)
