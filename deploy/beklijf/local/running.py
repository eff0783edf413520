"""A server started for somebody who will stop it again: what tests and benches hold in their hands."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass

STOP_TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Running:
    """A server process and how it is ended: `stop` politely, `kill` as a power cut would."""

    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals

    @property
    def pid(self) -> int:
        """The server's own process id."""
        return self.process.pid

    def stop(self) -> None:
        """End it in order and wait; kill it when it does not go within half a minute."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone. Nothing is flushed, nobody is told."""
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_SECONDS)
