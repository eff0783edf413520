"""Lists reach the database as they are."""

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
