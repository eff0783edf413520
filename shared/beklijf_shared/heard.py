"""What this service was told: the newest state of every entity, by version (design, section 3.1).

Twice, late and out of order are normal here: a state is taken only if its version is greater than the stored one. The same
version with the same body is a duplicate; with another body it is an integrity error and becomes a dead letter (K05 to K07).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import text

from beklijf_shared.db import Connection
from beklijf_shared.envelope import Message
from beklijf_shared.topics import Topic

PLACES = "unnest(CAST(:topics AS text[]), CAST(:entities AS text[]))"
STORED = text(f"SELECT topic, entity, key, version, digest FROM heard JOIN {PLACES} AS p(topic, entity) USING (topic, entity)")  # noqa: S608
UPSERT = text("""
INSERT INTO heard AS h (topic, entity, key, version, digest, body, facts)
SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:entities AS text[]), CAST(:keys AS text[]), CAST(:versions AS bigint[]),
                     CAST(:digests AS bytea[]), CAST(:bodies AS bytea[]), CAST(:facts AS bytea[]))
ON CONFLICT (topic, entity) DO UPDATE
  SET key = excluded.key, version = excluded.version, digest = excluded.digest, body = excluded.body, facts = excluded.facts
  WHERE h.version < excluded.version
""")
LOAD = text("""
SELECT topic, entity, key, version, CASE WHEN facts IS NULL OR :whole THEN body END, facts FROM heard
WHERE key = ANY(CAST(:keys AS text[])) AND topic = ANY(CAST(:topics AS text[])) ORDER BY topic, entity
""")

Place = tuple[str, str]
"""(topic, entity)."""


class Stored(NamedTuple):
    """What was heard of one entity before: under which key, in which version, with which content."""

    key: str
    version: int
    digest: bytes


class Heard(NamedTuple):
    """The newest state heard of one entity; `body` may be left out where `facts` stand for it."""

    topic: str
    entity: str
    key: str
    version: int
    body: bytes | None
    facts: bytes | None


@dataclass(slots=True)
class Sorting:
    """A batch, sorted: `fresh` is the newest state per entity, to be applied; the rest needs no effect, or is an error."""

    fresh: list[Message] = field(default_factory=list)
    conflicting: list[Message] = field(default_factory=list)
    duplicate: int = 0
    stale: int = 0


def stored(connection: Connection, messages: Sequence[Message]) -> dict[Place, Stored]:
    """What was heard before of the entities in a batch. One statement."""
    places = sorted({message.place for message in messages})
    rows = connection.execute(STORED, {"topics": [topic for topic, _ in places], "entities": [entity for _, entity in places]})
    return {(topic, entity): Stored(key, version, bytes(digest)) for topic, entity, key, version, digest in rows.all()}


def sort(messages: Iterable[Message], before: Mapping[Place, Stored]) -> Sorting:
    """Newest per entity against what was stored; pure. Equal versions with another body are conflicting, also within the batch."""
    sorting = Sorting()
    newest: dict[Place, Message] = {}
    for message in messages:
        known: Message | Stored | None = newest.get(message.place) or before.get(message.place)
        if known is None or message.version > known.version:
            sorting.stale += message.place in newest
            newest[message.place] = message
        elif message.version < known.version:
            sorting.stale += 1
        elif message.digest == known.digest:
            sorting.duplicate += 1
        else:
            sorting.conflicting.append(message)
    sorting.fresh = [newest[place] for place in sorted(newest)]
    return sorting


def store(connection: Connection, fresh: Sequence[Message], facts: Mapping[Place, bytes] | None = None) -> None:
    """Stores the newest states, each only if it is still newer than what is there. One statement."""
    if not fresh:
        return
    connection.execute(
        UPSERT,
        {
            "topics": [message.topic.name for message in fresh],
            "entities": [message.entity for message in fresh],
            "keys": [message.key for message in fresh],
            "versions": [message.version for message in fresh],
            "digests": [message.digest for message in fresh],
            "bodies": [message.body for message in fresh],
            "facts": [(facts or {}).get(message.place) for message in fresh],
        },
    )


def load(connection: Connection, topics: Iterable[Topic], keys: Iterable[str], *, whole: bool = False) -> list[Heard]:
    """All that was heard under these keys, in the order of topic and entity; bodies only where there are no facts, or `whole`."""
    rows = connection.execute(LOAD, {"topics": [topic.name for topic in topics], "keys": list(keys), "whole": whole})
    return [
        Heard(topic, entity, key, version, None if body is None else bytes(body), None if facts is None else bytes(facts))
        for topic, entity, key, version, body, facts in rows.all()
    ]
