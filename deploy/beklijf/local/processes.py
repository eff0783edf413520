"""The processes of the local system: the one list, in the order of the flow, and the environment of each."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from beklijf.local import broker
from beklijf.local.ports import WANTED
from beklijf.local.postgres import Server
from beklijf.local.state import SETTING, SITE, State

SERVICES = ("intake", "scoring", "cohorts", "reporting")


@dataclass(frozen=True, slots=True)
class Process:
    """One process of one service: `python -m beklijf_SERVICE COMMAND`."""

    service: str
    command: str

    @property
    def name(self) -> str:
        """What the supervisor, the logs and the status table call it."""
        return f"{self.service}-{self.command}"

    @property
    def speaks_http(self) -> bool:
        """Whether it has a port for others, beside its operations port."""
        return self.command == "api"

    @property
    def operations_name(self) -> str:
        """The name under which its operations port is remembered."""
        return f"{self.name} operations"


PROCESSES: tuple[Process, ...] = (
    Process("intake", "api"),
    Process("intake", "importer"),
    Process("intake", "relay"),
    Process("scoring", "consumer"),
    Process("scoring", "relay"),
    Process("scoring", "api"),
    Process("cohorts", "consumer"),
    Process("cohorts", "publisher"),
    Process("cohorts", "relay"),
    Process("cohorts", "api"),
    Process("reporting", "consumer"),
    Process("reporting", "api"),
)
"""In the order of the flow: `beklijf wait` reads their progress in this order, which is what makes its answer sound."""

FIRST_OPERATIONS_PORT = 8411
PASSED_ON = ("BEKLIJF_CLOCK", "BEKLIJF_CRASH_POINTS")


def wanted_ports() -> dict[str, int]:
    """Every port of the local system by name."""
    operations = {process.operations_name: FIRST_OPERATIONS_PORT + number for number, process in enumerate(PROCESSES)}
    return {**WANTED, **operations}


def environment(state: State, server: Server, ports: dict[str, int], service: str, process: Process | None = None) -> dict[str, str]:
    """The settings of a process, or of a one-off command of a service (`process` is None: no ports)."""
    settings = {
        SETTING: str(state.folder),
        "BEKLIJF_PROFILE": "laptop",
        "BEKLIJF_DATABASE_URL": server.url_of(service),
        "BEKLIJF_KAFKA_BOOTSTRAP": broker.bootstrap_of(ports["broker"]),
        "BEKLIJF_KAFKA_PROFILE": "tansu",
        "BEKLIJF_SPOOL": str(state.spool),
        "PYTHONUNBUFFERED": "1",
    }
    settings.update({name: os.environ[name] for name in PASSED_ON if name in os.environ})
    if site := state.site():  # absolute: services run in the state folder
        settings[SITE] = site
    if process is not None:
        settings["BEKLIJF_OPERATIONS_PORT"] = str(ports[process.operations_name])
        if process.speaks_http:
            settings["BEKLIJF_HTTP_PORT"] = str(ports[process.name])
    return settings


def command_of(service: str, *arguments: str) -> list[str]:
    """How one command of a service is run; the operator's package imports no service."""
    return [sys.executable, "-m", f"beklijf_{service}", *arguments]
