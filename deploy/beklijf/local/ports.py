"""Ports of the local system: a wanted number each, another one when it is taken, remembered in the state folder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"

WANTED: dict[str, int] = {
    "reporting-api": 8400,
    "intake-api": 8401,
    "cohorts-api": 8402,
    "scoring-api": 8403,
    "postgres": 8432,
    "broker": 8492,
    "supervisor": 8499,
}
"""What people type by hand gets a number that can be remembered; operations ports follow from the order of the processes."""


def turn_file() -> Path:
    """The file whose lock says whose turn it is; one for every account of this computer."""
    return Path(tempfile.gettempdir()) / f"beklijf-starts-{os.getuid()}.lock"


@contextmanager
def in_turn() -> Iterator[None]:
    """One system at a time chooses its ports and starts to listen on them: two that start in the same seconds would choose the same ones.

    The lock ends with the process that holds it, however that ends.
    """
    with turn_file().open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without SO_REUSEADDR connections of a server that has just stopped would make its own port look taken for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return not _answers(port)


def _answers(port: int) -> bool:
    """Whether somebody listens there, on an interface that the bind above did not collide with."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_port() -> int:
    """A port that nobody uses at this moment, chosen by the operating system."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def assign(wanted: dict[str, int], remembered: dict[str, int]) -> dict[str, int]:
    """A free port for each name: the remembered one, the wanted one, or one like it. Call only while nothing of ours runs.

    Like it means a hundred, two hundred ... higher: below the range from which systems hand out ports to clients, so that it is
    free again the next time; only when all those are taken, any.
    """
    assigned: dict[str, int] = {}
    for name, number in wanted.items():
        candidates = (remembered.get(name, number), number, *range(number + 100, number + 2000, 100))
        port = next((port for port in candidates if port not in assigned.values() and is_free(port)), None)
        assigned[name] = port or _other_than(set(assigned.values()))
    return assigned


def _other_than(taken: set[int]) -> int:
    while (port := free_port()) in taken:
        pass
    return port


def load(state: Path) -> dict[str, int]:
    """The ports remembered in a state folder; empty when there are none yet."""
    file = state / "ports.json"
    if not file.exists():
        return {}
    return {str(name): int(port) for name, port in json.loads(file.read_text()).items()}


def save(state: Path, ports: dict[str, int]) -> None:
    """Remember the ports, replacing the file in one step so that a reader never sees half of it."""
    fresh = state / "ports.json.new"
    fresh.write_text(json.dumps(ports, indent=2) + "\n")
    fresh.replace(state / "ports.json")
