"""Pages of searches: one moment of the registry, whoever writes meanwhile; and found by an index, however much is stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from beklijf_intake import queries
from beklijf_intake.domain.search import cursor, query
from beklijf_intake.domain.search.criteria import Circumstances
from beklijf_intake.domain.search.cursor import Cursor
from beklijf_intake.domain.search.dates import EARLIEST
from beklijf_intake.domain.submission import ResourceType
from beklijf_intake.queries import Page
from beklijf_intake.usecases import Unit, accept
from beklijf_shared import db
from tests.integration.intake.conftest import RULES, Registry
from tests.lib import builders
from tests.lib.builders import BASE, PSEUDONYMS
from tests.lib.databases import Databases
from tests.lib.desk import request
from tests.lib.plain_search import ZONE
from tests.lib.reading import ORGANISATION
from tests.lib.wait import wait_until

Pairs = list[tuple[str, str]]
SORTS = ("_lastUpdated", "-_lastUpdated", "_id", "-_id", "authored", "-authored")
ROWS = 20_000


def page(registry: Registry, type_: ResourceType, pairs: Pairs, after: Cursor | None = None) -> Page:
    """One page, as the route asks for it."""
    at = Circumstances(type_, ORGANISATION, "https://registry.example/fhir/", ZONE, registry.clock())
    what = query.read(pairs, at, strict=True)
    if after is not None:
        after = cursor.of_text(cursor.to_text(after, "q"), "q", by_id=what.order.name == "_id")
    with db.transaction(registry.engine) as connection:
        return queries.find(connection, ORGANISATION, what, after, at.now, patients=what.include_patients)


def answer(name: str, value: int, **more: Any) -> Any:
    return request(builders.vas(name, value % 101, authored=f"2014-03-{1 + value % 28:02d}", **more))


@pytest.mark.parametrize("sort", SORTS)
def test_what_changes_between_two_pages_changes_none_of_them(registry: Registry, sort: str) -> None:
    for number in range(6):
        registry.at(registry.clock.advance(seconds=1))
        registry.one(answer(f"a{number}", number))
    pairs = [("_sort", sort), ("_count", "2"), ("_total", "accurate")]

    seen, after = page(registry, "QuestionnaireResponse", pairs), None
    numbers = [(one.resource, one.number) for one in seen.found]
    for turn in range(2):
        registry.at(registry.clock.advance(seconds=1))
        registry.one(answer(f"new{turn}", turn))  # before, among and behind what is listed
        registry.one(answer(f"a{turn}", 20 + turn, status="amended"))  # moves to another place in every order
        registry.one(answer(f"a{5 - turn}", 10 - turn, status="amended"))
        after = seen.following
        seen = page(registry, "QuestionnaireResponse", pairs, after)
        numbers += [(one.resource, one.number) for one in seen.found]

    assert seen.following is None
    assert sorted(numbers) == sorted((id_, 1) for id_ in registry.rows("SELECT id FROM resource WHERE value LIKE 'a_'"))
    assert seen.total == 6


@pytest.mark.parametrize("sort", SORTS)
def test_a_transaction_that_began_earlier_and_ends_later_belongs_to_the_next_search(registry: Registry, sort: str) -> None:
    registry.at(datetime(2020, 3, 2, 23, 0, 2, tzinfo=UTC))  # a new day since two seconds: what arrives before has a tally of its own,
    registry.one(answer("first", 1))  # so that the late transaction locks nothing that the others need
    pairs = [("_sort", sort), ("_count", "1")]
    with db.transaction(registry.engine) as late:
        units = [Unit(ORGANISATION, (answer(name, value, of="p2"),)) for name, value in (("early", 0), ("late", 27))]
        accept(late, units, now=registry.clock.instant - timedelta(seconds=5), make_id=registry.ids, rules=RULES)
        registry.one(answer("second", 2))
        begun = page(registry, "QuestionnaireResponse", pairs)
    rest = page(registry, "QuestionnaireResponse", pairs, begun.following)

    assert rest.following is None
    assert len({one.resource for one in (*begun.found, *rest.found)}) == 2
    assert begun.complete_until is not None
    assert begun.complete_until <= registry.clock.instant - timedelta(seconds=5)  # a search for news from there on finds the late ones
    assert len(page(registry, "QuestionnaireResponse", [("_lastUpdated", f"ge{begun.complete_until:%Y-%m-%dT%H:%M:%SZ}")]).found) == 4


def test_pages_under_a_writer_hold_each_answer_once(registry: Registry) -> None:
    """Somebody stores, amends and stores late, as fast as possible; whoever pages sees what was there, each once."""
    for number in range(40):
        registry.one(answer(f"a{number}", number))
    there = set(registry.rows("SELECT id FROM resource"))
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            number = len(written)
            registry.one(answer(f"a{number % 40}", number, status="amended"))
            registry.one(answer(f"b{number}", number))
            written.append(number)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            for sort in SORTS:
                for count in (3, 7):
                    _check_each_once(registry, sort, count, there, written)
        finally:
            stop.set()
        writing.result()


def _check_each_once(registry: Registry, sort: str, count: int, there: set[str], written: list[int]) -> None:
    """Of what is written meanwhile, something is written behind the first page, whoever is the faster."""
    pairs = [("_sort", sort), ("_count", str(count)), ("_total", "accurate")]
    seen = page(registry, "QuestionnaireResponse", pairs)
    ids = [one.resource for one in seen.found]
    enough = len(written) + 2
    wait_until(lambda: len(written) >= enough, because="somebody writes")
    while seen.following is not None:
        seen = page(registry, "QuestionnaireResponse", pairs, seen.following)
        ids += [one.resource for one in seen.found]
    assert len(ids) == len(set(ids)) == seen.total
    assert there <= set(ids)


LARGE = f"""
INSERT INTO subject (id, system, value) SELECT 's' || n, '{PSEUDONYMS}', 'p' || n FROM generate_series(1, {ROWS} / 10) AS n;
INSERT INTO resource (id, organisation, type, system, value, subject, current, latest)
SELECT lpad(n::text, 36, '0'), CASE WHEN n % 3 = 0 THEN '{ORGANISATION}' ELSE 'other' END, 'QuestionnaireResponse', 'https://x', 'a' || n,
  's' || (1 + n % ({ROWS} / 10)), 1, 1 FROM generate_series(1, {ROWS}) AS n;
INSERT INTO version (resource, number, received_at, status, authored, whole_day, digest, body, organisation, kind, shown, since, until,
  questionnaire, state)
SELECT r.id, 1, timestamptz '2020-01-01Z' + n * interval '1 second', 'completed', timestamptz '2014-01-01Z' + n * interval '1 hour', false,
  '',
  '{{"resourceType":"QuestionnaireResponse"}}', r.organisation, 4, true, timestamptz '2014-01-01Z' + n * interval '1 hour',
  timestamptz '2014-01-01Z' + n * interval '1 hour' + interval '1 second', '{BASE}/Questionnaire/vas-pain|1.0.0', 'completed'
FROM resource AS r, LATERAL (SELECT r.id::bigint AS n) AS of;
"""


@pytest.fixture(scope="module")
def large(databases: Databases) -> Iterator[Registry]:
    """Twenty thousand answers of two thousand patients, a third of them this organisation's."""
    with db.opened(databases("intake")) as engine:
        with db.transaction(engine) as connection:
            for statement in LARGE.strip().split(";\n"):
                connection.execute(text(statement.rstrip(";")))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        yield Registry(engine)


QUERIES: list[Pairs] = [
    [],
    [("_sort", "-_lastUpdated")],
    [("_sort", "_id")],
    [("_lastUpdated", "ge2020-01-01T03:00:00Z")],
    [("authored", "ge2015"), ("authored", "lt2016")],
    [("authored", "2014-06"), ("_sort", "-authored")],
    [("patient:identifier", f"{PSEUDONYMS}|p3")],
    [("identifier", "https://x|a3")],
    [("identifier", "a3")],
    [("_id", "0" * 35 + "3")],
    [("status", "entered-in-error")],
    [("questionnaire", f"{BASE}/Questionnaire/qbpds")],
    [("_query", "waiting")],
    [("_include", "QuestionnaireResponse:subject")],
]


@pytest.mark.parametrize("pairs", QUERIES, ids=lambda pairs: "&".join(name for name, _ in pairs) or "all")
def test_every_page_is_found_by_an_index(large: Registry, pairs: Pairs) -> None:
    statements: list[tuple[str, Any]] = []
    event.listen(large.engine, "before_cursor_execute", lambda *each: statements.append((each[2], each[3])))
    first = page(large, "QuestionnaireResponse", pairs)
    if first.following is not None:
        page(large, "QuestionnaireResponse", pairs, first.following)

    asked = [one for one in statements if " version " in one[0] or " resource " in one[0]]
    assert asked
    with large.engine.connect() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters).scalar_one()[0]["Plan"]
            nodes = list(_nodes(plan))
            assert not [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"], statement
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 40_000  # the budget's worth, and not what is stored


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def test_a_page_costs_the_same_however_deep_it_lies(large: Registry) -> None:
    pairs = [("_sort", "authored"), ("_count", "50")]
    blocks, seen = [], page(large, "QuestionnaireResponse", pairs)
    while seen.following is not None:
        statements: list[tuple[str, Any]] = []
        listener: Any = lambda *each: statements.append((each[2], each[3]))  # noqa: E731, B023
        event.listen(large.engine, "before_cursor_execute", listener)
        seen = page(large, "QuestionnaireResponse", pairs, seen.following)
        event.remove(large.engine, "before_cursor_execute", listener)
        statement, parameters = next(one for one in statements if "octet_length" in one[0])
        with large.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters).scalar_one()[0]["Plan"]
        blocks.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    assert len(blocks) > 100
    assert max(blocks[-10:]) < 2 * max(blocks[:10])


def test_the_history_of_a_type_is_found_by_an_index_too(large: Registry) -> None:
    statements: list[tuple[str, Any]] = []
    event.listen(large.engine, "before_cursor_execute", lambda *each: statements.append((each[2], each[3])))
    now = datetime(2020, 3, 2, tzinfo=UTC)
    with db.transaction(large.engine) as connection:
        first = queries.versions_of_all(connection, ORGANISATION, "QuestionnaireResponse", since=EARLIEST, cursor=None, wanted=50, now=now)
        queries.versions_of_all(
            connection, ORGANISATION, "QuestionnaireResponse", since=EARLIEST, cursor=first.following, wanted=50, now=now
        )

    with large.engine.connect() as connection:
        for statement, parameters in [one for one in statements if " version " in one[0]]:
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters).scalar_one()[0]["Plan"]
            assert not [node for node in _nodes(plan) if node["Node Type"] == "Seq Scan"]
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 500
