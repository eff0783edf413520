"""Intake by itself: PostgreSQL, the processes of the FHIR door and the load generator, nothing else. What one answer costs each of them.

Processor time says more than the clock: it depends little on who else is at work on the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil
import psycopg

from beklijf_shared import migrations
from tests.bench import load, material
from tests.lib import infra
from tests.lib.databases import plain
from tests.lib.servers import PostgresServer, free_port
from tests.lib.wait import wait_until

CLIENTS = 32
START_SECONDS = 120.0
WARM_PATIENTS = 400

# Server-made answers: a short form each, names spread over the index as real ones are, five to a subject.
FILL = """
INSERT INTO subject (id, system, value)
  SELECT 'fill-' || n, 'https://example.org/pseudonym', md5('s' || n) FROM generate_series({first} / 5, {last} / 5 - 1) AS n;
INSERT INTO resource (id, organisation, type, system, value, subject, current, latest)
  SELECT lpad(n::text, 36, '0'), '00000001', 'QuestionnaireResponse', 'https://example.org/answer', md5(n::text), 'fill-' || n / 5, 1, 1
  FROM generate_series({first}, {last} - 1) AS n;
INSERT INTO version (resource, number, received_at, status, authored, whole_day, digest, body, organisation, kind, shown, since, until,
  questionnaire, state)
  SELECT lpad(n::text, 36, '0'), 1, at, 'completed', at, false, sha256(n::text::bytea), convert_to(repeat(md5(n::text), 13), 'UTF8'),
    '00000001', 3, true, at, at + interval '1 s', 'https://w3id.org/beklijf/fhir/Questionnaire/vas-pain|1.0.0', 'completed'
  FROM (SELECT n, timestamptz '2014-01-01' + n * interval '1 minute' AS at FROM generate_series({first}, {last} - 1) AS n) AS filled;
INSERT INTO told (topic, entity, key, version, digest, body)
  SELECT 'beklijf.response-accepted.v1', lpad(n::text, 36, '0'), 'fill-' || n / 5, 1, decode(md5(n::text), 'hex'),
    convert_to(repeat(md5(n::text), 20), 'UTF8')
  FROM generate_series({first}, {last} - 1) AS n;
"""


@dataclass(frozen=True)
class Cost:
    """What one run took: the load generator's own account, and microseconds of processor time per answer."""

    run: load.Load
    intake: float
    postgres: float
    generator: float
    megabytes: int

    @property
    def together(self) -> float:
        """Microseconds of processor time per answer, everything included."""
        return self.intake + self.postgres + self.generator

    def __str__(self) -> str:
        return (
            f"{self.run.per_second:.0f}/s, p50 {self.run.quantile(0.5):.1f} ms, p99 {self.run.quantile(0.99):.1f} ms, "
            f"{dict(self.run.statuses)}; processor time per answer: intake {self.intake:.0f}, PostgreSQL {self.postgres:.0f}, "
            f"load generator {self.generator:.0f} µs; largest process {self.megabytes} MB"
        )


@dataclass
class Alone:
    """A running door with its database."""

    server: PostgresServer
    port: int
    door: subprocess.Popen[bytes]
    posted: int = 0

    def post(self, patients: int) -> Cost:
        """Five answers each of so many new patients, one a request, from 32 clients."""
        first = 1_000_000 + self.posted
        self.posted += patients
        requests = material.requests(material.answers(first, patients))
        before = self._spent()
        done = load.run(self.port, requests, clients=CLIENTS)
        spent = [(now - then) / len(requests) * 1e6 for then, now in zip(before, self._spent(), strict=True)]
        return Cost(done, *spent, max(one.memory_info().rss for one in _family(self.door.pid)) // 2**20)

    def fill(self, first: int, last: int) -> None:
        """Answers that are there already, without having come through the door."""
        with psycopg.connect(plain(self.server.url_of("intake"))) as connection:
            connection.execute(FILL.format(first=first, last=last).encode())

    def rest(self) -> None:
        """Does now what the database would otherwise do beside the measurement: statistics, visibility, writing out."""
        for url, work in ((self.server.url_of("intake"), b"VACUUM (ANALYZE)"), (self.server.url, b"CHECKPOINT")):
            with psycopg.connect(plain(url), autocommit=True) as connection:
                connection.execute(work)

    def _spent(self) -> tuple[float, float, float]:
        assert self.server.running is not None
        return seconds(self.door.pid), seconds(self.server.running.process.pid), time.process_time()


@contextmanager
def alone(workers: int) -> Iterator[Alone]:
    """A door of so many processes on a fresh database."""
    with infra.scratch() as folder:
        server = PostgresServer(folder / "postgres").start()
        try:
            migrations.upgrade("beklijf_intake", server.url_of("intake"))
            with _door(server.url_of("intake"), workers) as (port, process):
                one = Alone(server, port, process)
                one.post(WARM_PATIENTS)
                yield one
        finally:
            server.stop()


@contextmanager
def _door(url: str, workers: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    given = {"BEKLIJF_PROFILE": "laptop", "BEKLIJF_DATABASE_URL": url, "BEKLIJF_HTTP_PORT": str(port), "BEKLIJF_WORKERS": str(workers)}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, "-m", "beklijf_intake", "api"], env=os.environ | given, stdout=quiet, stderr=quiet)
    try:
        wait_until(lambda: _listeners(process.pid, port) == workers, START_SECONDS, because="every process listens")
        httpx.get(f"http://127.0.0.1:{port}/fhir/metadata", timeout=START_SECONDS).raise_for_status()
        yield port, process
    finally:
        process.terminate()
        process.wait()


def _listeners(pid: int, port: int) -> int:
    found = (one.net_connections("tcp") for one in _family(pid))
    return sum(any(at.status == "LISTEN" and at.laddr.port == port for at in each) for each in found)


def _family(pid: int) -> list[psutil.Process]:
    one = psutil.Process(pid)
    return [one, *one.children(recursive=True)]


def seconds(pid: int) -> float:
    """Processor time of a process and its children, also of those that have ended."""
    total = 0.0
    for one in _family(pid):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + (times.children_user + times.children_system if one.pid == pid else 0.0)
    return total
