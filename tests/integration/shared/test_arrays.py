"""Lists reach the database as they are, and statements that travel together fail as statements that travel alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from beklijf_shared import db
from tests.lib.databases import Databases


@pytest.fixture(scope="module")
def engine(databases: Databases) -> Iterator[db.Engine]:
    with db.opened(databases("intake")) as engine:
        yield engine


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=5)
EPOCH = datetime(2000, 1, 1, tzinfo=timezone(timedelta(hours=-13, minutes=-59)))
LISTS = {
    "text": TEXTS,
    "bytea": st.binary(max_size=5),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "timestamptz": st.integers(-30_000_000_000, 200_000_000_000).map(lambda seconds: EPOCH + timedelta(seconds=seconds, microseconds=7)),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_arrives_as_it_is(engine: db.Engine, kind: str) -> None:
    with db.transaction(engine) as connection:

        @settings(max_examples=60, deadline=None)
        @given(st.lists(st.none() | LISTS[kind], max_size=6))
        def check(values: list[Any]) -> None:
            rows = connection.execute(text(f"SELECT e FROM unnest(CAST(:given AS {kind}[])) AS e"), {"given": values}).all()

            assert [bytes(one) if kind == "bytea" and one is not None else one for (one,) in rows] == values

        check()


def test_what_is_not_plain_goes_the_drivers_way(engine: db.Engine) -> None:
    with db.transaction(engine) as connection:
        given = {"decimals": [Decimal("1.50"), None], "nested": [["a"], ["b"]], "days": [datetime(2020, 3, 2, tzinfo=UTC).date()]}
        sql = "SELECT CAST(:decimals AS numeric[]), CAST(:nested AS text[]), CAST(:days AS date[])"

        assert list(connection.execute(text(sql), given).one()) == list(given.values())


def test_statements_travel_together_and_are_answered_in_any_order(engine: db.Engine) -> None:
    with db.transaction(engine) as connection, db.pipeline(connection) as under_way:
        first = under_way.send("SELECT %(n)s::int", {"n": 1})
        second = under_way.send("SELECT e FROM unnest(%(names)s::text[]) AS e", {"names": ["a", "b"]})

        assert (second(), first()) == ([("a",), ("b",)], [(1,)])


def send(engine: db.Engine, statement: str) -> None:
    """The statement twice in one pipeline."""
    with db.transaction(engine) as connection, db.pipeline(connection) as under_way:
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
