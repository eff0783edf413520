"""The servers that all other tests stand on."""

from __future__ import annotations

import psycopg
import pytest

from beklijf.local.ports import is_free
from tests.lib import infra
from tests.lib.databases import Databases, plain
from tests.lib.servers import BrokerServer, PostgresServer
from tests.lib.wait import wait_until


def test_a_postgres_of_the_wheel_keeps_what_was_committed_when_it_is_killed() -> None:
    with infra.scratch() as folder:
        server = PostgresServer(folder).start()
        with psycopg.connect(plain(server.url), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

        server.kill()
        server.start()

        with psycopg.connect(plain(server.url)) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        server.stop()


def test_a_broker_of_the_wheel_comes_back_on_the_same_port() -> None:
    with infra.scratch() as folder:
        server = BrokerServer(folder).start()
        port = server.port

        server.kill()
        gone = is_free(port)
        server.start()

        assert gone
        assert not is_free(port)
        server.kill()


def test_every_call_makes_another_database(database: Databases) -> None:
    first, second = database.empty(), database.empty()

    with psycopg.connect(plain(first), autocommit=True) as connection:
        connection.execute("CREATE TABLE only_here ()")
    with psycopg.connect(plain(second)) as connection:
        found = connection.execute("SELECT to_regclass('only_here')").fetchone()

    assert found == (None,)


def test_waiting_ends_with_what_was_waited_for() -> None:
    with pytest.raises(AssertionError, match=r"not so after 0\.1 s: pigs fly; last answer: \[\]"):
        wait_until(list, 0.1, because="pigs fly")
