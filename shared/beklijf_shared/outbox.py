"""What this service tells: its stored output, and the work list of what the broker has not acknowledged yet.

Publishing is one statement in the transaction that changed the state: `told` takes the new state where it differs, and each
row that changed leaves a line in `outbox`. The line carries no payload; the relay sends the state as it stands then, so an
entity that changed twice is sent in its newest state (design, section 3.2; `contracts/decisions/0002`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text

from beklijf_shared import clock
from beklijf_shared.db import Connection
from beklijf_shared.events import ZERO_VERSION, Event, digest_of, encode
from beklijf_shared.topics import Topic

PUBLISH = text("""
WITH stated AS (
  SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:entities AS text[]), CAST(:keys AS text[]), CAST(:digests AS bytea[]),
                       CAST(:bodies AS bytea[])) AS s(topic, entity, key, digest, body)
), changed AS (
  INSERT INTO told AS t (topic, entity, key, version, digest, body)
  SELECT topic, entity, key, :floor, digest, body FROM stated
  ON CONFLICT (topic, entity) DO UPDATE
    SET key = excluded.key, version = greatest(t.version + 1, excluded.version), digest = excluded.digest, body = excluded.body
    WHERE t.digest <> excluded.digest
  RETURNING topic, entity
)
INSERT INTO outbox (topic, entity) SELECT topic, entity FROM changed
""")


DIGESTS = text("SELECT topic, entity, digest FROM told WHERE key = ANY(CAST(:keys AS text[])) AND topic = ANY(CAST(:topics AS text[]))")
BODIES = text("""
SELECT topic, entity, key, version, body FROM told WHERE key = ANY(CAST(:keys AS text[])) AND topic = ANY(CAST(:topics AS text[]))
""")
REPUBLISH = text("INSERT INTO outbox (topic, entity) SELECT topic, entity FROM told WHERE topic = ANY(CAST(:topics AS text[]))")
TAKE = text("""
SELECT o.id, t.topic, t.entity, t.key, t.version, t.body
FROM (SELECT id, topic, entity FROM outbox ORDER BY id LIMIT :most) AS o LEFT JOIN told AS t USING (topic, entity) ORDER BY o.id
""")
UNSENT = text("SELECT count(*) FROM outbox")


class Told(NamedTuple):
    """The stored state of one entity as it was told; `body` is JSON with version 0."""

    topic: str
    entity: str
    key: str
    version: int
    body: bytes


class Unsent(NamedTuple):
    """One line of the work list with the state to send; `state` is None when the entity is no longer there (emptied)."""

    id: int
    state: Told | None


class Statement(NamedTuple):
    """One state on its way to `told`: the event's key, the digest of its text, the text with version 0."""

    key: str
    digest: bytes
    body: bytes


def publish(
    connection: Connection,
    tellings: Iterable[tuple[Topic, Event]],
    *,
    now: datetime,
    counted: bool = False,
    known: Mapping[tuple[str, str], bytes] | None = None,
) -> int:
    """Stores and publishes the states that differ from what was told before; gives how many were sent to the database.

    Events are built with version 0. The version becomes old + 1 where `counted` (what is received), else at least the
    microseconds of `now`, so that an emptied and rebuilt service outranks what it published before (design, section 3.1).
    `known` (see `digests`) leaves out, before the database is asked, what has not changed. One statement in any case.
    """
    return state(connection, differing(tellings, known or {}), now=now, counted=counted)


def differing(tellings: Iterable[tuple[Topic, Event]], known: Mapping[tuple[str, str], bytes]) -> dict[tuple[str, str], Statement]:
    """What differs from the digests of what was told before, by (topic, entity), encoded; pure."""
    rows = {}
    for topic, event in tellings:
        body = encode(event)
        if not body.startswith(ZERO_VERSION):
            raise ValueError("events are published with version 0: the version is given here")
        place, digest = (topic.name, topic.entity_of(event)), digest_of(body)
        if known.get(place) != digest:
            rows[place] = Statement(topic.key_of(event), digest, body)
    return rows


def state(connection: Connection, rows: Mapping[tuple[str, str], Statement], *, now: datetime, counted: bool = False) -> int:
    """The second half of `publish`, for who has to know what differs before it is stored. One statement."""
    if rows:
        connection.execute(PUBLISH, _arguments(rows, now, counted))
    return len(rows)


def _arguments(rows: Mapping[tuple[str, str], Statement], now: datetime, counted: bool) -> dict[str, Any]:
    places = sorted(rows)
    return {
        "topics": [topic for topic, _ in places],
        "entities": [entity for _, entity in places],
        "keys": [rows[place].key for place in places],
        "digests": [rows[place].digest for place in places],
        "bodies": [rows[place].body for place in places],
        "floor": 1 if counted else clock.micros(now),
    }


def digests(connection: Connection, topics: Iterable[Topic], keys: Iterable[str]) -> dict[tuple[str, str], bytes]:
    """What was told under these keys: (topic, entity) -> digest."""
    found = connection.execute(DIGESTS, {"topics": [topic.name for topic in topics], "keys": list(keys)})
    return {(topic, entity): bytes(digest) for topic, entity, digest in found.all()}


def bodies(connection: Connection, topics: Iterable[Topic], keys: Iterable[str]) -> list[Told]:
    """What was told under these keys, whole."""
    found = connection.execute(BODIES, {"topics": [topic.name for topic in topics], "keys": list(keys)})
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in found]


def republish(connection: Connection, topics: Iterable[Topic]) -> int:
    """Puts every current state of these topics on the work list again (design, section 3.3); gives how many."""
    return connection.execute(REPUBLISH, {"topics": [topic.name for topic in topics]}).rowcount


def again(connection: Connection, topic: str, entity: str) -> None:
    """Puts one state on the work list again."""
    connection.execute(text("INSERT INTO outbox (topic, entity) VALUES (:topic, :entity)"), {"topic": topic, "entity": entity})


def take(connection: Connection, most: int) -> list[Unsent]:
    """The oldest lines of the work list with the states to send; nothing is removed. Never a cursor `id > last`."""
    rows = connection.execute(TAKE, {"most": most})
    return [
        Unsent(id_, None if topic is None else Told(topic, entity, key, version, bytes(body)))
        for id_, topic, entity, key, version, body in rows.all()
    ]


def unsent(connection: Connection) -> int:
    """How many lines the work list has."""
    return int(connection.execute(UNSENT).scalar_one())
