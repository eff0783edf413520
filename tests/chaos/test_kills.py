"""Gate 1 and 2: processes, PostgreSQL and the broker are killed while a hospital sends. Nothing acknowledged is lost, nothing counts twice.

One registry for the whole module, because starting it is what takes the time; the tests build on one another, in this order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random
from typing import Self
from zoneinfo import ZoneInfo

import pytest

from beklijf_shared import db
from tests.chaos.registry import Registry, registry
from tests.lib import cells
from tests.lib.hospital import Hospital, Planned, expected, plan
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

SEED = 20260302
PATIENTS_AT_ONCE = 4
REACHED_SECONDS = 120.0
DONE_SECONDS = 180.0

AT_RANDOM_SECONDS = 5.0
KILLS_MINIMUM = 12

POINTS = (
    ("intake-api", "intake:before-insert"),
    ("scoring-consumer", "consumer:before-effect"),
    ("intake-relay", "relay:taken-not-sent"),
    ("cohorts-consumer", "consumer:before-commit"),
    ("intake-api", "intake:between-version-and-outbox"),
    ("scoring-relay", "relay:acknowledged-not-deleted"),
    ("reporting-consumer", "consumer:applied-not-committed"),
    ("intake-api", "intake:after-commit-before-answer"),
    ("scoring-consumer", "consumer:applied-not-committed"),
    ("intake-relay", "relay:acknowledged-not-deleted"),
    ("cohorts-publisher", "publisher:before-commit"),
    ("cohorts-relay", "relay:taken-not-sent"),
    ("intake-api", "intake:before-commit"),
    ("cohorts-consumer", "consumer:applied-not-committed"),
    ("cohorts-publisher", "publisher:published-not-remembered"),
    ("scoring-consumer", "consumer:before-commit"),
)
"""Where each process kills itself, while the others go on."""


@dataclass
class Shift:
    """A hospital that keeps sending new patients until it is told to go home."""

    hospital: Hospital
    sent: list[Planned] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._over.clear()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join()

    def goes_on(self, more: int = 60) -> None:
        """Return when a few more messages were acknowledged."""
        enough = self.hospital.history["ok"] + more
        wait_until(lambda: self.hospital.history["ok"] >= enough, REACHED_SECONDS, because="messages are acknowledged")

    def _work(self) -> None:
        while not self._over.is_set():
            group = plan(SEED + len(self.sent), PATIENTS_AT_ONCE)
            self.hospital.push(group, threads=2)
            self.sent += group


@pytest.fixture(scope="module")
def running() -> Iterator[Registry]:
    with registry() as one:
        yield one


@pytest.fixture(scope="module")
def shift(running: Registry) -> Shift:
    return Shift(Hospital(running.intake))


def today() -> date:
    return datetime.now(UTC).astimezone(ZoneInfo("Europe/Amsterdam")).date()


def cohort_cells(running: Registry) -> dict[str, int]:
    with db.opened(running.postgres.url_of("cohorts")) as engine:
        return cells.counted(engine)


def check(running: Registry, shift: Shift) -> None:
    """What must hold whenever everything is done."""
    running.wait(DONE_SECONDS)
    assert shift.hospital.refused == []
    assert running.unexpected == []
    assert running.dead_letters() == 0
    assert cells.figures(cohort_cells(running)) == expected(shift.sent, today())


def test_nothing_is_lost_when_each_process_kills_itself_at_the_worst_moment(running: Registry, shift: Shift) -> None:
    with shift:
        for place, (process, point) in enumerate(POINTS):
            running.crash_at(process, point)
            wait_until(lambda so_far=place: len(running.reached()) > so_far, REACHED_SECONDS, because=f"{process} reaches {point}")

    assert running.reached() == [point for _, point in POINTS]
    assert shift.hospital.history["unknown"] > 0
    check(running, shift)
    running.say("cohorts", "recount")


def test_nothing_is_lost_when_postgresql_is_killed(running: Registry, shift: Shift) -> None:
    with shift:
        shift.goes_on()
        running.postgres.kill()
        running.postgres.start()
        shift.goes_on()

    check(running, shift)


def test_nothing_is_lost_whatever_is_killed_at_whatever_moment(running: Registry, shift: Shift) -> None:
    """P-02: what dies, and after how many more messages, is drawn from the seed; the moments within a write are the machine's."""
    random, killed, began = Random(SEED), 0, time.monotonic()
    with shift:
        while killed < KILLS_MINIMUM or time.monotonic() < began + AT_RANDOM_SECONDS:
            running.kill(random.choice(sorted(running.running)))
            killed += 1
            shift.goes_on(random.randint(1, 20))

    check(running, shift)


def test_nothing_is_lost_when_the_broker_comes_back_empty(running: Registry, shift: Shift) -> None:
    with shift:
        shift.goes_on()
        running.broker.kill()
        running.broker.start()
        shift.goes_on()

    check(running, shift)


@pytest.mark.parametrize("services", [("scoring",), ("cohorts",), ("reporting",), ("scoring", "cohorts", "reporting")], ids="+".join)
def test_a_rebuild_gives_the_same_state(running: Registry, shift: Shift, services: tuple[str, ...]) -> None:
    running.wait(DONE_SECONDS)
    before = running.hashes()

    running.rebuild(services)

    running.wait(DONE_SECONDS)
    assert running.hashes() == before
    check(running, shift)
