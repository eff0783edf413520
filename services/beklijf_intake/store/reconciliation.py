"""A sender's own list against the raw store: laid beside it in a table of one transaction, so that any length takes the same memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import text

from beklijf_intake.domain.listing import Listed
from beklijf_shared.db import Connection

ROWS_AT_ONCE = 2_000

CREATE = text("""
CREATE TEMPORARY TABLE listed (line integer NOT NULL, type text NOT NULL, system text NOT NULL, value text NOT NULL, digest bytea NOT NULL)
ON COMMIT DROP
""")
FILL = text("""
INSERT INTO listed
SELECT * FROM unnest(CAST(:lines AS int[]), CAST(:types AS text[]), CAST(:systems AS text[]), CAST(:values AS text[]),
  CAST(:digests AS bytea[]))
""")
ANALYZE = text("ANALYZE listed")
COMPARE = text("""
SELECT l.line, CASE
  WHEN l.turn > 1 THEN 'listed-twice'
  WHEN v.digest IS NULL THEN 'missing-there'
  WHEN v.digest = l.digest THEN 'same'
  WHEN EXISTS (SELECT FROM version AS o WHERE o.resource = r.id AND o.digest = l.digest) THEN 'superseded'
  ELSE 'different' END AS result
FROM (SELECT *, row_number() OVER (PARTITION BY type, system, value ORDER BY line) AS turn FROM listed) AS l
LEFT JOIN resource AS r
  ON r.organisation = :organisation AND r.type = l.type AND r.system = l.system AND r.value = l.value
LEFT JOIN version AS v ON v.resource = r.id AND v.number = r.current
ORDER BY l.line
""")
MISSING_HERE = text("""
SELECT r.type, r.system, r.value FROM resource AS r JOIN version AS v ON v.resource = r.id AND v.number = r.current
WHERE r.organisation = :organisation AND r.type IN (SELECT DISTINCT type FROM listed)
  AND v.status IS DISTINCT FROM 'entered-in-error'
  AND NOT (r.type = 'EpisodeOfCare' AND convert_from(r.record, 'UTF8')::jsonb ->> 'status' = 'entered-in-error')
  AND NOT EXISTS (SELECT FROM listed AS l WHERE l.type = r.type AND l.system = r.system AND l.value = r.value)
ORDER BY r.type, r.system, r.value
""")


def begin(connection: Connection) -> None:
    """Makes the table, for this transaction."""
    connection.execute(CREATE)


def fill(connection: Connection, lines: Sequence[Listed]) -> None:
    """Adds lines to it. One statement."""
    connection.execute(
        FILL,
        {
            "lines": [line.number for line in lines],
            "types": [line.type for line in lines],
            "systems": [line.name.system for line in lines],
            "values": [line.name.value for line in lines],
            "digests": [line.digest for line in lines],
        },
    )


def compare(connection: Connection, organisation: str) -> Iterator[tuple[int, str]]:
    """What each line says of this organisation's resources, in the order of the list: (line, result)."""
    connection.execute(ANALYZE)
    return ((int(line), str(result)) for line, result in _streamed(connection, COMPARE, organisation))


def missing_here(connection: Connection, organisation: str) -> Iterator[tuple[str, str, str]]:
    """What is held of the listed types and not listed: type, system, value. What was entered in error is not missed."""
    return ((str(type_), str(system), str(value)) for type_, system, value in _streamed(connection, MISSING_HERE, organisation))


def _streamed(connection: Connection, statement: Any, organisation: str) -> Iterator[Any]:
    """The rows, fetched as they are needed."""
    options = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
    yield from connection.execute(statement, {"organisation": organisation}, execution_options=options)
