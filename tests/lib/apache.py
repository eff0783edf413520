"""A real Apache Kafka of a test's own: it may be stopped, killed and started again, and keeps its messages (`tests/tools/apache-kafka`)."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.lib.servers import free_port
from tests.lib.sources import ROOT

TOOL = ROOT / "tests" / "tools" / "apache-kafka"


@dataclass
class ApacheServer:
    """One broker; its folder holds its messages and its log."""

    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def bootstrap(self) -> str:
        """Its address."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> ApacheServer:
        """Start it and return when it answers."""
        subprocess.run([TOOL, "start", "--data", self.folder, "--port", str(self.port)], check=True, stdout=subprocess.DEVNULL)
        return self

    def hang(self) -> None:
        """SIGSTOP: it takes connections and never answers."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, where it runs."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((self.folder / "pid").read_text()), number)
