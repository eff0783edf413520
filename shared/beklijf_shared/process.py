"""One process of a service: signals, the operations port in a thread, what it waits for, and a heart that can be felt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from beklijf_shared import ops, telemetry
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Log, Logger


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
