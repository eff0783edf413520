"""Settings: read once from the environment, frozen, checked at start with a sentence that names the variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, cast

Profile = Literal["laptop", "server"]
KafkaProfile = Literal["tansu", "apache"]


WORKERS_MAXIMUM = 64


class SettingMissing(Exception):
    """A setting is absent or unusable; the message names it and says what it takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What every process of every service is told by its environment."""

    service: str
    database_url: str
    kafka_bootstrap: str
    kafka_profile: KafkaProfile
    profile: Profile
    http_host: str
    http_port: int
    operations_port: int
    contracts_folder: Path | None
    workers: int = 1
    """Processes that serve intake's HTTP port together."""

    @classmethod
    def from_environment(cls, service: str, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads the `BEKLIJF_` variables; raises SettingMissing naming the first one that cannot be used."""
        folder = environment.get("BEKLIJF_CONTRACTS")
        return cls(
            service=service,
            database_url=secret(environment, "BEKLIJF_DATABASE_URL")
            or _missing("BEKLIJF_DATABASE_URL", "the service's own database, postgresql+psycopg://..."),
            kafka_bootstrap=environment.get("BEKLIJF_KAFKA_BOOTSTRAP", "127.0.0.1:9092"),
            kafka_profile=cast(KafkaProfile, _one_of(environment, "BEKLIJF_KAFKA_PROFILE", ("apache", "tansu"))),
            profile=cast(Profile, _one_of(environment, "BEKLIJF_PROFILE", ("server", "laptop"))),
            http_host=environment.get("BEKLIJF_HTTP_HOST", "127.0.0.1"),
            http_port=_port(environment, "BEKLIJF_HTTP_PORT"),
            operations_port=_port(environment, "BEKLIJF_OPERATIONS_PORT"),
            contracts_folder=Path(folder) if folder else None,
            workers=_workers(environment),
        )


def secret(environment: Mapping[str, str], name: str) -> str:
    """A setting that may also stand in a file of its own, named by the variable with `_FILE` behind it; empty when neither is set.

    A secret in a file is in no list of processes and in no description of a container. Raises SettingMissing, never with the value.
    """
    value, file = environment.get(name, ""), environment.get(f"{name}_FILE")
    if value or not file:
        return value
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingMissing(f"{name}_FILE names a file that cannot be read") from None


def _missing(name: str, what: str) -> NoReturn:
    raise SettingMissing(f"{name} is not set, nor {name}_FILE: it must name {what}")


def _one_of(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """The value of a closed choice; the first choice is the default."""
    value = environment.get(name, choices[0])
    if value not in choices:
        raise SettingMissing(f"{name} must be one of {', '.join(choices)}")
    return value


def _port(environment: Mapping[str, str], name: str) -> int:
    """A TCP port; 0 (the default) takes any free one."""
    value = environment.get(name, "0")
    if not value.isascii() or not value.isdigit() or int(value) > 65535:
        raise SettingMissing(f"{name} must be a port, 0 to 65535")
    return int(value)


def _workers(environment: Mapping[str, str]) -> int:
    value = environment.get("BEKLIJF_WORKERS", "1")
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= WORKERS_MAXIMUM:
        raise SettingMissing(f"BEKLIJF_WORKERS must be a number of processes, 1 to {WORKERS_MAXIMUM}")
    return int(value)
