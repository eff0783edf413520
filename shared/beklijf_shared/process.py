"""One process of a service: signals, the operations port in a thread, what it waits for, and a heart that can be felt."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from beklijf_shared import db, ops, siblings, telemetry
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
        siblings.tell(port)
        log.event(Log.PROCESS_STARTED, port=port)
        try:
            yield status, stop, log
        except Exception as error:
            log.event(Log.PROCESS_FAILED, error=type(error).__name__)
            raise
        log.event(Log.PROCESS_STOPPED)


BACK_OFF_SECONDS = (0.1, 0.5, 1.0, 2.0)


@contextmanager
def outliving_database(status: Status, log: Logger) -> Iterator[None]:
    """What is done here may lose the database on the way: that is said, and whoever loops tries again. Every other error is raised."""
    try:
        yield
    except Exception as error:
        if not db.is_transient(error):
            raise
        status.lacks("database", "does not answer")
        log.event(Log.DATABASE_LOST, error=type(error).__name__)


def back_off(failures: int, status: Status, stop: threading.Event) -> None:
    """Waits before the next round, the longer the more have failed one after the other; the loop came round."""
    status.beat()
    stop.wait(BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)])


YOUNG_OBJECTS = 20_000


def settle() -> None:
    """Says that all is loaded: from here on the collector looks at what is new only, and less often.

    Contracts, compiled tables and libraries are a million objects that never go. Looking through them again and again took a third of
    the processor time of a request, and made one in a hundred wait 0.1 s (measured); what is thrown away is found all the same.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
