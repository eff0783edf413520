"""Processes of one service that share its work: members of one Kafka group, or relays of one database. Each may be stopped or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from beklijf_shared import topics
from tests.lib.infra import Broker
from tests.lib.servers import free_port
from tests.lib.sources import ROOT
from tests.lib.wait import wait_until

SECONDS = 180.0
ANSWER_SECONDS = 10.0
READ = "beklijf_messages_total"
BEHIND = "beklijf_messages_behind"
PARTITIONS = "beklijf_partitions"
EVERY_SECONDS = 0.2


@dataclass
class Member:
    """One process."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    def is_ready(self) -> bool:
        """Whether it has all it needs: a member of a group, partitions."""
        return bool(json.loads(self._asked("/health/ready") or "{}").get("ready"))

    def partitions(self) -> int:
        """How many partitions it says it has."""
        return round(self._sum(PARTITIONS))

    def read(self) -> int:
        """How many messages it has applied."""
        return round(self._sum(READ))

    def behind(self) -> int:
        """How many messages its partitions are ahead of it, as it says itself."""
        return round(self._sum(BEHIND))

    def stands_still(self) -> bool:
        """Whether the system says that it is stopped."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def stop(self) -> None:
        """SIGSTOP: it does not know that time goes on."""
        self.process.send_signal(signal.SIGSTOP)

    def goes_on(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def leaves(self) -> None:
        """SIGTERM: it ends in order."""
        self.process.terminate()
        assert self.process.wait(SECONDS) == 0, self.log()[-2000:]

    def kill(self) -> None:
        """SIGKILL, whether it is stopped or not."""
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        """What it has written."""
        return (self.folder / f"{self.name}.log").read_text()

    def _sum(self, metric: str) -> float:
        lines = (line for line in self._asked("/metrics").splitlines() if line.startswith((metric + "{", metric + " ")))
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def _asked(self, path: str) -> str:
        """The answer of its operations port; empty while there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=ANSWER_SECONDS) as answer:
                found: str = answer.read().decode()
                return found
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except (OSError, TimeoutError):
            return ""


@dataclass
class Group:
    """Where its members work: a service's database, and a broker."""

    service: str
    url: str
    broker: Broker
    folder: Path
    command: str = "consumer"
    members: list[Member] = field(default_factory=list)

    def joins(self, *, stop: str = "") -> Member:
        """A new member, started; `stop` (`point:count`) is where it will stand still."""
        name = f"{self.service}-{self.command}-{len(self.members)}"
        port = free_port()
        settings = {
            "BEKLIJF_DATABASE_URL": self.url,
            "BEKLIJF_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "BEKLIJF_KAFKA_PROFILE": self.broker.profile,
            "BEKLIJF_PROFILE": "laptop",
            "BEKLIJF_OPERATIONS_PORT": str(port),
            "BEKLIJF_CLOCK": "2020-03-02T12:00:00Z",
            "BEKLIJF_STOP_POINTS": stop,
        }
        command = [sys.executable, "-m", f"beklijf_{self.service}", self.command]
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(command, env={**os.environ, **settings}, cwd=ROOT, stdout=log, stderr=log)
        self.members.append(Member(name, process, port, self.folder))
        return self.members[-1]

    def wait(self) -> None:
        """Returns when the members that live have all partitions between them, and each is ready."""
        partitions = len(topics.received_by(self.service)) * topics.PARTITIONS
        wait_until(lambda: self._share(partitions), SECONDS, because=f"{self.service}'s members share the partitions", every=EVERY_SECONDS)

    def _share(self, partitions: int) -> bool:
        alive = [member for member in self.members if member.process.poll() is None]
        shares = [member.partitions() for member in alive]
        return all(shares) and sum(shares) == partitions and all(member.is_ready() for member in alive)


@contextmanager
def group(service: str, url: str, broker: Broker, folder: Path, command: str = "consumer") -> Iterator[Group]:
    """A group without members; those that joined are killed at the end."""
    made = Group(service, url, broker, folder, command)
    try:
        yield made
    finally:
        for member in made.members:
            member.kill()
