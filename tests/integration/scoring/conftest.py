"""Scoring on a fresh database of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import pytest
from sqlalchemy import text

from beklijf_scoring import app, store, telling
from beklijf_scoring.usecases import Scoring
from beklijf_shared import commands, contracts, db, outbox, topics
from beklijf_shared.events import EVERY_RECEIPT, Event
from tests.lib.clock import HandClock
from tests.lib.databases import Databases
from tests.lib.events import message

Told = TypeVar("Told", bound=Event)
TOPICS = {topic.event: topic for topic in topics.TOPICS}


@dataclass
class Service:
    """The use cases on an engine, and what one wants to know of the tables afterwards."""

    engine: db.Engine
    scoring: Scoring
    clock: HandClock

    def apply(self, *given: Event) -> list[str]:
        """Applies events as one batch; gives the reasons of what was refused."""
        self.clock.advance(seconds=1)
        with db.transaction(self.engine) as connection:
            return [each.reason for each in self.scoring.apply(connection, [message(event) for event in given], self.clock())]

    def told(self, kind: type[Told], *subjects: str) -> list[Told]:
        """What is told now of these subjects (by default s1), in the order of the entities."""
        with db.transaction(self.engine) as connection:
            rows = outbox.bodies(connection, [TOPICS[kind]], subjects or ("s1",))
        return [msgspec.json.decode(row.body, type=kind) for row in sorted(rows, key=lambda row: row.entity)]

    def counts(self) -> dict[tuple[str, str], int]:
        """The counts of data quality that are not zero, by organisation, or organisation and receipt."""
        with db.transaction(self.engine) as connection:
            return {
                (_scope(organisation, receipt), name): n for organisation, receipt, name, n in store.concerned.disposition_rows(connection)
            }

    def recount(self) -> dict[tuple[str, str], int]:
        """The same, counted anew from everything that was told."""
        counted: dict[tuple[str, str], int] = {}
        with db.transaction(self.engine) as connection:
            told = connection.execute(text("SELECT body FROM told WHERE topic = :topic"), {"topic": topics.SCORE_COMPUTED.name})
            places = [(_scope(*scope), name) for (body,) in told for scope, name in telling.dispositions(bytes(body))]
            places += [(row.organisation, telling.OF_ANOTHER_PATIENT) for row in store.concerned.awaited_rows(connection) if row.of_another]
        for place in places:
            counted[place] = counted.get(place, 0) + 1
        return counted

    def state_hash(self) -> str:
        """The hash by which two states are compared."""
        with db.transaction(self.engine) as connection:
            return commands.state_hash(connection, app.SERVICE)

    def unsent(self) -> int:
        """How many lines the work list has."""
        with db.transaction(self.engine) as connection:
            return outbox.unsent(connection)

    def empty(self) -> None:
        """What `python -m beklijf_scoring empty` does."""
        with db.transaction(self.engine) as connection:
            store.former.forget(connection, telling.NOTHING, self.clock())
            commands.truncate(connection, *app.EMPTIED)


@pytest.fixture(scope="session")
def scoring() -> Scoring:
    return Scoring(contracts.load())


@pytest.fixture
def service(database: Databases, scoring: Scoring, clock: HandClock) -> Iterator[Service]:
    with db.opened(database("scoring")) as engine:
        yield Service(engine, scoring, clock)


@pytest.fixture
def another(database: Databases, scoring: Scoring) -> Iterator[Service]:
    """A second service on a database of its own, to compare with."""
    with db.opened(database("scoring")) as engine:
        yield Service(engine, scoring, HandClock())


def batches(events: Sequence[Event], size: int) -> list[Sequence[Event]]:
    """Events in batches of that size."""
    return [events[start : start + size] for start in range(0, len(events), size)]


def _scope(organisation: str, receipt: str) -> str:
    return organisation if receipt == EVERY_RECEIPT else f"{organisation}/{receipt}"
