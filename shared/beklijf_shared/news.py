"""Who waits for a commit is woken by it: one channel for each database (https://www.postgresql.org/docs/18/sql-notify.html).

For loops that tell in few, large commits. A commit that tells news takes a lock that all such commits share, so the door, where every
request may be a commit, tells none; who waits for what comes in there has to look. Nothing depends on news: whoever waits looks now and
then all the same, and what was told while nobody listened is found.
"""

from __future__ import annotations

import psycopg
from sqlalchemy import text

from beklijf_shared.db import Connection, DBAPIError

TELL = text("SELECT pg_notify('beklijf', '')")
LISTEN = text("LISTEN beklijf")


def tell(connection: Connection) -> None:
    """With the commit of this transaction, whoever listens is woken."""
    connection.execute(TELL)


def listen(connection: Connection) -> None:
    """From the next commit on this connection can wait for news. It must be one that nobody else uses, ever."""
    with connection.begin():
        connection.execute(LISTEN)


def wait(connection: Connection, seconds: float) -> bool:
    """Returns when something was committed since the last wait, or after so long; says whether it was. Raises DBAPIError."""
    driver = connection.connection.dbapi_connection  # of one outside of the pool, too
    assert isinstance(driver, psycopg.Connection)
    try:
        return bool(list(driver.notifies(timeout=seconds, stop_after=1)))
    except psycopg.Error as error:
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, connection_invalidated=driver.closed, dialect=connection.dialect
        ) from error  # fmt: skip
