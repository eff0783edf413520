"""The whole of docker-compose.yml under a name, ports and secrets of its own, and the operator's command beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.lib.servers import free_port
from tests.lib.sources import ROOT

KILL_ALL_CHILDREN_OF_INIT = """
import os, pathlib, signal
for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
    if stat.read_text().rsplit(")", 1)[1].split()[1] == "1":
        os.kill(int(stat.parent.name), signal.SIGKILL)
"""


@dataclass(frozen=True)
class Stack:
    """One project of compose; `secrets` is a folder made by `deploy/secrets`."""

    project: str
    secrets: Path
    fhir_port: int
    pages_port: int

    @classmethod
    def made(cls, folder: Path) -> Stack:
        """A new one with secrets of its own; nothing of it runs yet."""
        subprocess.run([str(ROOT / "deploy/secrets"), str(folder)], check=True, capture_output=True)
        return cls(f"beklijf-test-{os.getpid()}", folder, free_port(), free_port())

    @property
    def image(self) -> str:
        """The image that it builds: never the one that somebody uses."""
        return f"beklijf:{self.project}"

    @property
    def fhir(self) -> str:
        """The FHIR base address, as seen from outside."""
        return f"http://127.0.0.1:{self.fhir_port}/fhir"

    @property
    def pages(self) -> str:
        """The pages, as seen from outside."""
        return f"http://127.0.0.1:{self.pages_port}"

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        """Run `docker compose ...`; AssertionError with all it said when it fails or takes too long."""
        return said(["docker", "compose", *arguments], self.environment(), seconds)

    def up(self, seconds: float) -> None:
        """Build, start, and wait until all are healthy; AssertionError with the last lines of every log when that fails."""
        try:
            self.compose("up", "--build", "--wait", "--wait-timeout", "240", seconds=seconds)
            said([str(ROOT / "deploy/invented-hospitals")], self.environment(), 60)
        except (AssertionError, subprocess.TimeoutExpired) as failure:
            logs = self.compose("logs", "--no-color", "--tail", "15")
            raise AssertionError(f"{failure}\n{logs}") from None

    def docker(self, *arguments: str) -> str:
        """Run `docker ...`."""
        return said(["docker", *arguments], self.environment(), 60)

    def push(self, file: Path, organisation: str) -> str:
        """What the README says: the operator's command from outside, with the private key of one sender."""
        sender = f"sender-{organisation}"
        keys = {"BEKLIJF_CLIENT_ID": sender, "BEKLIJF_CLIENT_KEY_FILE": str(self.secrets / f"{sender}.pem")}
        command = [sys.executable, "-m", "beklijf", "push", str(file), "--to", self.fhir]
        done = subprocess.run(command, env={**os.environ, **keys}, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
        assert done.returncode in {0, 1}, done.stdout + done.stderr  # 1: some were refused; the receipt says how many
        return done.stdout

    def wait(self) -> str:
        """The operator's command inside: until everything accepted is counted and shown."""
        return self.compose("run", "--rm", "-T", "operator", "wait", "--timeout", "150", seconds=180)

    def kill(self, service: str) -> None:
        """SIGKILL to the process itself, as when memory runs out: `docker kill` would be taken for somebody's wish that it stays away."""
        command = ["docker", "compose", "exec", "-T", service, "python", "-c", KILL_ALL_CHILDREN_OF_INIT]
        done = subprocess.run(command, env=self.environment(), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode in {0, 137}, done.stderr  # 137: the container ended before this command in it did

    def state(self, service: str, template: str) -> str:
        """What the engine says of a container, by a template of `docker inspect`."""
        return self.docker("inspect", "--format", template, self.compose("ps", "--all", "--quiet", service).strip()).strip()

    def environment(self) -> dict[str, str]:
        """This process's environment, and what the compose file asks for."""
        return {
            **os.environ,
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_BAKE": "false",
            "COMPOSE_PROGRESS": "plain",
            "BEKLIJF_VERSION": self.project,
            "BEKLIJF_SECRETS": str(self.secrets),
            "BEKLIJF_FHIR_PORT": str(self.fhir_port),
            "BEKLIJF_PAGES_PORT": str(self.pages_port),
        }


def said(command: list[str], environment: dict[str, str], seconds: float) -> str:
    """What a command printed; AssertionError with its last words when it fails."""
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}"
    return done.stdout
