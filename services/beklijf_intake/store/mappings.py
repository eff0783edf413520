"""By which mapping the answers that count were read, and reading them again by another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import text

from beklijf_intake.domain.submission import Name
from beklijf_shared.db import Connection
from beklijf_shared.topics import RESPONSE_ACCEPTED

COUNTED = text("""
SELECT v.mapping, count(*) FROM version AS v JOIN resource AS r ON r.id = v.resource AND r.current = v.number
WHERE v.mapping IS NOT NULL GROUP BY v.mapping
""")
READ_BY = text("""
SELECT r.id, r.organisation, r.current, v.body, s.system, s.value
FROM version AS v JOIN resource AS r ON r.id = v.resource AND r.current = v.number JOIN subject AS s ON s.id = r.subject
WHERE v.mapping = ANY(CAST(:names AS text[])) AND (r.id > :after OR (:inclusive AND r.id = :after)) ORDER BY r.id LIMIT :most
""")
TOLD = text("SELECT entity, body FROM told WHERE topic = :topic AND entity = ANY(CAST(:ids AS text[]))")
MARK = text("""
UPDATE version AS v SET mapping = m.mapping
FROM unnest(CAST(:resources AS text[]), CAST(:numbers AS int[]), CAST(:mappings AS text[])) AS m(resource, number, mapping)
WHERE v.resource = m.resource AND v.number = m.number
""")


class Read(NamedTuple):
    """One answer in its current version, as it came."""

    resource: str
    organisation: str
    number: int
    body: bytes
    subject: Name


def counted(connection: Connection) -> dict[str, int]:
    """How many answers, by the name of the mapping (`code@version`)."""
    return {str(name): int(number) for name, number in connection.execute(COUNTED)}


def read_by(connection: Connection, names: Collection[str], after: str, most: int, *, inclusive: bool = False) -> list[Read]:
    """The next answers that these mappings read, in the order of our ids; from `after` on if `inclusive`."""
    rows = connection.execute(READ_BY, {"names": list(names), "after": after, "most": most, "inclusive": inclusive})
    return [Read(row.id, row.organisation, row.current, bytes(row.body), Name(row.system, row.value)) for row in rows]


def told(connection: Connection, ids: Collection[str]) -> dict[str, bytes]:
    """What was told of these answers; nothing of drafts."""
    rows = connection.execute(TOLD, {"topic": RESPONSE_ACCEPTED.name, "ids": list(ids)})
    return {str(entity): bytes(body) for entity, body in rows}


def mark(connection: Connection, rows: Sequence[tuple[str, int, str]]) -> None:
    """Writes down by which mapping versions (resource, number) were read now. What was received stays as it came."""
    resources, numbers, names = ([*column] for column in zip(*rows, strict=True)) if rows else ([], [], [])
    connection.execute(MARK, {"resources": resources, "numbers": numbers, "mappings": names})
