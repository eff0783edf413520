"""Dead letters: what could not be decoded or applied, kept whole with its reason, for a person to look at and replay.

A dead letter never stops the others. Replaying is idempotent: the message goes through the same versioned upsert as ever, so
one that was superseded in the meantime has no effect.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text

from beklijf_shared.db import Connection
from beklijf_shared.envelope import Record

INSERT = text("""
INSERT INTO dead_letter (incarnation, topic, partition, "offset", key, headers, value, entity, version, reason)
SELECT :incarnation, * FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[]), CAST(:keys AS bytea[]),
  CAST(:headers AS text[]), CAST(:values AS bytea[]), CAST(:entities AS text[]), CAST(:versions AS bigint[]), CAST(:reasons AS text[]))
ON CONFLICT (incarnation, topic, partition, "offset") DO NOTHING
""")
LIST = text("""
SELECT id, at, topic, partition, "offset", entity, version, reason, replayed_at FROM dead_letter
WHERE :all OR replayed_at IS NULL ORDER BY id LIMIT :most
""")
SHOW = text("""
SELECT id, at, topic, partition, "offset", key, headers, value, entity, version, reason, replayed_at FROM dead_letter WHERE id = :id
""")
REPLAYED = text("UPDATE dead_letter SET replayed_at = now() WHERE id = :id")
WAITING = text("SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record with the reason why it had no effect."""

    record: Record
    reason: str
    entity: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored dead letter; has the fields of a Kafka record, so that it is decoded and applied like one."""

    id: int
    at: datetime
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None
    entity: str | None
    version: int | None
    reason: str
    replayed_at: datetime | None


def insert(connection: Connection, incarnation: str, letters: Iterable[DeadLetter]) -> int:
    """Keeps dead letters, once per place in the log; gives how many were handed in. One statement."""
    rows = list(letters)
    if rows:
        connection.execute(
            INSERT,
            {
                "incarnation": incarnation,
                "topics": [row.record.topic for row in rows],
                "partitions": [row.record.partition for row in rows],
                "offsets": [row.record.offset for row in rows],
                "keys": [row.record.key for row in rows],
                "headers": [_headers_text(row.record.headers) for row in rows],
                "values": [row.record.value for row in rows],
                "entities": [row.entity for row in rows],
                "versions": [row.version for row in rows],
                "reasons": [row.reason for row in rows],
            },
        )
    return len(rows)


def listed(connection: Connection, *, all_of_them: bool = False, most: int = 100) -> list[dict[str, Any]]:
    """The oldest dead letters, without their content; those already replayed only on request."""
    return [dict(row) for row in connection.execute(LIST, {"all": all_of_them, "most": most}).mappings()]


def show(connection: Connection, id_: int) -> Stored | None:
    """One dead letter whole, or None."""
    row = connection.execute(SHOW, {"id": id_}).one_or_none()
    if row is None:
        return None
    return Stored(
        row.id,
        row.at,
        row.topic,
        row.partition,
        row.offset,
        None if row.key is None else bytes(row.key),
        _headers(row.headers),
        None if row.value is None else bytes(row.value),
        row.entity,
        row.version,
        row.reason,
        row.replayed_at,
    )


def replayed(connection: Connection, id_: int) -> None:
    """Marks a dead letter as replayed."""
    connection.execute(REPLAYED, {"id": id_})


def waiting(connection: Connection) -> int:
    """How many dead letters nobody has replayed."""
    return int(connection.execute(WAITING).scalar_one())


def _headers_text(headers: Sequence[tuple[str, bytes]]) -> str:
    shown = [[name, base64.b64encode(value or b"").decode()] for name, value in list(headers)[:64]]
    return msgspec.json.encode(shown).decode()


def _headers(stored: str) -> list[tuple[str, bytes]]:
    return [(name, base64.b64decode(value)) for name, value in msgspec.json.decode(stored, type=list[tuple[str, str]])]
