"""The supervisor: one process that starts all others and starts them again when they die, PostgreSQL and broker included.

It is the library `supervisor`, configured by a file generated here and controlled over XML-RPC on the loopback interface with a
random password (its Unix socket would lie in the state folder, whose path may be too long for one).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil

from beklijf.local import broker
from beklijf.local.ports import LOOPBACK
from beklijf.local.postgres import Server, write_secret
from beklijf.local.processes import PROCESSES, command_of, environment
from beklijf.local.state import SETTING, State

START_TIMEOUT_SECONDS = 20.0
STOP_TIMEOUT_SECONDS = 60.0
SERVERS = ("postgres", "broker")
PRESENT = frozenset({"STARTING", "RUNNING", "BACKOFF", "STOPPING"})


class SupervisorError(Exception):
    """The supervisor did not start or does not answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the supervisor says about one process; `pid` 0 when it does not run."""

    name: str
    state: str
    pid: int
    for_seconds: int
    """How long the present run has lasted."""


@dataclass(frozen=True, slots=True)
class Supervisor:
    """A handle on the supervisor of one state folder, running or not."""

    state: State
    port: int

    def is_running(self) -> bool:
        """Whether it answers, with the password of this state folder."""
        try:
            return bool(self._rpc().supervisor.getState()["statecode"] == 1)
        except (OSError, xmlrpc.client.Error):
            return False

    def start(self) -> None:
        """Start it in the background, in a session of its own: closing the terminal does not end it."""
        log = self.state.logs / "supervisor.start.log"
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.state.folder / "supervisor.conf")]
        # All its children carry this mark: it is how they are found should the supervisor itself be killed.
        marked = {**os.environ, SETTING: str(self.state.folder)}
        with log.open("wb") as stream:
            started = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, cwd=self.state.folder, env=marked, check=False
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self.is_running():
            if started.returncode != 0 or time.monotonic() > deadline:
                raise SupervisorError(f"the supervisor did not start:\n{log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop all processes in order, then the supervisor; TimeoutError when it is still there after a minute."""
        process = psutil.Process(int(self._rpc().supervisor.getPID()))
        # Left to itself the supervisor stops one process a second; the services have no order among themselves.
        self.stop_processes([process.name for process in PROCESSES])
        self.stop_processes(list(SERVERS))
        self._rpc().supervisor.shutdown()
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except psutil.TimeoutExpired as error:
            raise TimeoutError(f"the supervisor (process {process.pid}) has not stopped after {STOP_TIMEOUT_SECONDS:.0f} s") from error

    def seen(self) -> dict[str, Seen]:
        """All processes by name."""
        rows = cast("list[dict[str, Any]]", self._rpc().supervisor.getAllProcessInfo())
        return {str(row["name"]): Seen(row["name"], row["statename"], int(row["pid"]), int(row["now"] - row["start"])) for row in rows}

    def start_processes(self, names: list[str]) -> None:
        """Start those of these that do not run; returns at once, readiness is asked of the processes themselves."""
        present, wait_until_started = self.seen(), False
        for name in names:
            if present[name].state not in PRESENT:
                self._rpc().supervisor.startProcess(name, wait_until_started)

    def stop_processes(self, names: list[str]) -> None:
        """Stop those of these that run, all at once, and wait until they have ended."""
        at_once = False
        for name in self._present(names):
            with contextlib.suppress(xmlrpc.client.Fault):  # it has ended in the meantime
                self._rpc().supervisor.stopProcess(name, at_once)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while remaining := self._present(names):
            if time.monotonic() > deadline:
                raise TimeoutError(f"still running after {STOP_TIMEOUT_SECONDS:.0f} s: {', '.join(remaining)}")
            time.sleep(0.1)

    def _present(self, names: list[str]) -> list[str]:
        present = self.seen()
        return [name for name in names if present[name].state in PRESENT]

    def _rpc(self) -> Any:
        user, password = _credentials(self.state)
        return xmlrpc.client.ServerProxy(f"http://{user}:{password}@{LOOPBACK}:{self.port}/RPC2")


def configure(state: State, server: Server, ports: dict[str, int]) -> None:
    """Write the supervisor's configuration; mode 0600, because the processes' passwords are in it."""
    user, password = _credentials(state)
    account = server.placement.account
    sections = [
        _section("supervisord", _supervisord()),
        _section("inet_http_server", {"port": f"{LOOPBACK}:{ports['supervisor']}", "username": user, "password": password}),
        _section("rpcinterface:supervisor", {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}),
        _program(state, "postgres", 1, server.command(), {"stopsignal": "INT", **({"user": account.name} if account else {})}),
        _program(state, "broker", 2, broker.command(state.broker, ports["broker"]), {"stopsignal": "KILL"}),
    ]
    for process in PROCESSES:
        settings = environment(state, server, ports, process.service, process)
        extra = {"autostart": "false", "environment": _environment(settings)}
        sections.append(_program(state, process.name, 3, command_of(process.service, process.command), extra))
    write_secret(state.folder / "supervisor.conf", "\n".join(sections))


def _supervisord() -> dict[str, str]:
    settings = {
        "identifier": "beklijf",
        "logfile": "logs/supervisor.log",
        "logfile_maxbytes": "1MB",
        "logfile_backups": "2",
        "pidfile": "supervisor.pid",
        "childlogdir": "logs",
    }
    return {**settings, "user": "root"} if os.geteuid() == 0 else settings


def _program(state: State, name: str, priority: int, command: list[str], extra: Mapping[str, str]) -> str:
    settings = {
        "command": shlex.join(command),
        "directory": str(state.folder) if name not in SERVERS else "/",
        "priority": str(priority),
        "autostart": "true",
        "autorestart": "true",
        # Below a second of life is a failed start: it is tried again after 1, 2, 3 ... seconds, practically for ever.
        "startsecs": "1",
        "startretries": "1000",
        "stopwaitsecs": "30",
        "redirect_stderr": "true",
        # Relative to the supervisor's own folder: an absolute path with a percent sign in it would be expanded twice.
        "stdout_logfile": f"logs/{name}.log",
        "stdout_logfile_maxbytes": "5MB",
        "stdout_logfile_backups": "3",
        **extra,
    }
    return _section(f"program:{name}", settings)


def _section(title: str, settings: Mapping[str, str]) -> str:
    # The supervisor expands %(name)s in every value: a percent sign of ours is doubled.
    lines = [f"{name}={value.replace('%', '%%')}" for name, value in settings.items()]
    return "\n".join([f"[{title}]", *lines, ""])


def _environment(settings: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in settings.items())


def _credentials(state: State) -> tuple[str, str]:
    file: Path = state.folder / "supervisor.password"
    if not file.exists():
        write_secret(file, json.dumps({"user": "beklijf", "password": secrets.token_urlsafe(24)}))
    stored = json.loads(file.read_text())
    return str(stored["user"]), str(stored["password"])
