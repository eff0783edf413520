"""The whole path with all processes running: from POST to counts, and from acknowledgement to the page's read model."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import psycopg

from tests.bench import load, material
from tests.chaos.registry import Registry
from tests.lib.databases import plain

CLIENTS = 32
NEWEST = b"SELECT convert_from(body, 'UTF8')::json->>'data_time' FROM heard WHERE topic = 'beklijf.cohort-snapshot.v1' AND entity = 'imsr'"


def introduce(registry: Registry, first: int, count: int) -> None:
    """Patients and episodes first, so that what is measured are answers."""
    port = registry.system.ports["intake-api"]
    load.run(port, material.requests(material.patients(first, count)), clients=CLIENTS)
    registry.wait(120)


def responses_per_second(registry: Registry, first: int, patients: int) -> float:
    """Answers per second from the first POST until every figure stands and nothing waits anywhere."""
    requests = material.requests(material.answers(first, patients))
    started = time.perf_counter()
    load.run(registry.system.ports["intake-api"], requests, clients=CLIENTS)
    registry.wait(300)
    return len(requests) / (time.perf_counter() - started)


@dataclass
class Visible:
    """When the read model first stood at a data time, seen by asking it every few milliseconds."""

    registry: Registry
    seen: list[tuple[str, float]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Asks until told to stop."""
        with psycopg.connect(plain(self.registry.postgres.url_of("reporting")), autocommit=True) as connection:
            while not self.stop.is_set():
                row = connection.execute(NEWEST).fetchone()
                if row and row[0] and (not self.seen or self.seen[-1][0] != row[0]):
                    self.seen.append((row[0], time.perf_counter()))
                time.sleep(0.003)

    def after(self, received: str) -> float | None:
        """The moment at which an answer received then was visible."""
        return next((at for data_time, at in self.seen if data_time >= received), None)


def visible_milliseconds(registry: Registry, first: int, seconds: int, rate: int) -> list[float]:
    """At a steady rate: how long after its acknowledgement an answer is in the figures that the page shows."""
    watcher = Visible(registry)
    thread = threading.Thread(target=watcher.watch)
    thread.start()
    acknowledged = list(_steadily(registry, material.answers(first, seconds * rate // 5 + 1), seconds * rate, rate))
    registry.wait(60)
    watcher.stop.set()
    thread.join()
    delays = [(seen - at) * 1000 for received, at in acknowledged if (seen := watcher.after(received)) is not None]
    assert len(delays) > 0.99 * len(acknowledged), "answers that never became visible"
    return sorted(delays)


def _steadily(registry: Registry, answers: Iterator[dict[str, object]], count: int, rate: int) -> Iterator[tuple[str, float]]:
    """Posts at a steady rate over one connection; gives the received instant and the moment of the acknowledgement."""
    with httpx.Client(base_url=registry.address("intake-api"), headers={"Content-Type": "application/fhir+json"}) as client:
        started = time.perf_counter()
        for number, answer in zip(range(count), answers, strict=False):
            wait = started + number / rate - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            response = client.post("/fhir/QuestionnaireResponse", content=json.dumps(answer), headers={"Prefer": "return=representation"})
            response.raise_for_status()
            yield response.json()["meta"]["lastUpdated"], time.perf_counter()
