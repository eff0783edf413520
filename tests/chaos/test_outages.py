"""P-10 at its real length: the broker, or PostgreSQL, is away for minutes while a hospital sends. `make soak` runs this.

All processes of a registry on a real Apache Kafka. `BEKLIJF_TEST_OUTAGE_SECONDS` is how long each absence lasts.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from beklijf import observe
from beklijf.local.processes import PROCESSES
from beklijf_shared import db
from tests.chaos.registry import READY_SECONDS, Registry, registry
from tests.chaos.shift import Shift
from tests.lib import builders, cells
from tests.lib.apache import ApacheServer
from tests.lib.hospital import Hospital, expected
from tests.lib.memory import resident_mb
from tests.lib.wait import wait_until

OUTAGE_SECONDS = float(os.environ.get("BEKLIJF_TEST_OUTAGE_SECONDS", "150"))
DONE_SECONDS = 1_200.0
SEED = 20261122
PROBE_SECONDS = 0.25
GROWTH_MAXIMUM_MB = 40.0
SLOWEST_SECONDS = 5.0
pytestmark = [pytest.mark.chaos, pytest.mark.soak, pytest.mark.needs("java"), pytest.mark.timeout(2 * DONE_SECONDS + OUTAGE_SECONDS)]


@dataclass
class Probe:
    """One sender among others, who counts what it is answered, and how soon."""

    base: str
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Meanwhile a patient is sent four times a second."""
        thread = threading.Thread(target=self._send)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _send(self) -> None:
        with httpx.Client(base_url=self.base, timeout=60, headers={"Content-Type": "application/fhir+json"}) as client:
            while not self._over.wait(PROBE_SECONDS):
                began = time.monotonic()
                answer = client.post("/Patient", json=builders.patient(f"probe-{began}"))
                self.seconds.append(time.monotonic() - began)
                self.statuses[answer.status_code] += 1

    def __str__(self) -> str:
        cuts = statistics.quantiles(self.seconds, n=100)
        return (
            f"{dict(self.statuses)}, p50 {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms, slowest {1000 * max(self.seconds):.0f} ms"
        )


@pytest.fixture(scope="module")
def running() -> Iterator[Registry]:
    with registry({"BEKLIJF_KAFKA_PROFILE": "apache"}, ApacheServer) as one:
        yield one


@pytest.fixture(scope="module")
def shift(running: Registry) -> Shift:
    return Shift(Hospital(running.intake, pause_seconds=0.05, tries=100_000), SEED)


def memory(running: Registry) -> dict[str, float]:
    return {name: resident_mb(process.pid) for name, process in running.running.items()}


def lacking(running: Registry, what: str) -> set[str]:
    """The processes that say that they lack this."""
    with httpx.Client(timeout=10) as client:
        return {process.name for process in PROCESSES if what in observe.readiness(client, running.system, process).missing}


def last(seconds: float) -> None:
    """An absence: what is waited for is that time has gone by."""
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until, seconds + 10, every=0.5)


def growth_while_away(running: Registry, probe: Probe) -> dict[str, float]:
    """The absence itself, while somebody goes on sending; how many MB each process grew by in the last two thirds of it."""
    with probe.sending():
        last(OUTAGE_SECONDS / 3)
        before = memory(running)
        last(2 * OUTAGE_SECONDS / 3)
        after = memory(running)
    return {name: round(after[name] - before[name], 1) for name in before}


def unsent(running: Registry) -> int:
    with db.opened(running.postgres.url_of("intake")) as engine, engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one())


def check(running: Registry, shift: Shift) -> float:
    """What must hold when everything is there again and has flowed; gives how long that took."""
    began = time.monotonic()
    running.wait(DONE_SECONDS)
    observe.wait_until_ready(running.system, READY_SECONDS)
    took = time.monotonic() - began
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/Amsterdam")).date()
    assert (shift.hospital.refused, shift.wrong, running.unexpected, running.dead_letters()) == ([], [], [], 0)
    with db.opened(running.postgres.url_of("cohorts")) as engine:
        assert cells.figures(cells.counted(engine)) == expected(shift.sent, today)
    return took


@pytest.mark.parametrize("how", ["hangs", "is gone"])
def test_the_broker_is_away_for_minutes(running: Registry, shift: Shift, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    broker, probe, starts = running.broker, Probe(running.intake), dict(running.starts)
    assert isinstance(broker, ApacheServer)
    with shift.at_work():
        shift.goes_on()
        sent = shift.hospital.history["ok"]
        broker.hang() if how == "hangs" else broker.kill()
        grown = growth_while_away(running, probe)
        sent, waiting, without = shift.hospital.history["ok"] - sent, unsent(running), lacking(running, "broker")
        broker.go_on() if how == "hangs" else broker.start()
        shift.goes_on()
    took = check(running, shift)

    with capsys.disabled():
        sys.stdout.write(
            f"\nthe broker {how}, {OUTAGE_SECONDS:.0f} s: {sent} messages acknowledged, probe {probe}; {waiting} lines waited; "
            f"all had flowed {took:.1f} s later; memory grew by at most {max(grown.values())} MB; without a broker: {sorted(without)}\n"
        )
    assert set(probe.statuses) == {201}
    assert max(probe.seconds) < SLOWEST_SECONDS
    assert shift.hospital.history["unknown"] == 0
    assert waiting > 0
    assert max(grown.values()) < GROWTH_MAXIMUM_MB
    assert without == {process.name for process in PROCESSES if process.command in ("relay", "consumer")}
    assert running.starts == starts


def test_postgresql_is_away_for_minutes(running: Registry, shift: Shift, capsys: pytest.CaptureFixture[str]) -> None:
    probe, starts = Probe(running.intake), dict(running.starts)
    with shift.at_work():
        shift.goes_on()
        running.postgres.kill()
        grown = growth_while_away(running, probe)
        without = lacking(running, "database")
        running.postgres.start()
        began = time.monotonic()
        shift.goes_on(1)
        first = time.monotonic() - began
        shift.goes_on()
    took = check(running, shift)

    with capsys.disabled():
        sys.stdout.write(
            f"\nPostgreSQL is gone, {OUTAGE_SECONDS:.0f} s: probe {probe}; the first was acknowledged {first:.1f} s after it was back; "
            f"all had flowed {took:.1f} s later; memory grew by at most {max(grown.values())} MB; without a database: {sorted(without)}\n"
        )
    assert set(probe.statuses) <= {201, 503}
    assert probe.statuses[503] > 0
    assert max(grown.values()) < GROWTH_MAXIMUM_MB
    assert without == {process.name for process in PROCESSES}
    assert running.starts == starts
