"""What is told, looked at from outside, and what was told before it: a record of what others may have relied on.

`superseded` is no derivation: what was told depends on what had come until then, and on the contracts of that day. So nothing rebuilds
it, and emptying the service keeps it (`contracts/decisions/0029-what-was-told-before.md`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, DateTime, LargeBinary, Table, Text, text

from beklijf_scoring.store.concerned import metadata
from beklijf_shared import topics
from beklijf_shared.db import Connection
from beklijf_shared.outbox import Told

superseded = Table(
    "superseded",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("superseded_at", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("emptied", Boolean, nullable=False, server_default=text("false")),
)

PLACES = "unnest(CAST(:topics AS text[]), CAST(:entities AS text[])) AS asked(topic, entity)"
TOLD_BEFORE = text(f"SELECT topic, entity, key, version, body FROM told JOIN {PLACES} USING (topic, entity)")  # noqa: S608
TOLD_OF = text("SELECT topic, entity, key, version, body FROM told WHERE key = :key AND topic = :topic")
TOLD_AFTER = text("""
SELECT topic, entity, key, version, body FROM told
WHERE topic = :topic AND entity > :after AND convert_from(body, 'UTF8')::jsonb ->> 'organisation' = :organisation
ORDER BY entity LIMIT :most
""")
HEARD_OF = text("SELECT entity, body FROM heard WHERE topic = :topic AND entity = ANY(CAST(:entities AS text[])) AND body IS NOT NULL")
SUPERSEDED_OF = text(f"""
SELECT topic, entity, version, superseded_at, body, emptied FROM superseded JOIN {PLACES} USING (topic, entity)
ORDER BY superseded_at, version, topic, entity
""")  # noqa: S608
# What is told of these, and in the same statement: what somebody may have relied on, and says something else now, is kept for ever.
# Whether it says something else is asked of the text: equal states are equal texts, and taking them apart costs ten times as much.
OUTDO = text("""
WITH former AS (
  SELECT t.topic, t.entity, t.key, t.version, t.body, convert_from(t.body, 'UTF8') AS said, asked.says, asked.nothing
  FROM told AS t JOIN unnest(CAST(:topics AS text[]), CAST(:entities AS text[]), CAST(:says AS text[]), CAST(:nothing AS text[]))
    AS asked(topic, entity, says, nothing) USING (topic, entity)
), kept AS (
  INSERT INTO superseded (topic, entity, version, superseded_at, body)
  SELECT topic, entity, version, :now, body FROM former WHERE strpos(said, says) = 0 AND strpos(said, nothing) = 0
  ON CONFLICT (topic, entity, version) DO UPDATE SET superseded_at = excluded.superseded_at, emptied = false WHERE superseded.emptied
)
SELECT topic, entity, key, version, body FROM former
""")
# Before the service is emptied: what is told now, where somebody may rely on it. What was kept so before, and is still told, is not kept
# twice.
KEEP = text("""
WITH relied AS (
  SELECT t.topic, t.entity, t.version, t.body FROM told AS t
  JOIN unnest(CAST(:topics AS text[]), CAST(:nothing AS text[])) AS n(topic, nothing) USING (topic)
  WHERE strpos(convert_from(t.body, 'UTF8'), nothing) = 0
), again AS (
  DELETE FROM superseded AS s USING relied AS r
  WHERE s.topic = r.topic AND s.entity = r.entity AND s.emptied AND s.body = r.body AND s.version <> r.version
    AND NOT EXISTS (SELECT FROM superseded AS l WHERE l.topic = s.topic AND l.entity = s.entity AND l.superseded_at > s.superseded_at)
)
INSERT INTO superseded (topic, entity, version, superseded_at, body, emptied) SELECT topic, entity, version, :now, body, true FROM relied
ON CONFLICT (topic, entity, version) DO NOTHING
""")
FORGET_TOLD = text("DELETE FROM told WHERE topic <> :kept")


class Superseded(NamedTuple):
    """A state that was told before; `emptied`: nothing took its place, but the service was emptied, and may have told the same again."""

    topic: str
    entity: str
    version: int
    until: datetime
    body: bytes
    emptied: bool


def told_before(connection: Connection, places: Iterable[tuple[str, str]]) -> list[Told]:
    """What was told of these (topic, entity) before."""
    rows = connection.execute(TOLD_BEFORE, _asked(places))
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in rows]


def told_of(connection: Connection, topic: str, key: str) -> list[Told]:
    """What is told of this topic under one key."""
    rows = connection.execute(TOLD_OF, {"topic": topic, "key": key})
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in rows]


def told_after(connection: Connection, topic: str, organisation: str, after: str, most: int) -> list[Told]:
    """The next states of this topic that are about one organisation, in order."""
    rows = connection.execute(TOLD_AFTER, {"topic": topic, "organisation": organisation, "after": after, "most": most})
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in rows]


def heard_of(connection: Connection, topic: str, entities: Iterable[str]) -> list[tuple[str, bytes]]:
    """What was heard of these entities, whole."""
    rows = connection.execute(HEARD_OF, {"topic": topic, "entities": list(entities)})
    return [(entity, bytes(body)) for entity, body in rows]


def superseded_of(connection: Connection, places: Iterable[tuple[str, str]]) -> list[Superseded]:
    """What was told of these (topic, entity) before something else was, in the order in which it was outdone."""
    rows = connection.execute(SUPERSEDED_OF, _asked(places))
    return [Superseded(topic, entity, version, until, bytes(body), emptied) for topic, entity, version, until, body, emptied in rows]


def outdo(connection: Connection, changed: Mapping[tuple[str, str], tuple[str, str]], now: datetime) -> list[Told]:
    """What was told of these (topic, entity) before. Each comes with what it says now, as a piece of its JSON on which somebody may
    rely, and with that piece where there is nothing to rely on: where the former says neither, it stays readable as superseded."""
    places = sorted(changed)
    values = {
        "topics": [topic for topic, _ in places],
        "entities": [entity for _, entity in places],
        "says": [changed[place][0] for place in places],
        "nothing": [changed[place][1] for place in places],
    }
    rows = connection.execute(OUTDO, {**values, "now": now})
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in rows]


def forget(connection: Connection, nothing: Mapping[str, str], now: datetime) -> None:
    """Forgets what is told, except of pairs: who heard a verdict must be told when it falls, also after a rebuild (M39). What somebody may
    rely on stays readable first; `nothing`: by topic, the piece of JSON that says there is nothing to rely on."""
    connection.execute(KEEP, {"topics": list(nothing), "nothing": list(nothing.values()), "now": now})
    connection.execute(FORGET_TOLD, {"kept": topics.MCIC_CHANGED.name})


def _asked(places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    asked = sorted(places)
    return {"topics": [topic for topic, _ in asked], "entities": [entity for _, entity in asked]}
