"""The whole path with all processes running: from POST to counts, and from acknowledgement to the page's read model."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import psycopg

from beklijf_shared.clock import instant_text
from tests.bench import bulk, load, material, spending
from tests.chaos.registry import Registry
from tests.lib.databases import plain

CLIENTS = 32
PATH = "/fhir/QuestionnaireResponse"
LOCATION = re.compile(rb"(?i)\r\nlocation: \S*/QuestionnaireResponse/([^/\s]+)")
RECEIVED = b"SELECT resource, received_at FROM version WHERE resource = ANY(%s)"
VERSION = b"SELECT version FROM heard WHERE topic = 'beklijf.cohort-snapshot.v1' AND entity = 'imsr'"
NEWEST = VERSION.replace(b"version", b"substring(convert_from(substring(body, 1, 2000), 'UTF8') FROM '\"data_time\":\"([^\"]*)')", 1)
"""Only its beginning: to read the whole snapshot every few milliseconds would cost more than all that is measured."""


def introduce(registry: Registry, first: int, count: int) -> None:
    """Patients and episodes first, so that what is measured are answers."""
    port = registry.system.ports["intake-api"]
    load.run(port, material.requests(material.patients(first, count)), clients=CLIENTS)
    registry.wait(120)


@dataclass(frozen=True)
class Whole:
    """What came of answers that went the whole way: how fast, and what they cost each process."""

    per_second: float
    """From the first byte sent until every figure stands and nothing waits anywhere."""
    cost: str

    def __str__(self) -> str:
        return f"{self.per_second:.0f} answers/s; processor time per answer {self.cost}"


def posted(registry: Registry, first: int, patients: int) -> Whole:
    """One answer a request, from 32 clients."""
    requests = material.requests(material.answers(first, patients))
    return _whole(registry, len(requests), lambda: load.run(registry.system.ports["intake-api"], requests, clients=CLIENTS))


def imported(registry: Registry, first: int, patients: int) -> Whole:
    """All of them as one archive."""
    with bulk.archive(first, patients) as (file, documents), httpx.Client(base_url=registry.address("intake-api"), timeout=60) as client:

        def hand_in() -> None:
            with file.open("rb") as content:
                client.post("/fhir/$import", content=content, headers={"Content-Type": "application/fhir+ndjson"}).raise_for_status()

        return _whole(registry, documents, hand_in)


def _whole(registry: Registry, answers: int, send: Callable[[], object]) -> Whole:
    before, started = spending.spent(registry), time.perf_counter()
    send()
    registry.wait(300)
    seconds = time.perf_counter() - started
    return Whole(answers / seconds, spending.per_answer(before, spending.spent(registry), answers))


@dataclass
class Visible:
    """When the read model first stood at a data time, seen by asking it every few milliseconds."""

    registry: Registry
    seen: list[tuple[str, float]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Asks until told to stop."""
        with psycopg.connect(plain(self.registry.postgres.url_of("reporting")), autocommit=True) as connection:
            version = None
            while not self.stop.is_set():
                before, version = version, connection.execute(VERSION).fetchone()
                if version != before:
                    row, at = connection.execute(NEWEST).fetchone(), time.perf_counter()
                    assert row is not None
                    self.seen.append((row[0] or "", at))
                time.sleep(0.005)

    def after(self, received: str) -> float | None:
        """The moment at which an answer received then was visible."""
        return next((at for data_time, at in self.seen if data_time >= received), None)


def visible_milliseconds(registry: Registry, first: int, seconds: int, rate: int) -> list[float]:
    """At a steady rate: how long after its acknowledgement an answer is in the figures that the page shows."""
    answers = itertools.islice(material.answers(first, seconds * rate // 5 + 1), seconds * rate)
    requests = [load.post(PATH, material.body(answer)) for answer in answers]
    acknowledged: dict[str, float] = {}

    def heard(head: bytes, at: float) -> None:
        found = LOCATION.search(head)
        assert found is not None, head
        acknowledged[found[1].decode()] = at

    watcher = Visible(registry)
    thread = threading.Thread(target=watcher.watch)
    thread.start()
    load.run(registry.system.ports["intake-api"], requests, clients=CLIENTS, rate=rate, heard=heard)
    registry.wait(60)
    watcher.stop.set()
    thread.join()
    with psycopg.connect(plain(registry.postgres.url_of("intake"))) as connection:
        rows = connection.execute(RECEIVED, [list(acknowledged)]).fetchall()
    received = {id_: instant_text(at) for id_, at in rows}
    delays = [(seen - at) * 1000 for id_, at in acknowledged.items() if (seen := watcher.after(received[id_])) is not None]
    assert len(delays) > 0.99 * len(requests), "answers that never became visible"
    return sorted(delays)
