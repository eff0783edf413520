"""By which contracts everybody was derived, how far a walk over everybody got, and which version of the software derived since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Boolean, Column, DateTime, Table, Text, text

from beklijf_scoring.store.concerned import Walk, metadata
from beklijf_shared.db import Connection

derivation = Table(
    "derivation",
    metadata,
    Column("sole", Boolean, primary_key=True, server_default=text("true")),
    Column("fingerprint", Text, nullable=False),
    Column("reached", Text),
    Column("scored_by", Text),
)
release = Table(
    "release",
    metadata,
    Column("since", DateTime(timezone=True), primary_key=True),
    Column("version", Text, nullable=False),
)

SUBJECTS = text("SELECT DISTINCT key FROM heard WHERE key > :after ORDER BY key LIMIT :most")
RESCORED = text("""
UPDATE heard AS h SET facts = n.facts FROM unnest(CAST(:topics AS text[]), CAST(:entities AS text[]), CAST(:facts AS bytea[]))
  AS n(topic, entity, facts) WHERE h.topic = n.topic AND h.entity = n.entity
""")
DERIVED_BY = text("SELECT fingerprint, reached, scored_by FROM derivation")
REMEMBER = text("""
INSERT INTO derivation (fingerprint, reached, scored_by) VALUES (:fingerprint, :reached, :scored_by)
ON CONFLICT (sole) DO UPDATE SET fingerprint = excluded.fingerprint, reached = excluded.reached, scored_by = excluded.scored_by
""")
RELEASED = text("SELECT version FROM release WHERE since <= :at ORDER BY since DESC LIMIT 1")
RELEASE = text("INSERT INTO release (since, version) VALUES (:since, :version) ON CONFLICT DO NOTHING")


def last(connection: Connection) -> Walk | None:
    """The last walk; None where nobody was ever derived."""
    row = connection.execute(DERIVED_BY).one_or_none()
    return None if row is None else Walk(*row)


def remember(connection: Connection, walk: Walk) -> None:
    """Stores how far a walk got."""
    values = {"fingerprint": walk.fingerprint, "reached": walk.reached, "scored_by": walk.scored_by}
    connection.execute(REMEMBER, values)


def subjects_after(connection: Connection, after: str, most: int) -> list[str]:
    """The next subjects in order: the walk over everybody when contracts changed."""
    return list(connection.execute(SUBJECTS, {"after": after, "most": most}).scalars())


def replace_facts(connection: Connection, facts: Mapping[tuple[str, str], bytes]) -> None:
    """Puts new facts beside what was heard."""
    if not facts:
        return
    places = sorted(facts)
    values = {
        "topics": [topic for topic, _ in places],
        "entities": [entity for _, entity in places],
        "facts": [facts[place] for place in places],
    }
    connection.execute(RESCORED, values)


def derives_with(connection: Connection, version: str, now: datetime) -> None:
    """From now on this version of the software derives; nothing, if it did already."""
    if released(connection, now) != version:
        connection.execute(RELEASE, {"since": now, "version": version})


def released(connection: Connection, at: datetime) -> str | None:
    """Which version of the software derived at that instant; None where nobody wrote it down."""
    return connection.execute(RELEASED, {"at": at}).scalar_one_or_none()
