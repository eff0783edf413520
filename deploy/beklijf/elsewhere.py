"""A running system that this command did not start: in containers, or on servers. It is addressed by the names of its processes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from beklijf import system
from beklijf.local.processes import Process
from beklijf.system import System
from beklijf_shared.settings import KafkaProfile

OPERATIONS = "BEKLIJF_OPERATIONS_URL"
"""Where operations ports answer, `{process}` standing for a process's name, like `http://{process}:9000`: this makes it elsewhere."""
HTTP = "BEKLIJF_HTTP_URL"
"""The same for what speaks HTTP to others."""

PAGES = "BEKLIJF_PAGES_URL"
"""Where a person finds the pages, when that is another address than the one used between processes."""


class Addressed(Protocol):
    """What must be known of a system to push to it and to wait for it; started here or not."""

    @property
    def bootstrap(self) -> str:
        """The broker's address."""

    @property
    def kafka_profile(self) -> KafkaProfile:
        """Which kind of broker it is."""

    def url_of(self, process: Process) -> str:
        """The address of a process that speaks HTTP."""

    def operations_url_of(self, process: Process) -> str:
        """The address of a process's operations port."""

    def token_of(self, organisation: str) -> str:
        """The token that intake knows an invented hospital by; LookupError when it knows none."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A system that others start and stop."""

    operations: str
    http: str
    bootstrap: str
    kafka_profile: KafkaProfile
    senders_file: Path | None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Elsewhere:
        """As the environment says."""
        file = environment.get("BEKLIJF_SENDERS_FILE")
        return cls(
            operations=environment[OPERATIONS],
            http=environment.get(HTTP, "http://{process}:8000"),
            bootstrap=environment.get("BEKLIJF_KAFKA_BOOTSTRAP", "127.0.0.1:9092"),
            kafka_profile="tansu" if environment.get("BEKLIJF_KAFKA_PROFILE") == "tansu" else "apache",
            senders_file=Path(file) if file else None,
        )

    def url_of(self, process: Process) -> str:
        """The address of a process that speaks HTTP."""
        return self.http.replace("{process}", process.name)

    def operations_url_of(self, process: Process) -> str:
        """The address of a process's operations port."""
        return self.operations.replace("{process}", process.name)

    def token_of(self, organisation: str) -> str:
        """From the file that intake itself reads."""
        if self.senders_file is None:
            raise LookupError("BEKLIJF_SENDERS_FILE is not set: it must name the file of tokens that intake reads")
        senders: dict[str, str] = json.loads(self.senders_file.read_text(encoding="utf-8"))
        for token, by in senders.items():
            if by == organisation:
                return token
        raise LookupError(f"no token of organisation {organisation} in {self.senders_file}")


def running_system(environment: Mapping[str, str] = os.environ) -> System | Elsewhere:
    """The system that the environment points to, else that of the state folder; NotStartedError when there is neither."""
    return Elsewhere.of(environment) if environment.get(OPERATIONS) else system.existing()
