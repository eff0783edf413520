"""Archives against `pgbench` inserting a hundred documents per transaction: how much of what the database can do is left for them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.bench import material, posting
from tests.chaos.registry import Registry

DOCUMENTS_AT_ONCE = 100
POLL_SECONDS = 0.05
SCRIPT = posting.SCRIPT.replace(posting.INSERTS, posting.INSERTS * DOCUMENTS_AT_ONCE)
"""The same three inserts, with new keys each time, a hundred times between BEGIN and COMMIT."""


@dataclass(frozen=True)
class Bulk:
    """What came of one import. `peak_megabytes`: the largest resident memory of the importer and of each of its workers."""

    documents: int
    seconds: float
    megabytes: int
    sums: dict[str, int]
    peak_megabytes: tuple[int, ...]

    @property
    def per_second(self) -> float:
        """Documents per second, from the first byte sent until the last one is stored and answered."""
        return self.documents / self.seconds


def pgbench(registry: Registry) -> float:
    """Documents per second of the three inserts, a hundred of each per transaction."""
    return posting.pgbench(registry.postgres, SCRIPT, clients=4) * DOCUMENTS_AT_ONCE


@contextmanager
def alone(registry: Registry) -> Iterator[None]:
    """Intake without those who come after it: the relay rests, so nothing reaches them; they catch up afterwards."""
    registry.stop("intake-relay")
    try:
        yield
    finally:
        registry.start("intake-relay")


@contextmanager
def archive(first: int, patients: int) -> Iterator[tuple[Path, int]]:
    """A file of five answers a patient, and how many these are."""
    with tempfile.TemporaryDirectory() as folder:
        file, documents = Path(folder) / "archive.ndjson", 0
        with file.open("wb") as stream:
            for resource in material.answers(first, patients):
                stream.write(material.body(resource) + b"\n")
                documents += 1
        yield file, documents


def imported(registry: Registry, first: int, patients: int) -> Bulk:
    """An archive of five answers a patient, handed in and waited for."""
    with archive(first, patients) as (file, documents):
        importer = psutil.Process(registry.running["intake-importer"].pid)
        with httpx.Client(base_url=registry.address("intake-api"), timeout=60) as client, file.open("rb") as content:
            started = time.perf_counter()
            taken = client.post("/fhir/$import", content=content, headers={"Content-Type": "application/fhir+ndjson"})
            address, peaks = taken.raise_for_status().headers["Content-Location"], dict[int, int]()
            while (answer := client.get(address)).status_code == 202:
                for process in (importer, *importer.children()):
                    peaks[process.pid] = max(peaks.get(process.pid, 0), process.memory_info().rss // 1_000_000)
                time.sleep(POLL_SECONDS)
            seconds = time.perf_counter() - started
        megabytes = file.stat().st_size // 1_000_000
    return Bulk(documents, seconds, megabytes, answer.json()["sums"], tuple(peaks.values()))
