"""Who waits for news is woken by the commit of who tells, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from beklijf_shared import db, news
from tests.lib.databases import Databases

SOON, LONG = 0.05, 30.0
END_LISTENERS = text("""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN beklijf' AND datname = current_database()
""")


@pytest.fixture(scope="module")
def engine(databases: Databases) -> Iterator[db.Engine]:
    with db.opened(databases("scoring")) as engine:
        yield engine


@pytest.fixture
def listening(engine: db.Engine) -> Iterator[db.Connection]:
    with db.alone(engine) as connection:
        news.listen(connection)
        yield connection


def test_a_commit_wakes_whoever_waits(engine: db.Engine, listening: db.Connection) -> None:
    with db.transaction(engine) as connection:
        news.tell(connection)
        assert not news.wait(listening, SOON)  # not committed yet

    assert news.wait(listening, LONG)
    assert not news.wait(listening, SOON)  # it is told once


def test_what_was_told_while_the_connection_did_something_else_is_not_lost(engine: db.Engine, listening: db.Connection) -> None:
    with db.transaction(engine) as connection:
        news.tell(connection)
    with listening.begin():
        listening.execute(text("SELECT 1"))

    assert news.wait(listening, LONG)


def test_what_was_rolled_back_is_no_news(engine: db.Engine, listening: db.Connection) -> None:
    with engine.connect() as connection:
        news.tell(connection)
        connection.rollback()

    assert not news.wait(listening, SOON)


def test_a_lost_connection_is_known_as_one(engine: db.Engine, listening: db.Connection) -> None:
    with db.transaction(engine) as connection:
        connection.execute(END_LISTENERS)

    with pytest.raises(db.DBAPIError) as caught:
        news.wait(listening, LONG)

    assert db.is_transient(caught.value)
