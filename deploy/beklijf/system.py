"""The local system as one thing: prepared, started, stopped, asked, emptied."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from beklijf.local import broker, placement, postgres
from beklijf.local import ports as local_ports
from beklijf.local.ports import LOOPBACK
from beklijf.local.processes import PROCESSES, SERVICES, Process, command_of, environment, wanted_ports
from beklijf.local.state import SETTING, State, state_from_environment
from beklijf.local.supervision import Supervisor, configure
from beklijf.token import Held
from beklijf_shared.settings import KafkaProfile

TOKENS = {"00000001": "laptop-token-of-hospital-one", "00000002": "laptop-token-of-hospital-two"}
"""By organisation: what intake knows the invented hospitals by in the laptop profile."""


class CommandFailedError(Exception):
    """A command of a service ended with an error; the text is what it said."""


@dataclass(frozen=True, slots=True)
class System:
    """The system of one state folder that has been started at least once."""

    state: State
    ports: dict[str, int]
    server: postgres.Server

    @property
    def supervisor(self) -> Supervisor:
        """Its supervisor, running or not."""
        return Supervisor(self.state, self.ports["supervisor"])

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return broker.bootstrap_of(self.ports["broker"])

    @property
    def kafka_profile(self) -> KafkaProfile:
        """Which kind of broker it is: the wheel's."""
        return "tansu"

    def url_of(self, process: Process) -> str:
        """The address of a process that speaks HTTP."""
        return f"http://{LOOPBACK}:{self.ports[process.name]}"

    def operations_url_of(self, process: Process) -> str:
        """The address of a process's operations port."""
        return f"http://{LOOPBACK}:{self.ports[process.operations_name]}"

    def auth_of(self, organisation: str) -> httpx.Auth:
        """As one of the two invented hospitals; its token is no secret, for intake listens on the loopback interface only."""
        return Held(TOKENS[organisation])

    def run(self, service: str, *arguments: str) -> str:
        """Run one command of a service and return what it printed; CommandFailedError with its words when it fails."""
        done = subprocess.run(
            command_of(service, *arguments),
            env={**os.environ, **environment(self.state, self.server, self.ports, service)},
            cwd=self.state.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CommandFailedError(f"beklijf_{service} {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


class NotStartedError(Exception):
    """There is no system in this state folder yet."""


def existing(state: State | None = None) -> System:
    """The system of the state folder; NotStartedError when there is none."""
    state = state or state_from_environment()
    ports = local_ports.load(state.folder)
    if not ports or not (state.postgres / "passwords.json").exists():
        raise NotStartedError(f"nothing has been started in {state.folder} yet: run `beklijf up`")
    return System(state, ports, postgres.prepare(state.postgres, ports["postgres"]))


def prepared(state: State | None = None) -> System:
    """The system of the state folder, made where it is missing. What runs is left alone; otherwise ports are chosen anew where taken."""
    state = state or state_from_environment()
    state.make()
    ports = local_ports.load(state.folder)
    if not Supervisor(state, ports.get("supervisor", 0)).is_running():
        end_orphans(state)
        ports = local_ports.assign(wanted_ports(), ports)
        local_ports.save(state.folder, ports)
    system = System(state, ports, postgres.prepare(state.postgres, ports["postgres"]))
    if not system.supervisor.is_running():
        configure(state, system.server, ports)
    return system


def start_servers(system: System) -> None:
    """Supervisor, PostgreSQL with its four databases, broker: running and answering when this returns."""
    if not system.supervisor.is_running():
        system.supervisor.start()
    system.supervisor.start_processes(["postgres", "broker"])
    postgres.wait_until_ready(system.server)
    postgres.create_databases(system.server)
    broker.wait_until_ready(system.ports["broker"])


def migrate(system: System) -> None:
    """Bring every service's database to the newest schema."""
    run_all(system, SERVICES, "migrate")


def run_all(system: System, services: Sequence[str], *arguments: str) -> None:
    """Run one command of several services side by side; CommandFailedError of the first that failed, once all have ended."""
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        list(pool.map(lambda service: system.run(service, *arguments), services))


def start_services(system: System) -> None:
    """Start every process of every service that does not run."""
    system.supervisor.start_processes([process.name for process in PROCESSES])


def stop(system: System) -> None:
    """Stop everything of this state folder, also what a killed supervisor has left behind."""
    if system.supervisor.is_running():
        system.supervisor.stop()
    end_orphans(system.state)


def reset(state: State) -> None:
    """Delete all that the stopped system has kept: data, passwords, ports, logs."""
    placement.remove(state.postgres)
    shutil.rmtree(state.folder, ignore_errors=True)


def end_orphans(state: State) -> None:
    """End processes of this state folder whose supervisor was killed; they hold its ports and its data."""
    orphans = [process for process in psutil.process_iter() if _belongs(process, state)]
    for orphan in orphans:
        # PostgreSQL leaves at once, in order, on SIGINT; Python services take SIGTERM.
        orphan.send_signal(signal.SIGINT if orphan.name() == "postgres" else signal.SIGTERM)
    _, remaining = psutil.wait_procs(orphans, timeout=15)
    for process in remaining:
        process.kill()
    psutil.wait_procs(remaining, timeout=5)


def _belongs(process: psutil.Process, state: State) -> bool:
    try:
        if process.pid == os.getpid():
            return False
        if process.name() == "postgres":
            return _is_postmaster(process, state)
        command = process.cmdline()
        if process.name() == "tansu":
            return bool(process.environ().get(SETTING) == str(state.folder))
        ours = any(part.startswith("beklijf_") or part == "supervisor.supervisord" for part in command)
        return ours and bool(process.environ().get(SETTING) == str(state.folder))
    except (psutil.Error, OSError):
        return False


def _is_postmaster(process: psutil.Process, state: State) -> bool:
    # PostgreSQL writes its title over its environment, so the marker cannot be read there: its data folder is asked.
    data = placement.place(state.postgres).data
    lock = Path(data) / "postmaster.pid"
    return lock.exists() and lock.read_text().split("\n", 1)[0] == str(process.pid)
