"""One process of a service: signals, the operations port in a thread, what it waits for, and a heart that can be felt."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from beklijf_shared import ops, telemetry
from beklijf_shared.settings import Settings
from beklijf_shared.telemetry import Log, Logger

LIVE_SECONDS = 60.0
"""A loop that has not come round for so long is taken for dead."""


@dataclass(slots=True)
class Status:
    """What a process says of itself on its operations port; written by its loop, read by the port's thread."""

    service: str
    process: str
    incarnation: str | None = None
    settled: bool | None = None
    missing: dict[str, str] = field(default_factory=dict)
    report: Callable[[], dict[str, Any]] = dict
    beat_at: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """The loop came round."""
        self.beat_at = time.monotonic()

    def alive(self) -> bool:
        """Whether the loop came round lately."""
        return time.monotonic() - self.beat_at < LIVE_SECONDS

    def lacks(self, what: str, why: str) -> None:
        """Something is missing; readiness says so until `has`."""
        self.missing[what] = why

    def has(self, what: str) -> None:
        """It is there again."""
        self.missing.pop(what, None)

    def progress(self) -> dict[str, Any]:
        """What `/progress` answers."""
        base = {"service": self.service, "process": self.process, "incarnation": self.incarnation, "unsent": None}
        return {**base, "acknowledged": {}, "applied": {}, "settled": self.settled, **self.report(), "waiting_for": sorted(self.missing)}


@contextmanager
def running(settings: Settings, process: str) -> Iterator[tuple[Status, threading.Event, Logger]]:
    """A process from start to stop: SIGTERM and SIGINT set the event, the operations port answers meanwhile."""
    telemetry.configure()
    log = Logger(settings.service, process)
    status, stop = Status(settings.service, process), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ops.serving(status, settings) as port:
        log.event(Log.PROCESS_STARTED, port=port)
        try:
            yield status, stop, log
        except Exception as error:
            log.event(Log.PROCESS_FAILED, error=type(error).__name__)
            raise
        log.event(Log.PROCESS_STOPPED)
