"""All SQL of reporting: one table, `heard`, the newest state of everything it was told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Index, Row, text

from beklijf_shared import db, topics
from beklijf_shared.db import Connection
from beklijf_shared.events import CohortSnapshot, DataQuality, Event, FollowUpDue, IntakeTally

metadata = db.metadata()
tables = db.plumbing(metadata, by_key=False)
Index(  # the worklist: one cohort's follow-ups in one state, longest due first
    "ix_heard_worklist",
    tables.heard.c.key,
    tables.heard.c.facts,
    tables.heard.c.entity,
    postgresql_where=text(f"topic = '{topics.FOLLOW_UP_DUE.name}'"),
)
Index(  # receipts, the newest first
    "ix_heard_receipts",
    tables.heard.c.facts,
    tables.heard.c.entity,
    postgresql_where=text(f"topic = '{topics.INTAKE_TALLY.name}'"),
)

WHOLE_TOPIC = text("SELECT body FROM heard WHERE topic = :topic ORDER BY entity")
QUALITY = text("SELECT body FROM heard WHERE topic = :topic AND right(entity, 4) = '/all' ORDER BY entity")
ONE = text("SELECT version, body FROM heard WHERE topic = :topic AND entity = :entity")
VERSION = text("SELECT version FROM heard WHERE topic = :topic AND entity = :entity")
NEWEST_TALLIES = text("""
SELECT body FROM heard WHERE topic = :topic AND entity ~ '/[0-9]{4}-[0-9]{2}-[0-9]{2}$' ORDER BY right(entity, 10) DESC, entity LIMIT :most
""")
WORKLIST = text(f"""
SELECT body FROM heard
WHERE topic = '{topics.FOLLOW_UP_DUE.name}' AND key = :cohort AND facts >= :from AND facts < :to
ORDER BY facts, entity LIMIT :most
""")  # noqa: S608
_RECEIPT = f"""
SELECT t.body AS tally, q.body AS quality
FROM heard AS t LEFT JOIN heard AS q ON q.topic = '{topics.DATA_QUALITY.name}' AND q.entity = t.entity
WHERE t.topic = '{topics.INTAKE_TALLY.name}' AND """  # noqa: S608
NEWEST_RECEIPTS = text(_RECEIPT + "t.facts IS NOT NULL ORDER BY t.facts DESC, t.entity DESC LIMIT :most")
RECEIPT = text(_RECEIPT + "t.entity = :entity")
GONE = b"gone"
"""The facts of a state that says only that an earlier one no longer holds."""
HELD = text("SELECT topic, count(*) FROM heard GROUP BY topic ORDER BY topic")
STATE = text(r"""
SELECT topic, entity, key,
       encode(sha256(convert_to(regexp_replace(convert_from(body, 'UTF8'), '^\s*\{\s*"version"\s*:\s*\d+\s*,', '{'), 'UTF8')), 'hex')
FROM heard WHERE facts IS NULL OR NOT (starts_with(encode(facts, 'escape'), 'not-due ') OR facts = 'gone')
ORDER BY topic, entity
""")


@dataclass(frozen=True, slots=True)
class Held:
    """How many entities of one topic the read model holds."""

    topic: str
    entities: int


def snapshots(connection: Connection) -> list[CohortSnapshot]:
    """The newest snapshot of every cohort, by code."""
    return [msgspec.json.decode(body, type=CohortSnapshot) for body in _bodies(connection, topics.COHORT_SNAPSHOT.name)]


def snapshot(connection: Connection, cohort: str) -> CohortSnapshot | None:
    """The newest snapshot of one cohort, or None."""
    row = connection.execute(ONE, {"topic": topics.COHORT_SNAPSHOT.name, "entity": cohort}).one_or_none()
    return None if row is None else msgspec.json.decode(bytes(row.body), type=CohortSnapshot)


def snapshot_version(connection: Connection, cohort: str) -> int | None:
    """The version of that snapshot, without reading it."""
    found = connection.execute(VERSION, {"topic": topics.COHORT_SNAPSHOT.name, "entity": cohort}).scalar_one_or_none()
    return None if found is None else int(found)


def tallies(connection: Connection, most: int) -> list[IntakeTally]:
    """The newest days first, and within a day by organisation."""
    rows = connection.execute(NEWEST_TALLIES, {"topic": topics.INTAKE_TALLY.name, "most": most})
    return [msgspec.json.decode(bytes(body), type=IntakeTally) for (body,) in rows]


def data_quality(connection: Connection) -> list[DataQuality]:
    """How each organisation's answers count at present, whatever receipt they belong to."""
    rows = connection.execute(QUALITY, {"topic": topics.DATA_QUALITY.name})
    return [msgspec.json.decode(bytes(body), type=DataQuality) for (body,) in rows]


def worklist(connection: Connection, cohort: str, state: str, most: int) -> list[FollowUpDue]:
    """One cohort's follow-ups in one state, the earliest target first."""
    span = {"cohort": cohort, "from": f"{state} ".encode(), "to": f"{state}!".encode(), "most": most}
    return [msgspec.json.decode(bytes(body), type=FollowUpDue) for (body,) in connection.execute(WORKLIST, span)]


def receipts(connection: Connection, most: int) -> list[tuple[IntakeTally, DataQuality | None]]:
    """The newest receipts: what intake said of each, and what scoring said of its answers."""
    return [_receipt(row) for row in connection.execute(NEWEST_RECEIPTS, {"most": most})]


def receipt(connection: Connection, organisation: str, id_: str) -> tuple[IntakeTally, DataQuality | None] | None:
    """One receipt, or None."""
    row = connection.execute(RECEIPT, {"entity": f"{organisation}/{id_}"}).one_or_none()
    return None if row is None else _receipt(row)


def place_of(event: Event) -> bytes | None:
    """Where a state stands among others of its topic, stored beside it as its facts.

    A follow-up in the worklist: by state, then by target day. A receipt: by when it began. The counts of a receipt that has no answers
    any more: GONE.
    """
    if isinstance(event, FollowUpDue):
        return f"{event.state} {event.target}".encode()
    if isinstance(event, IntakeTally):
        return event.started.encode()
    return GONE if isinstance(event, DataQuality) and not any(event.counts.values()) else None


def held(connection: Connection) -> list[Held]:
    """What the read model holds, by topic."""
    return [Held(topic, int(count)) for topic, count in connection.execute(HELD)]


def state_rows(connection: Connection) -> Iterable[str]:
    """Every entity with the digest of its state, in order.

    Versions are left out, so a rebuilt read model gives the same rows. So is a follow-up that is not due: it is told only
    after another state (M39), so a rebuilt registry, which never knew the other state, does not tell it. And so are the counts
    of a receipt whose answers all belong to other receipts by now.
    """
    return (" ".join(row) for row in connection.execute(STATE))


def _receipt(row: Row[Any]) -> tuple[IntakeTally, DataQuality | None]:
    quality = None if row.quality is None else msgspec.json.decode(bytes(row.quality), type=DataQuality)
    return msgspec.json.decode(bytes(row.tally), type=IntakeTally), quality


def _bodies(connection: Connection, topic: str) -> Iterator[bytes]:
    return (bytes(body) for (body,) in connection.execute(WHOLE_TOPIC, {"topic": topic}))
