"""What was received, version by version: one of them, those of one resource, those of all of a type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from beklijf_intake.domain.search.cursor import Position, View
from beklijf_intake.domain.submission import ResourceType
from beklijf_intake.store.conditions import VISIBLE, at
from beklijf_intake.store.raw import KINDS
from beklijf_shared.db import Connection

BODIES = text("""
SELECT v.resource, v.number, v.body
FROM unnest(CAST(:resources AS text[]), CAST(:numbers AS int[])) WITH ORDINALITY AS wanted(resource, number, place)
JOIN version AS v USING (resource, number) ORDER BY wanted.place
""")
VERSION = text("""
SELECT number, received_at, body FROM version
WHERE resource = :id AND number = :number AND organisation = :organisation AND kind = :kind
""")
VERSIONS_OF = text("""
SELECT resource, number, received_at, arrival, octet_length(body) AS length FROM version
WHERE resource = :id AND organisation = :organisation AND kind = :kind AND number < :before
  AND received_at >= :since ORDER BY number DESC LIMIT :wanted
""")
IS_THERE = text("SELECT EXISTS (SELECT FROM version WHERE resource = :id AND organisation = :organisation AND kind = :kind)")
VERSIONS_OF_ALL = text(f"""
SELECT resource, number, received_at, arrival, octet_length(body) AS length FROM version AS v
WHERE kind = :kind AND organisation = :organisation AND received_at >= :since AND (received_at, arrival) < (:key, :among_equals)
  AND {VISIBLE.format(v="v")}
ORDER BY received_at DESC, arrival DESC LIMIT :wanted
""")  # noqa: S608 the condition stands in the module beside this one


@dataclass(frozen=True, slots=True)
class Row:
    """One version on a page, without its body: the place it has in the order, and how long its body is."""

    resource: str
    number: int
    received_at: datetime
    position: Position
    length: int


@dataclass(frozen=True, slots=True)
class Stored:
    """One version as it came."""

    resource: str
    number: int
    received_at: datetime
    body: bytes


def bodies(connection: Connection, rows: Sequence[Row]) -> list[Stored]:
    """What was received, in the order of the rows."""
    wanted = {"resources": [row.resource for row in rows], "numbers": [row.number for row in rows]}
    found = connection.execute(BODIES, wanted)
    return [Stored(row.resource, row.number, row.received_at, bytes(got.body)) for row, got in zip(rows, found, strict=True)]


def version(connection: Connection, organisation: str, type_: ResourceType, id_: str, number: int) -> Stored | None:
    """One received version, whether it counts or not."""
    found = connection.execute(VERSION, {"id": id_, "number": number, "organisation": organisation, "kind": KINDS[type_]}).one_or_none()
    return None if found is None else Stored(id_, found.number, found.received_at, bytes(found.body))


def is_there(connection: Connection, organisation: str, type_: ResourceType, id_: str) -> bool:
    """Whether that organisation has a resource with this id."""
    return bool(connection.execute(IS_THERE, {"id": id_, "organisation": organisation, "kind": KINDS[type_]}).scalar_one())


def versions_of(
    connection: Connection, organisation: str, type_: ResourceType, id_: str, *, since: datetime, before: int, wanted: int
) -> list[Row]:
    """The versions of one resource, the last to arrive first."""
    asked = {"id": id_, "organisation": organisation, "kind": KINDS[type_], "since": since, "before": before, "wanted": wanted}
    rows = connection.execute(VERSIONS_OF, asked)
    return [Row(row.resource, row.number, row.received_at, Position(row.received_at, row.number), row.length) for row in rows]


def versions_of_all(
    connection: Connection, organisation: str, type_: ResourceType, view: View, *, since: datetime, before: Position, wanted: int
) -> list[Row]:
    """The versions of all resources of a type, the last to be received first."""
    asked = {"organisation": organisation, "kind": KINDS[type_], "since": since, "wanted": wanted, **at(view)}
    rows = connection.execute(VERSIONS_OF_ALL, {**asked, "key": before.key, "among_equals": before.among_equals})
    return [Row(row.resource, row.number, row.received_at, Position(row.received_at, row.arrival), row.length) for row in rows]
