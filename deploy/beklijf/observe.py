"""Asking the running processes how they are: readiness and progress over their operations ports."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Self

import httpx

from beklijf import done
from beklijf.elsewhere import Addressed
from beklijf.local.processes import PROCESSES, Process
from beklijf.system import System
from beklijf_shared import bus

ANSWER_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 0.1


class NotDoneError(Exception):
    """The time is over; the text says what is not done."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a process is ready, and if not, what it lacks."""

    ready: bool
    missing: dict[str, str] = field(default_factory=dict)


def readiness(client: httpx.Client, system: Addressed, process: Process) -> Readiness:
    """What the process says on `/health/ready`."""
    try:
        answer = client.get(f"{system.operations_url_of(process)}/health/ready")
        missing = {str(what): str(why) for what, why in (answer.json().get("missing") or {}).items()}
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        return Readiness(ready=False, missing={"no answer": type(error).__name__})
    return Readiness(ready=answer.status_code == 200, missing=missing)


def wait_until_ready(system: System, timeout_seconds: float) -> None:
    """Return when every process is ready; NotDoneError naming those that are not when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    with httpx.Client(timeout=ANSWER_TIMEOUT_SECONDS) as client:
        waiting = list(PROCESSES)
        while waiting:
            found = {process: readiness(client, system, process) for process in waiting}
            waiting = [process for process in waiting if not found[process].ready]
            if waiting and time.monotonic() > deadline:
                lacking = [f"{process.name}: {words(found[process].missing)}" for process in waiting]
                raise NotDoneError("not ready: " + "; ".join(lacking) + f". Logs: {system.state.logs}")
            if waiting:
                time.sleep(POLL_SECONDS)


def words(missing: dict[str, str]) -> str:
    """What a process lacks, for a person."""
    return ", ".join(f"{what} ({why})" if why else what for what, why in missing.items()) or "does not say why"


def wait_until_done(system: Addressed, timeout_seconds: float) -> None:
    """Return when everything accepted so far is counted and shown; NotDoneError with the reasons when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    with httpx.Client(timeout=ANSWER_TIMEOUT_SECONDS) as client, _Broker(system.bootstrap) as broker:
        while reasons := _reasons(client, system, broker):
            if time.monotonic() > deadline:
                raise NotDoneError(f"not done after {timeout_seconds:.0f} s: " + "; ".join(reasons))
            time.sleep(POLL_SECONDS)


def _reasons(client: httpx.Client, system: Addressed, broker: _Broker) -> list[str]:
    reports = [_progress(client, system, process) for process in PROCESSES]
    stated = {report.incarnation for report in reports if report.incarnation is not None}
    # First without asking the broker, which costs more; only what looks done is held against its present incarnation.
    if len(stated) != 1:
        return done.missing(reports, None) if not stated else ["not all processes have met the same broker"]
    return done.missing(reports, next(iter(stated))) or done.missing(reports, broker.incarnation())


def _progress(client: httpx.Client, system: Addressed, process: Process) -> done.Report:
    try:
        answer = client.get(f"{system.operations_url_of(process)}/progress")
        return done.report_of(process.name, process.service, answer.json())
    except (httpx.HTTPError, ValueError) as error:
        return done.Report(process.name, process.service, error=type(error).__name__)


class _Broker:
    """The broker's present incarnation, asked over one connection that is made anew after a failure."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._watch: bus.Watch | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._watch is not None:
            self._watch.close()

    def incarnation(self) -> str | None:
        """None while the broker is away or has not been marked."""
        try:
            self._watch = self._watch or bus.Watch(self._bootstrap)
            return self._watch.look()
        except bus.BrokerAway:
            self._watch = None
            return None
