"""What only a relay does with the work list, and tests that stand in for one."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from beklijf_shared.db import Connection


def delete(connection: Connection, ids: Iterable[int]) -> None:
    """Takes lines off the work list, as if a broker had acknowledged what they stand for."""
    connection.execute(text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))"), {"ids": list(ids)})
