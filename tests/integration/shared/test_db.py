"""What callers are told when the database is too busy to be asked."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from sqlalchemy.exc import PendingRollbackError

from beklijf_shared import db
from tests.lib.databases import Databases
from tests.lib.wait import wait_until


def test_that_no_connection_is_free_passes_like_a_lost_one(database: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "FREE_CONNECTION_SECONDS", 0.1)
    with db.opened(database("intake"), pool_size=1) as engine:
        with ExitStack() as in_use:
            for _ in range(1 + db.OVERFLOW):
                in_use.enter_context(db.transaction(engine))
            with pytest.raises(db.DBAPIError) as raised, db.transaction(engine):
                pass
        afterwards = db.answers(engine)

    assert db.is_transient(raised.value)
    assert afterwards


def test_who_is_silent_loses_the_lock_and_another_becomes_active(database: Databases) -> None:
    with db.opened(database("intake")) as engine, engine.connect() as silent, engine.connect() as other:
        silent.detach()
        assert db.becomes_active(silent, 7, silent_seconds=3)
        assert not db.becomes_active(other, 7)

        wait_until(lambda: db.becomes_active(other, 7))

        with pytest.raises(db.DBAPIError) as raised:
            db.becomes_active(silent, 7)
    assert db.is_transient(raised.value)


def test_whoever_stands_still_in_a_transaction_may_come_again(database: Databases) -> None:
    """The server ends the session, and says so at the next statement; whatever follows in the same transaction is as little stored."""
    with db.opened(database("intake")) as engine, engine.connect() as slow, engine.connect() as other:
        ended = slow.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        slow.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '100ms'")
        alive = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {int(ended)}"
        with other.execution_options(isolation_level="AUTOCOMMIT"):
            wait_until(lambda: other.exec_driver_sql(alive).scalar_one() == 0, because="the server has ended the session")
        with pytest.raises(db.DBAPIError) as first:
            slow.exec_driver_sql("SELECT 1")
        with pytest.raises(PendingRollbackError) as second:
            slow.exec_driver_sql("SELECT 1")

    assert getattr(first.value.orig, "sqlstate", None) == "25P03"
    assert (db.is_transient(first.value), db.is_transient(second.value)) == (True, True)
