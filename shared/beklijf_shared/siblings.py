"""Several processes on one HTTP port: one process of Python uses one processor, however many requests wait.

The first one starts the others with its own command, all of them listen on the port (the kernel shares the connections out), and they
live and die together: a sibling that ends ends the first, which whoever keeps it starts again; siblings end when the first is gone.
Nobody outside knows of siblings, so the first one asks them and answers for all: each tells it the port on which it is asked how it is.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

FIRST = "BEKLIJF_FIRST_OF_SIBLINGS"
TELL = "BEKLIJF_TELL_FIRST"
"""The end of a pipe into which a sibling writes its operations port."""
ASK_SECONDS = 3.0
LOOK_SECONDS = 0.5
STOP_SECONDS = 15.0


def listening(host: str, port: int, workers: int) -> socket.socket:
    """A socket on the address, shared with siblings where there are any; port 0 takes any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if workers > 1 or FIRST in os.environ:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((host, port))
    return found


class Silent(Exception):
    """A sibling has not said yet where it is asked, or does not answer there."""


@dataclass(frozen=True, slots=True)
class Siblings:
    """Those that this process has started: on which host, how many, and the operations ports that they have told."""

    host: str
    count: int
    ports: list[int] = field(default_factory=list)

    def ask(self, path: str) -> list[tuple[int, bytes]]:
        """What each of them answers on its operations port: status and body. Raises Silent where one does not."""
        if len(self.ports) < self.count:
            raise Silent
        return [self._ask(port, path) for port in self.ports]

    def _ask(self, port: int, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.host, port, timeout=ASK_SECONDS)
        try:
            connection.request("GET", path)
            with connection.getresponse() as answer:
                return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Silent from error
        finally:
            connection.close()

    def hear(self, pipe: int) -> None:
        """Waits for one of them to tell its port; for nothing where it ends before."""
        with os.fdopen(pipe) as told:
            said = told.readline()
        if said:
            self.ports.append(int(said))


def tell(port: int) -> None:
    """Tells the first one on which port this one is asked how it is; nothing where this one is no sibling."""
    pipe = os.environ.pop(TELL, None)
    if pipe is not None:
        with os.fdopen(int(pipe), "w") as first:
            first.write(f"{port}\n")


@contextmanager
def beside(workers: int, host: str, port: int, stop: threading.Event) -> Iterator[Siblings]:
    """Keeps `workers` - 1 siblings while the block runs; sets `stop` when one of them, or the first, has ended."""
    count = 0 if FIRST in os.environ else workers - 1
    told = {FIRST: str(os.getpid()), "BEKLIJF_WORKERS": "1", "BEKLIJF_HTTP_PORT": str(port), "BEKLIJF_OPERATIONS_PORT": "0"}
    command = [sys.executable, *sys.orig_argv[1:]]
    found = Siblings(_reachable(host), count)
    started = [_start(command, {**os.environ, **told}, found) for _ in range(count)]
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(started, stop, ended), name="siblings", daemon=True)
    watch.start()
    try:
        yield found
    finally:
        ended.set()
        watch.join()
        for one in started:
            one.terminate()
        for one in started:
            _end(one)


def _start(command: list[str], settings: dict[str, str], found: Siblings) -> subprocess.Popen[bytes]:
    ours, theirs = os.pipe()
    try:
        one = subprocess.Popen(command, env={**settings, TELL: str(theirs)}, pass_fds=(theirs,))
    finally:
        os.close(theirs)
    threading.Thread(target=found.hear, args=(ours,), name="hearing", daemon=True).start()
    return one


def _reachable(host: str) -> str:
    """Where a server that listens on this address is spoken to from the same machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def _watch(started: list[subprocess.Popen[bytes]], stop: threading.Event, ended: threading.Event) -> None:
    first = os.environ.get(FIRST)
    while not ended.wait(LOOK_SECONDS):
        if any(one.poll() is not None for one in started) or first not in (None, str(os.getppid())):
            stop.set()
            return


def _end(one: subprocess.Popen[bytes]) -> None:
    try:
        one.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        one.kill()
        one.wait()
