"""By which mapping the answers that count were read."""

from __future__ import annotations

from sqlalchemy import text

from beklijf_shared.db import Connection

COUNTED = text("""
SELECT v.mapping, count(*) FROM version AS v JOIN resource AS r ON r.id = v.resource AND r.current = v.number
WHERE v.mapping IS NOT NULL GROUP BY v.mapping
""")


def counted(connection: Connection) -> dict[str, int]:
    """How many answers, by the name of the mapping (`code@version`)."""
    return {str(name): int(number) for name, number in connection.execute(COUNTED)}
