"""Statements that travel together are answered, and fail, as statements that travel alone; lost connections are known and replaced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from beklijf_shared import db, pipeline
from tests.lib.databases import Databases


@pytest.fixture(scope="module")
def engine(databases: Databases) -> Iterator[db.Engine]:
    with db.opened(databases("intake")) as engine:
        yield engine


def test_statements_travel_together_and_are_answered_in_any_order(engine: db.Engine) -> None:
    with db.transaction(engine) as connection, pipeline.on(connection) as under_way:
        first = under_way.send("SELECT %(n)s::int", {"n": 1})
        second = under_way.send("SELECT e FROM unnest(%(names)s::text[]) AS e", {"names": ["a", "b"]})

        assert (second(), first()) == ([("a",), ("b",)], [(1,)])


def send(engine: db.Engine, statement: str) -> None:
    """The statement twice in one pipeline."""
    with db.transaction(engine) as connection, pipeline.on(connection) as under_way:
        under_way.send(statement, {})
        under_way.send(statement, {})


def test_an_error_on_the_way_is_the_databases_own(engine: db.Engine) -> None:
    with pytest.raises(db.DBAPIError) as caught:
        send(engine, "INSERT INTO subject VALUES ('twice', 's', 'v')")

    assert (getattr(caught.value.orig, "sqlstate", None), db.is_transient(caught.value)) == ("23505", False)
    with db.transaction(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM subject WHERE id = 'twice'")).scalar_one() == 0


def test_a_lost_connection_is_known_as_one_and_replaced(engine: db.Engine) -> None:
    with pytest.raises(db.DBAPIError) as caught:
        send(engine, "SELECT pg_terminate_backend(pg_backend_pid())")

    assert db.is_transient(caught.value)
    with db.transaction(engine) as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_what_was_prepared_is_prepared_anew_after_the_server_forgot_it(engine: db.Engine) -> None:
    for _ in range(2):
        with db.transaction(engine) as connection, pipeline.on(connection) as under_way:
            assert under_way.send("SELECT %(n)s::int + 1", {"n": 1})() == [(2,)]
        with pytest.raises(db.DBAPIError):
            send(engine, "SELECT 1 / 0")


def test_a_connection_is_asked_whether_it_lives_only_after_a_rest(engine: db.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction(engine) as connection, db.transaction(engine) as other:
        mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        others = other.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with db.transaction(engine) as connection:  # the one that was given back first lies deepest; whichever comes, the other one is lost
        used = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": others if used == mine else mine})
    monkeypatch.setattr(db, "RESTED_SECONDS", 0.0)

    with db.transaction(engine) as connection, db.transaction(engine) as other:
        assert connection.execute(text("SELECT 1")).scalar_one() == other.execute(text("SELECT 1")).scalar_one() == 1


def test_what_was_written_for_a_connection_runs_in_a_pipeline(engine: db.Engine) -> None:
    with db.transaction(engine) as connection, pipeline.on(connection) as under_way:
        together = pipeline.as_connection(under_way)
        together.execute(text("INSERT INTO subject (id, system, value) VALUES (:id, 's', '100 %')"), {"id": "written"})
        values = together.execute(text("SELECT value::text FROM subject WHERE id = ANY(CAST(:ids AS text[]))"), {"ids": ["written"]})
        nobody = together.execute(text("SELECT 1 WHERE :no"), {"no": False})

        assert (values.scalar_one(), list(values), nobody.scalar_one_or_none(), nobody.all()) == ("100 %", [("100 %",)], None, [])
