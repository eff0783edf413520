"""rebuild: empty a service and let what lies upstream fill it again; the same figures come back, byte for byte."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated, Protocol

import typer

from beklijf import observe, system
from beklijf.commands.running import console
from beklijf.local.processes import PROCESSES, SERVICES
from beklijf_shared.topics import received_by

DONE_SECONDS = 600.0


class Rebuildable(StrEnum):
    """The services that can be rebuilt: all but intake, which holds what was received."""

    SCORING = "scoring"
    COHORTS = "cohorts"
    REPORTING = "reporting"
    ALL = "all"


def rebuild(
    service: Rebuildable, timeout: Annotated[float, typer.Option(help="Seconds before giving up, with exit code 3.")] = DONE_SECONDS
) -> None:
    """Empty a service, publish again what it is told, and wait until it is done. Nothing accepted is lost."""
    local = system.existing()
    chosen = [name for name in SERVICES[1:] if service in {Rebuildable.ALL, name}]
    started = time.monotonic()
    with console.status(f"rebuilding {', '.join(chosen)}"):
        rebuild_services(local, chosen, timeout)
    console.print(f"rebuilt {', '.join(chosen)} ({time.monotonic() - started:.1f} s)")


class Keeper(Protocol):
    """Whoever keeps the processes running: the supervisor, or a test."""

    def stop_processes(self, names: list[str]) -> None:
        """Stop these and wait."""

    def start_processes(self, names: list[str]) -> None:
        """Start these."""


def rebuild_services(local: system.System, chosen: list[str], timeout_seconds: float, keeper: Keeper | None = None) -> None:
    """Stop their processes, empty their databases, start them, have all that send to them tell it again, wait until done."""
    names = [process.name for process in PROCESSES if process.service in chosen]
    keeper = keeper or local.supervisor
    keeper.stop_processes(names)
    system.run_all(local, chosen, "empty")
    keeper.start_processes(names)
    system.run_all(local, senders_to(chosen, among=set(SERVICES) - set(chosen)), "republish")
    observe.wait_until_ready(local, timeout_seconds)
    observe.wait_until_done(local, timeout_seconds)
    # An emptied service remembers some of what it has told, so that it can take it back (M39), and tells only what differs from
    # that. An emptied service behind it has forgotten, and must hear it all.
    if again := senders_to(chosen, among=set(chosen)):
        system.run_all(local, again, "republish")
        observe.wait_until_done(local, timeout_seconds)


def senders_to(chosen: list[str], among: set[str]) -> list[str]:
    """Which of these services send to the chosen ones, in the order of the flow."""
    senders = {topic.sender for name in chosen for topic in received_by(name)}
    return [name for name in SERVICES if name in senders & among]
