"""A cohorts service on a fresh database, without a broker: events in, snapshots and follow-ups out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from beklijf_cohorts import app, queries, store, usecases
from beklijf_cohorts.publisher import Publishing
from beklijf_cohorts.usecases import Plans
from beklijf_shared import commands, contracts, db, events, figures
from beklijf_shared.db import Connection, Engine
from beklijf_shared.telemetry import Logger
from tests.lib.clock import HandClock
from tests.lib.databases import Databases
from tests.lib.events import message

SITE = Path(__file__).parents[2] / "lib" / "contracts"


@dataclass
class Cohorts:
    """The service's use cases on its database."""

    url: str
    engine: Engine
    plans: Plans
    clock: HandClock
    publishing: Publishing

    def apply(self, *given: events.Event, partition: int = 0) -> list[str]:
        """Applies events as one batch; gives the reasons of what was refused."""
        with db.transaction(self.engine) as connection:
            messages = [message(event, partition=partition) for event in given]
            return [each.reason for each in usecases.apply(connection, messages, self.clock(), self.plans)]

    def publish(self) -> None:
        """Lets the publisher go round until it has nothing more to do."""
        for _ in range(1000):
            self.hurry()
            looked = self.publishing.looked
            if not self.publishing.step() and self.publishing.looked is not None and self.publishing.looked == looked:
                return
        raise AssertionError("the publisher never comes to rest")

    def hurry(self) -> None:
        """As if the time between two snapshots were over."""
        for lane in self.publishing.lanes:
            lane.not_before = 0

    def snapshot(self, cohort: str = "imsr") -> events.CohortSnapshot:
        """The newest snapshot of a cohort."""
        with db.transaction(self.engine) as connection:
            ((_, version, body),) = store.snapshots(connection, [cohort])
        return msgspec.structs.replace(msgspec.json.decode(body, type=events.CohortSnapshot), version=version)

    def row(self, figure: str, cohort: str = "imsr", **stratum: str) -> dict[str, int | str | None]:
        """The numbers of one row of a figure."""
        rows = figures.records(figures.named(self.snapshot(cohort), figure))
        (row,) = (row for row in rows if stratum.items() <= row.stratum.items())
        return {name: _plain(cell) for name, cell in row.cells.items()}

    def follow_ups(self, cohort: str = "imsr") -> dict[str, str]:
        """What was told: "episode/moment" -> state."""
        with db.transaction(self.engine) as connection:
            bodies = connection.exec_driver_sql("SELECT body FROM told WHERE topic = 'beklijf.follow-up-due.v1'").scalars()
            told = [msgspec.json.decode(body, type=events.FollowUpDue) for body in bodies]
        return {f"{each.episode}/{each.moment}": each.state for each in told if each.cohort == cohort}

    def differences(self) -> list[queries.Difference]:
        """Where the kept counts differ from a recount."""
        with db.transaction(self.engine) as connection:
            return [each for plan in self.plans.by_population.values() for each in queries.recount(connection, plan)]

    def cells(self) -> dict[str, int]:
        """All counts of the one population."""
        with db.transaction(self.engine) as connection:
            return store.sums(connection, self.plans.populations[0])

    def state_hash(self) -> str:
        with db.transaction(self.engine) as connection:
            return commands.state_hash(connection, app.SERVICE)

    def scalar(self, statement: str) -> object:
        with db.transaction(self.engine) as connection:
            return connection.exec_driver_sql(statement).scalar_one()

    def empty(self, kept: list[str]) -> None:
        with db.transaction(self.engine) as connection:
            store.empty(connection, kept)

    def transaction(self) -> Iterator[Connection]:
        with db.transaction(self.engine) as connection:
            yield connection


def _plain(cell: events.Cell) -> int | str | None:
    return ("suppressed" if cell.suppressed else None) if isinstance(cell, events.Missing) else cell


@pytest.fixture(scope="session")
def plans() -> Plans:
    """What the shipped contracts and those of the tests ask for: three cohorts of one population."""
    return usecases.planned(contracts.load(SITE))


@pytest.fixture
def cohorts(database: Databases, plans: Plans, clock: HandClock) -> Iterator[Cohorts]:
    """A cohorts service on 2 March 2020."""
    url = database("cohorts")
    with db.opened(url) as engine:
        yield Cohorts(url, engine, plans, clock, Publishing(engine, plans, clock, Logger("cohorts", "publisher")))


def at(day: str) -> datetime:
    """Noon of a day."""
    return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
