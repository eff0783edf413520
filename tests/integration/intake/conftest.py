"""An intake database that is emptied before each test, and a way to look into it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from beklijf_intake.domain.register import Decision, Request
from beklijf_intake.usecases import Rules, Unit, Verdict
from beklijf_intake.writer import committer
from beklijf_shared import db
from tests.lib.clock import CountedIds, HandClock
from tests.lib.databases import Databases

RULES = Rules(key=b"a key that is for tests only....")
TABLES = ("version", "resource", "subject", "receipt", "told", "outbox")


@dataclass
class Registry:
    """Intake's use case on a real database, with a clock and ids set by hand."""

    engine: db.Engine
    clock: HandClock = field(default_factory=HandClock)
    ids: CountedIds = field(default_factory=CountedIds)

    def accept(self, *units: Sequence[Request]) -> list[Verdict]:
        """One batch, committed."""
        commit = committer(self.engine, self.clock, self.ids, RULES)
        return commit([Unit(unit[0].organisation, tuple(unit)) for unit in units])

    def one(self, request: Request) -> Decision:
        """One request that must be accepted."""
        verdict = self.accept([request])[0]
        assert isinstance(verdict, list), verdict.problems
        return verdict[0]

    def empty(self) -> None:
        """Back to nothing."""
        with db.transaction(self.engine) as connection:
            for table in TABLES:
                connection.execute(text(f"DELETE FROM {table}"))  # of a few rows: faster than TRUNCATE

    def rows(self, sql: str) -> list[Any]:
        """The rows of a query; plain values where it has one column."""
        with db.transaction(self.engine) as connection:
            found: Iterable[Any] = connection.execute(text(sql)).all()
            return [row[0] if len(row) == 1 else tuple(row) for row in found]

    def told(self, topic: str) -> dict[str, dict[str, Any]]:
        """What was told on a topic, by entity, with our ids replaced by the senders' names: equal whatever the ids are."""
        names = {id_: f"{organisation}/{value}" for id_, organisation, value in self.rows("SELECT id, organisation, value FROM resource")}
        names |= dict(self.rows("SELECT id, value FROM subject"))
        found = {}
        for entity, key, body in self.rows(f"SELECT entity, key, body FROM told WHERE topic = 'beklijf.{topic}.v1'"):
            event = {field: _named(value, names) for field, value in json.loads(bytes(body)).items()}
            assert names.get(key, key) == event.get("subject", event["organisation"])
            found[names.get(entity, entity)] = event
        return found

    def at(self, instant: datetime) -> None:
        """Sets the clock."""
        self.clock.instant = instant


def _named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value.removeprefix("QuestionnaireResponse/"), value)
    return value


@pytest.fixture(scope="module")
def module_engine(databases: Databases) -> Iterator[db.Engine]:
    """One migrated database for all tests of a module."""
    with db.opened(databases("intake")) as engine:
        yield engine


@pytest.fixture
def registry(module_engine: db.Engine) -> Registry:
    """An empty registry."""
    registry = Registry(module_engine)
    registry.empty()
    return registry
