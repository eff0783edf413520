"""One real process of one service, with or without a fault built in, that may be told to kill itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lib.infra import Broker
from tests.lib.servers import free_port
from tests.lib.sources import ROOT

DIED_SECONDS = 180.0


@dataclass(frozen=True)
class Lone:
    """How the process is started; `fault` names one of `mutants.FAULTS`, or nothing."""

    service: str
    command: str
    url: str
    broker: Broker
    folder: Path
    fault: str = ""

    @contextmanager
    def running(self, *, crash: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """The process, until the block ends; `crash` (`point:count`) is where it kills itself."""
        wrapper = ["tests.chaos.mutants"] if self.fault else []
        command = [sys.executable, "-m", *wrapper, f"beklijf_{self.service}", self.command]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, env=self._environment(crash), cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def until_it_kills_itself(self, point: str) -> None:
        """Start it and wait until it has died at this point."""
        with self.running(crash=f"{point}:1") as process:
            process.wait(DIED_SECONDS)
        assert self._trace.exists(), (
            f"ended with {process.returncode} without reaching {point}: {(self.folder / 'log').read_text()[-2000:]}"
        )
        assert self._trace.read_text().split() == [point]

    @property
    def _trace(self) -> Path:
        return self.folder / "reached"

    def _environment(self, crash: str) -> dict[str, str]:
        return {
            **os.environ,
            "BEKLIJF_DATABASE_URL": self.url,
            "BEKLIJF_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "BEKLIJF_KAFKA_PROFILE": self.broker.profile,
            "BEKLIJF_PROFILE": "laptop",
            "BEKLIJF_OPERATIONS_PORT": str(free_port()),
            "BEKLIJF_CRASH_POINTS": crash,
            "BEKLIJF_CRASH_TRACE": str(self._trace),
            "BEKLIJF_TEST_FAULT": self.fault,
        }
