"""A running system that this command did not start: in containers, or on servers. It is addressed by the names of its processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from beklijf import system
from beklijf.local.processes import Process
from beklijf.system import System
from beklijf.token import Bearer, Identity
from beklijf_shared.settings import KafkaProfile

OPERATIONS = "BEKLIJF_OPERATIONS_URL"
"""Where operations ports answer, `{process}` standing for a process's name, like `http://{process}:9000`: this makes it elsewhere."""
HTTP = "BEKLIJF_HTTP_URL"
"""The same for what speaks HTTP to others."""

KEYS = "BEKLIJF_SENDER_KEYS"
"""The folder with the private keys by which the invented hospitals send."""
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

    def auth_of(self, organisation: str) -> httpx.Auth:
        """As an invented hospital sends; LookupError when it cannot."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A system that others start and stop."""

    operations: str
    http: str
    bootstrap: str
    kafka_profile: KafkaProfile
    keys: Path | None
    """The folder with the private keys of the invented hospitals, each named after the id it is registered under."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Elsewhere:
        """As the environment says."""
        folder = environment.get(KEYS)
        return cls(
            operations=environment[OPERATIONS],
            http=environment.get(HTTP, "http://{process}:8000"),
            bootstrap=environment.get("BEKLIJF_KAFKA_BOOTSTRAP", "127.0.0.1:9092"),
            kafka_profile="tansu" if environment.get("BEKLIJF_KAFKA_PROFILE") == "tansu" else "apache",
            keys=Path(folder) if folder else None,
        )

    def url_of(self, process: Process) -> str:
        """The address of a process that speaks HTTP."""
        return self.http.replace("{process}", process.name)

    def operations_url_of(self, process: Process) -> str:
        """The address of a process's operations port."""
        return self.operations.replace("{process}", process.name)

    def auth_of(self, organisation: str) -> httpx.Auth:
        """With the private key of that organisation's sender, `sender-<organisation>.pem`."""
        if self.keys is None:
            raise LookupError(f"{KEYS} is not set: it must name the folder with the senders' private keys")
        sender = f"sender-{organisation}"
        file = self.keys / f"{sender}.pem"
        if not file.exists():
            raise LookupError(f"no private key of organisation {organisation}: {file}")
        return Bearer(Identity.of(sender, file), f"{self.url_of(Process('intake', 'api'))}/fhir")


def running_system(environment: Mapping[str, str] = os.environ) -> System | Elsewhere:
    """The system that the environment points to, else that of the state folder; NotStartedError when there is neither."""
    return Elsewhere.of(environment) if environment.get(OPERATIONS) else system.existing()
