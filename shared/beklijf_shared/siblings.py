"""Several processes on one HTTP port: one process of Python uses one processor, however many requests wait.

The first one starts the others with its own command, all of them listen on the port (the kernel shares the connections out), and they
live and die together: a sibling that ends ends the first, which whoever keeps it starts again; siblings end when the first is gone.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FIRST = "BEKLIJF_FIRST_OF_SIBLINGS"
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


@contextmanager
def beside(workers: int, port: int, stop: threading.Event) -> Iterator[None]:
    """Keeps `workers` - 1 siblings while the block runs; sets `stop` when one of them, or the first, has ended."""
    count = 0 if FIRST in os.environ else workers - 1
    told = {FIRST: str(os.getpid()), "BEKLIJF_WORKERS": "1", "BEKLIJF_HTTP_PORT": str(port), "BEKLIJF_OPERATIONS_PORT": "0"}
    command = [sys.executable, *sys.orig_argv[1:]]
    started = [subprocess.Popen(command, env={**os.environ, **told}) for _ in range(count)]
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(started, stop, ended), name="siblings", daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
        for one in started:
            one.terminate()
        for one in started:
            _end(one)


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
