"""How far: the last acknowledged offset per partition (relays) and the last applied one (consumers), by broker incarnation.

Done is a fact, not a sleep (design, section 3.5): nothing unsent, and applied at least acknowledged on every edge. Both are
stored in the transactions that make them true. Offsets are "next": one more than the last record acknowledged or applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from sqlalchemy import text

from beklijf_shared import outbox
from beklijf_shared.db import Connection
from beklijf_shared.topics import Topic

Direction = Literal["acknowledged", "applied"]
Offsets = Mapping[tuple[str, int], int]
"""(topic, partition) -> next offset."""

ADVANCE = text("""
INSERT INTO progress AS p (incarnation, direction, topic, partition, next_offset, backlog)
SELECT :incarnation, :direction, topic, partition, next_offset, :backlog
FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[])) AS n(topic, partition, next_offset)
ON CONFLICT (incarnation, direction, topic, partition) DO UPDATE
  SET next_offset = greatest(p.next_offset, excluded.next_offset), backlog = excluded.backlog
  WHERE p.next_offset < excluded.next_offset OR p.backlog <> excluded.backlog
""")
STORED = text("SELECT topic, partition, next_offset, backlog FROM progress WHERE incarnation = :incarnation AND direction = :direction")
INCARNATION = text("SELECT incarnation FROM broker")
# One statement: a broker that is remembered has got everything, whenever this process dies.
MEET = text("""
WITH met AS (
  INSERT INTO broker (sole, incarnation) VALUES (true, :incarnation)
  ON CONFLICT (sole) DO UPDATE SET incarnation = excluded.incarnation WHERE broker.incarnation <> excluded.incarnation
  RETURNING incarnation
), again AS (
  INSERT INTO outbox (topic, entity) SELECT topic, entity FROM told, met WHERE topic = ANY(CAST(:topics AS text[])) RETURNING id
)
SELECT count(*) FROM again HAVING EXISTS (SELECT FROM met)
""")
# The work list and the offset change together: were a line forgotten first, done could be said too early.
ACKNOWLEDGE = text(f"WITH sent AS (DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))) {ADVANCE.text}")  # noqa: S608
CALM = text("UPDATE progress SET backlog = false WHERE direction = 'applied' AND backlog")


def advance(connection: Connection, incarnation: str, direction: Direction, offsets: Offsets, *, backlog: bool = False) -> None:
    """Stores offsets, which only ever grow: a zombie that comes late cannot move them back."""
    if offsets:
        connection.execute(ADVANCE, _arguments(incarnation, direction, offsets, backlog))


def acknowledge(connection: Connection, incarnation: str, ids: Iterable[int], offsets: Offsets) -> None:
    """Removes lines from the work list that the broker has acknowledged, and stores how far it is with them. One statement."""
    connection.execute(ACKNOWLEDGE, {"ids": list(ids), **_arguments(incarnation, "acknowledged", offsets, backlog=False)})


def _arguments(incarnation: str, direction: Direction, offsets: Offsets, backlog: bool) -> dict[str, Any]:
    places = sorted(offsets)
    return {
        "incarnation": incarnation,
        "direction": direction,
        "topics": [topic for topic, _ in places],
        "partitions": [partition for _, partition in places],
        "offsets": [offsets[place] for place in places],
        "backlog": backlog,
    }


def stored(connection: Connection, incarnation: str, direction: Direction) -> dict[tuple[str, int], int]:
    """The offsets stored for this incarnation of the broker; another incarnation starts at 0."""
    rows = connection.execute(STORED, {"incarnation": incarnation, "direction": direction})
    return {(topic, partition): next_offset for topic, partition, next_offset, _ in rows}


def backlog(connection: Connection) -> bool:
    """Whether some consumer's last poll was a full batch, so that more is probably waiting."""
    incarnation = known_incarnation(connection)
    if incarnation is None:
        return False
    rows = connection.execute(STORED, {"incarnation": incarnation, "direction": "applied"})
    return any(row.backlog for row in rows)


def calm(connection: Connection) -> None:
    """Says that no backlog is left: a poll came back empty."""
    connection.execute(CALM)


def known_incarnation(connection: Connection) -> str | None:
    """The incarnation of the broker that this database has met last."""
    return connection.execute(INCARNATION).scalar_one_or_none()


def meet(connection: Connection, incarnation: str, topics: Iterable[Topic] = ()) -> int | None:
    """Remembers the broker's incarnation. When it is another one than before, or the first, every current state of these topics goes
    on the work list (design, section 3.3): gives how many; None when it is the same."""
    return connection.execute(MEET, {"incarnation": incarnation, "topics": [topic.name for topic in topics]}).scalar_one_or_none()


def report(connection: Connection, incarnation: str | None) -> dict[str, Any]:
    """What `/progress` says: read in one transaction, for the incarnation that the process has seen."""
    return {
        "incarnation": incarnation,
        "unsent": outbox.unsent(connection),
        "acknowledged": _nested(stored(connection, incarnation or "", "acknowledged")),
        "applied": _nested(stored(connection, incarnation or "", "applied")),
        "backlog": backlog(connection),
    }


def _nested(offsets: Offsets) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (topic, partition), next_offset in sorted(offsets.items()):
        nested.setdefault(topic, {})[str(partition)] = next_offset
    return nested
