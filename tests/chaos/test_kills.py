"""Gate 1 and 2: processes, PostgreSQL and the broker are killed while a hospital sends. Nothing acknowledged is lost, nothing counts twice.

One registry for the whole module, because starting it is what takes the time; the tests build on one another, in this order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from beklijf_shared import db
from tests.chaos.registry import Registry, registry
from tests.chaos.schedules import POINTS, SEED, SERVERS, schedule
from tests.chaos.shift import REACHED_SECONDS, Shift
from tests.lib import cells
from tests.lib.hospital import Hospital, Planned, expected
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3_600)]

DONE_SECONDS = 900.0
OF_EVERY_RUN = 2
"""Schedules that every run of the tests goes through: together they kill every process at every point."""
SOAK = range(OF_EVERY_RUN, OF_EVERY_RUN + 40)
"""Schedules of `make soak`, P-02: every process dies at every point twenty times."""


@pytest.fixture(scope="module")
def running() -> Iterator[Registry]:
    with registry({"BEKLIJF_IMPORT_WORKERS": "1"}) as one:  # which then has stored a block when it dies with the second
        yield one


@pytest.fixture(scope="module")
def shift(running: Registry) -> Shift:
    return Shift(Hospital(running.intake, pause_seconds=0.05), SEED)


def today() -> date:
    return datetime.now(UTC).astimezone(ZoneInfo("Europe/Amsterdam")).date()


def cohort_cells(running: Registry) -> dict[str, int]:
    with db.opened(running.postgres.url_of("cohorts")) as engine:
        return cells.counted(engine)


def check(running: Registry, shift: Shift) -> None:
    """What must hold whenever everything is done."""
    running.wait(DONE_SECONDS)
    assert shift.hospital.refused == []
    assert shift.wrong == []
    assert running.unexpected == []
    assert running.dead_letters() == 0
    assert cells.figures(cohort_cells(running)) == expected(shift.sent, today())


def deaths(running: Registry) -> Counter[tuple[str, str]]:
    """How often each process has died so far at each point, or a worker of it."""
    return Counter((process, point) for process in POINTS for point in running.reached(process))


def misread(shift: Shift, plans: Sequence[Planned]) -> list[str]:
    """The answers that are not given back as their last version says, each read where the acknowledgement said it is."""
    found = []
    with httpx.Client(base_url=shift.hospital.base, timeout=60) as client:
        for answer in (answer for one in plans for answer in one.answers):
            body = client.get(f"/{shift.hospital.places[answer.id]}").json()
            given = [next(iter(item["answer"][0].values())) for item in body["item"]]
            values = tuple(int(value["code"]) if isinstance(value, dict) else value for value in given)
            if (body["status"], values) != (answer.status, answer.items):
                found.append(answer.id)
    return found


def kill(running: Registry, victim: str) -> None:
    """What a schedule names: a server, which is started again here, or a process, which its keeper starts again."""
    if victim in SERVERS:
        server = running.postgres if victim == "postgres" else running.broker
        server.kill()
        server.start()
    else:
        running.kill(victim)


@pytest.mark.parametrize("number", [*range(OF_EVERY_RUN), *(pytest.param(n, marks=pytest.mark.soak) for n in SOAK)])
def test_nothing_is_lost_whatever_dies_wherever(number: int, running: Registry, shift: Shift) -> None:
    """P-02, P-09: by its schedule each process kills itself at points of its own, and some are killed at whatever moment it is."""
    drawn, began, unknown, before = schedule(number), len(shift.sent), shift.hospital.history["unknown"], deaths(running)
    for process, points in drawn.crashes.items():
        running.crash_at(process, *points)

    with shift.at_work(archives=True):
        for victim, after in drawn.kills:
            shift.goes_on(after)
            kill(running, victim)
        wait_until(lambda: not running.is_to_crash(), REACHED_SECONDS, because="every process has died as it was told to")

    planned = Counter((process, point.rpartition(":")[0]) for process, points in drawn.crashes.items() for point in points)
    assert deaths(running) - before >= planned
    assert shift.hospital.history["unknown"] > unknown
    check(running, shift)
    assert misread(shift, shift.sent[began:]) == []
    running.say("cohorts", "recount")


def test_nothing_is_lost_when_postgresql_is_killed(running: Registry, shift: Shift) -> None:
    with shift.at_work():
        shift.goes_on()
        running.postgres.kill()
        running.postgres.start()
        shift.goes_on()

    check(running, shift)


def test_nothing_is_lost_when_the_broker_comes_back_empty(running: Registry, shift: Shift) -> None:
    with shift.at_work():
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
