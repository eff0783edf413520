"""A database with the tables of plumbing alone, and the loops run in threads against the real broker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from beklijf_shared import consume, db, relay
from beklijf_shared.settings import KafkaProfile, Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger
from tests.lib.clock import HandClock
from tests.lib.databases import Databases

METADATA = db.metadata()
PLUMBING = db.plumbing(METADATA)


@dataclass
class Plumbed:
    """One service's database with the tables of plumbing, and its loops."""

    url: str
    clock: HandClock
    engine: db.Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = db.engine(self.url)
        METADATA.create_all(self.engine)

    def settings(self, service: str, bootstrap: str, profile: KafkaProfile) -> Settings:
        return Settings(service, self.url, bootstrap, profile, "laptop", "127.0.0.1", 0, 0, None)

    @contextmanager
    def relaying(self, service: str, bootstrap: str, profile: KafkaProfile) -> Iterator[Status]:
        settings, status, stop = self.settings(service, bootstrap, profile), Status(service, "relay"), threading.Event()
        with in_thread(lambda: relay.run(settings, self.clock, status, stop, Logger(service, "relay")), stop):
            yield status

    @contextmanager
    def consuming(self, service: str, bootstrap: str, profile: KafkaProfile, handler: consume.Handler) -> Iterator[Status]:
        settings, status, stop = self.settings(service, bootstrap, profile), Status(service, "consumer"), threading.Event()
        with in_thread(lambda: consume.run(settings, handler, self.clock, status, stop, Logger(service, "consumer")), stop):
            yield status


@contextmanager
def in_thread(run: Callable[[], None], stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive(), "the loop did not stop"


@pytest.fixture
def plumbed(databases: Databases, clock: HandClock) -> Iterator[Callable[[], Plumbed]]:
    """Makes services' databases with the tables of plumbing."""
    made: list[Plumbed] = []

    def make() -> Plumbed:
        made.append(Plumbed(databases.empty(), clock))
        return made[-1]

    yield make
    for one in made:
        one.engine.dispose()
    databases.drop_fresh()
