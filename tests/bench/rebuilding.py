"""Everything after intake emptied and filled again from the raw store, until every figure stands: what an operator waits for."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg

from tests.bench.alone import seconds
from tests.chaos.registry import Registry
from tests.lib.databases import plain

SERVICES = ("scoring", "cohorts", "reporting")
WAIT_SECONDS = 300
ANSWERS = b"SELECT count(*) FROM heard WHERE topic = 'beklijf.response-accepted.v1'"


@dataclass(frozen=True)
class Rebuilt:
    """How many answers came back, how long it took, and the processor time of everything together, in seconds."""

    answers: int
    seconds: float
    spent: float

    def __str__(self) -> str:
        cost = self.spent / self.answers * 1e6
        return f"{self.answers} answers: {self.answers / self.seconds:.0f}/s; processor time per answer, of all processes: {cost:.0f} µs"


def rebuilt(running: Registry) -> Rebuilt:
    """Rebuilds whatever the registry holds."""
    running.wait(WAIT_SECONDS)
    before, started = _spent(running), time.perf_counter()
    running.rebuild(SERVICES)
    took, after = time.perf_counter() - started, _spent(running)
    with psycopg.connect(plain(running.postgres.url_of("scoring"))) as connection:
        row = connection.execute(ANSWERS).fetchone()
    assert row is not None
    return Rebuilt(row[0], took, sum(spent - before.get(pid, 0.0) for pid, spent in after.items()))


def _spent(running: Registry) -> dict[int, float]:
    """Processor time by process; those that are started anew begin at nothing."""
    assert running.postgres.running is not None
    assert running.broker.running is not None
    servers = running.postgres.running.process.pid, running.broker.running.process.pid
    return {pid: seconds(pid) for pid in (*servers, *(process.pid for process in running.running.values()))}
