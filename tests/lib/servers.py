"""A PostgreSQL and a broker from wheels in a throw-away folder, which a test may kill and start again on the same port."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from beklijf.local import broker, postgres
from beklijf.local.ports import is_free

PORTS = range(20_000, 30_000)
"""Below the range from which Linux and macOS hand out ports to clients, so that a port stays ours across a restart."""
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}
"""For tests that never ask what survives a power cut. (A killed process loses nothing either way.)"""


_GIVEN: set[int] = set()


def free_port() -> int:
    """A port of the loopback interface that nobody uses at this moment, that no client will be given, and that was not given before:
    the processes choose theirs before the first of them listens."""
    while (port := random.choice(PORTS)) in _GIVEN or not is_free(port):
        pass
    _GIVEN.add(port)
    return port


@dataclass
class PostgresServer:
    """One PostgreSQL with the four databases and roles."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    running: postgres.Running | None = None

    @property
    def url(self) -> str:
        """The maintenance database, as the superuser."""
        return self._running.url_of("postgres")

    def url_of(self, service: str) -> str:
        """The database of one service, as its own role."""
        return self._running.url_of(service)

    @property
    def _running(self) -> postgres.Running:
        assert self.running is not None
        return self.running

    def start(self) -> PostgresServer:
        """Make the cluster if there is none, start it, return when it answers."""
        self.running = postgres.start(self.folder, self.port, self.settings)
        return self

    def kill(self) -> None:
        """SIGKILL to the postmaster: its children notice and end without writing anything more."""
        self._running.kill()

    def stop(self) -> None:
        """End it in order; open transactions are rolled back."""
        if self.running is not None:
            self.running.stop()


class KillableBroker(Protocol):
    """A broker in a folder, which keeps its port from one start to the next."""

    @property
    def port(self) -> int: ...

    @property
    def bootstrap(self) -> str: ...

    def start(self) -> object:
        """Start it and return when it answers."""

    def kill(self) -> None:
        """SIGKILL."""


@dataclass
class BrokerServer:
    """One broker of the wheel (Tansu). It keeps everything in memory: started again, it is empty and another broker."""

    folder: Path
    port: int = field(default_factory=free_port)
    running: broker.Running | None = None

    @property
    def bootstrap(self) -> str:
        """Its address, as Kafka clients want it."""
        return broker.bootstrap_of(self.port)

    def start(self) -> BrokerServer:
        """Start it and return when it accepts connections."""
        self.running = broker.start(self.folder, self.port)
        return self

    def kill(self) -> None:
        """SIGKILL. There is no gentler way that would make a difference: nothing is on disk."""
        if self.running is not None:
            self.running.kill()
