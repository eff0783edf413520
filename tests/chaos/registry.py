"""The whole system under test: every process as a stranger would start it, on servers that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from beklijf import observe
from beklijf.commands.rebuild import rebuild_services
from beklijf.local.processes import PROCESSES, SERVICES, Process, command_of, environment, wanted_ports
from beklijf.local.state import State
from beklijf.system import System, migrate
from tests.lib import infra
from tests.lib.rooms import Room
from tests.lib.servers import BrokerServer, KillableBroker, PostgresServer, free_port

TEND_SECONDS = 0.1
READY_SECONDS = 600.0
REBUILT_SECONDS = 900.0
STOP_SECONDS = 180.0
BY_NAME = {process.name: process for process in PROCESSES}


@dataclass
class Registry:
    """All processes, a PostgreSQL and a broker in one folder; what dies is started again, as a supervisor would."""

    folder: Path
    postgres: PostgresServer
    broker: KillableBroker
    system: System
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of every process, beside what it gets on a laptop."""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    """Processes that ended by themselves: with a name, an exit code, and the last words of the log."""
    _crashes: dict[str, list[str]] = field(default_factory=dict)
    """What each process is still to die of (`point:count`), one life after the other."""
    _deaths: dict[str, int] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _done: threading.Event = field(default_factory=threading.Event)

    def _trace(self, name: str) -> Path:
        """Where a process says which crash point it has reached, just before it dies there."""
        return self.folder / f"{name}.reached"

    @property
    def intake(self) -> str:
        """The FHIR base address."""
        return f"{self.system.url_of(BY_NAME['intake-api'])}/fhir"

    def address(self, name: str) -> str:
        """The address of a process that speaks HTTP, by its name (`cohorts-api`)."""
        return self.system.url_of(BY_NAME[name])

    def start(self, name: str, *, crash: str = "") -> None:
        """Start one process; `crash` (`point:count`) is where it will kill itself."""
        process = BY_NAME[name]
        given = {"BEKLIJF_CRASH_POINTS": crash, "BEKLIJF_CRASH_TRACE": str(self._trace(name))}
        settings = {**os.environ, **self._environment(process), **self.settings, **given}
        with self._lock, (self.folder / f"{name}.log").open("ab") as log:
            command = command_of(process.service, process.command)
            self.running[name] = subprocess.Popen(command, env=settings, cwd=self.folder, stdout=log, stderr=log)
            self.starts[name] = self.starts.get(name, 0) + 1

    def _environment(self, process: Process) -> Mapping[str, str]:
        return environment(self.system.state, self.system.server, self.system.ports, process.service, process)

    def start_all(self) -> None:
        """Start every process and return when all are ready."""
        for process in PROCESSES:
            self.start(process.name)
        observe.wait_until_ready(self.system, READY_SECONDS)

    def crash_at(self, name: str, *points: str) -> None:
        """End a process and start it so that it kills itself at the first of these points (`point:count`), in its next life at the
        second, and so on."""
        with self._lock:
            self.running[name].kill()
            self.running[name].wait()
            self._crashes[name] = list(points)
            self._deaths[name] = len(self.reached(name))
            self.start(name, crash=points[0])

    def is_to_crash(self) -> list[str]:
        """What has not been reached yet."""
        with self._lock:
            return [f"{name} {point}" for name, points in self._crashes.items() for point in points]

    def kill(self, name: str) -> None:
        """SIGKILL at whatever moment this is; it is started again as one that died by itself."""
        with self._lock:
            self.running[name].kill()

    def stop(self, name: str) -> None:
        """SIGTERM, wait, and do not start it again until told to."""
        with self._lock:
            process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def rebuild(self, services: Sequence[str]) -> None:
        """The steps of `beklijf rebuild`, waiting included, with the processes kept by this registry."""
        rebuild_services(self.system, list(services), REBUILT_SECONDS, keeper=self)

    def stop_processes(self, names: list[str]) -> None:
        """Stop these and wait."""
        for name in names:
            self.stop(name)

    def start_processes(self, names: list[str]) -> None:
        """Start these."""
        for name in names:
            self.start(name)

    def tend(self) -> None:
        """Start again whatever has died, until stopped."""
        while not self._done.is_set():
            with self._lock:
                for name, process in list(self.running.items()):
                    if process.poll() is not None:
                        self._start_again(name, process.returncode)
                    elif self._has_reached(name):  # a worker of it has died there, and it is to die of something else next
                        process.kill()
            time.sleep(TEND_SECONDS)

    def _start_again(self, name: str, code: int) -> None:
        """It is given the next crash point once it has reached the one before; that it ended by itself is written down."""
        if self._has_reached(name):
            self._deaths[name] = len(self.reached(name))
            self._crashes[name].pop(0)
        if code != -signal.SIGKILL:
            self.unexpected.append(f"{name} ended with {code}: {(self.folder / f'{name}.log').read_text()[-1500:]}")
        self.start(name, crash=next(iter(self._crashes.get(name, ())), ""))

    def _has_reached(self, name: str) -> bool:
        return bool(self._crashes.get(name)) and len(self.reached(name)) > self._deaths[name]

    def reached(self, name: str) -> list[str]:
        """The crash points at which this process has died so far."""
        trace = self._trace(name)
        return trace.read_text().split() if trace.exists() else []

    def wait(self, timeout: float) -> None:
        """Return when everything accepted is counted and shown: the same facts as `beklijf wait`."""
        observe.wait_until_done(self.system, timeout)

    def say(self, service: str, *arguments: str) -> str:
        """Run one command of a service and return what it printed."""
        return self.system.run(service, *arguments).strip()

    @contextmanager
    def room(self, service: str) -> Iterator[Room]:
        """A service's tables, looked at from here: what its short commands do, without starting Python for each of them."""
        with closing(Room(service, self.postgres.url_of(service))) as room:
            yield room

    def hashes(self) -> dict[str, str]:
        """The state hash of every service."""
        found = {}
        for service in SERVICES:
            with self.room(service) as room:
                found[service] = room.hash()
        return found

    def dead_letters(self) -> int:
        """How many messages and states any service could not use."""
        waiting = 0
        for service in SERVICES:
            with self.room(service) as room:
                waiting += room.dead_letters()
        return waiting

    def end(self) -> None:
        """Kill everything of ours."""
        self._done.set()
        with self._lock:
            for process in self.running.values():
                process.send_signal(signal.SIGKILL)
            for process in self.running.values():
                process.wait()


@contextmanager
def registry(settings: Mapping[str, str] | None = None, make: Callable[[Path], KillableBroker] = BrokerServer) -> Iterator[Registry]:
    """A registry that runs, tended; everything is gone afterwards. `settings` are given to every process; `make` makes the broker."""
    with ExitStack() as stack:
        folder = stack.enter_context(infra.scratch())
        state = State(folder)
        state.make()
        postgres = PostgresServer(state.postgres).start()
        stack.callback(postgres.stop)
        broker = make(state.broker)
        stack.callback(broker.kill)
        broker.start()
        ports = {name: free_port() for name in wanted_ports()} | {"postgres": postgres.port, "broker": broker.port}
        assert postgres.running is not None
        one = Registry(folder, postgres, broker, System(state, ports, postgres.running.server), settings or {})
        migrate(one.system)
        stack.callback(one.end)
        one.start_all()
        threading.Thread(target=one.tend, daemon=True).start()
        yield one
