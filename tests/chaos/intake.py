"""Intake's door and importer as processes of their own, on a PostgreSQL that fsyncs, each of which can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from beklijf_shared import migrations
from tests.lib import infra
from tests.lib.databases import plain
from tests.lib.servers import BrokerServer, PostgresServer, free_port
from tests.lib.wait import wait_until

NDJSON = {"Content-Type": "application/fhir+ndjson"}
SECONDS = 180.0


@dataclass
class Site:
    """The processes of one site, by command."""

    folder: Path
    postgres: PostgresServer
    client: httpx.Client
    workers: int = 1
    broker: BrokerServer | None = None
    through: int | None = None
    """The near end of a line to PostgreSQL that the processes must use, where there is one."""
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def trace(self) -> Path:
        """Where a process says which crash point it has reached."""
        return self.folder / "reached"

    @property
    def database(self) -> str:
        """Intake's database."""
        return self.postgres.url_of("intake")

    def start(self, command: str, *, crash: str = "") -> None:
        """Start `api`, `importer` or `relay`; `crash` (`point:count`) is where it kills itself."""
        environment = {
            **os.environ,
            "BEKLIJF_DATABASE_URL": self._reached_by(self.through),
            "BEKLIJF_PROFILE": "laptop",
            "BEKLIJF_HTTP_PORT": str(self.port),
            "BEKLIJF_OPERATIONS_PORT": "0",
            "BEKLIJF_SPOOL": str(self.folder / "spool"),
            "BEKLIJF_IMPORT_WORKERS": str(self.workers),
            "BEKLIJF_CRASH_POINTS": crash,
            "BEKLIJF_CRASH_TRACE": str(self.trace),
        }
        if command == "api":
            environment["BEKLIJF_OPERATIONS_PORT"] = str(free_port())
        if self.broker is not None:
            environment |= {"BEKLIJF_KAFKA_BOOTSTRAP": self.broker.bootstrap, "BEKLIJF_KAFKA_PROFILE": "tansu"}
        with (self.folder / f"{command}.log").open("ab") as log:
            arguments = [sys.executable, "-m", "beklijf_intake", command]
            self.running[command] = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log)
        if command == "api":
            wait_until(self._answers, SECONDS, because="the FHIR door answers")

    def _reached_by(self, port: int | None) -> str:
        return self.database if port is None else self.database.replace(f":{self.postgres.port}/", f":{port}/")

    def again(self, command: str, *, crash: str = "") -> None:
        """End it where it runs, and start it."""
        if command in self.running:
            self.kill(command)
        self.start(command, crash=crash)

    def kill(self, command: str) -> None:
        """SIGKILL; its workers notice by themselves."""
        self.running[command].send_signal(signal.SIGKILL)
        self.running[command].wait()

    def died(self, command: str, point: str) -> None:
        """Return when the process has killed itself at this point."""
        code = self.running[command].wait(SECONDS)
        assert (code, self.reached()[-1:]) == (-signal.SIGKILL, [point]), (self.folder / f"{command}.log").read_text()[-2000:]

    def reached(self) -> list[str]:
        """The crash points at which something has died so far."""
        return self.trace.read_text().split() if self.trace.exists() else []

    def hand_in(self, file: Path) -> str:
        """An archive that is taken: the address of its import."""
        with file.open("rb") as content:
            response = self.client.post("/fhir/$import", content=content, headers=NDJSON)
        assert response.status_code == 202, response.text
        return response.headers["Content-Location"]

    def status(self, address: str) -> httpx.Response:
        """How far an import is."""
        return self.client.get(address)

    def so_far(self, address: str) -> dict[str, Any]:
        """The sums of an import at this moment."""
        sums: dict[str, Any] = self.status(address).json()["sums"]
        return sums

    def ended(self, address: str, seconds: float = SECONDS) -> dict[str, Any]:
        """The manifest of an import that has ended."""
        wait_until(lambda: self.status(address).status_code == 200, seconds, because="the import ends")
        manifest: dict[str, Any] = self.status(address).json()
        return manifest

    def ask(self, sql: str) -> int:
        """One number from the database."""
        with psycopg.connect(plain(self.database)) as connection:
            row = connection.execute(sql.encode()).fetchone()
            return int(row[0]) if row else 0

    def names(self, sql: str) -> list[str]:
        """One column of texts from the database."""
        with psycopg.connect(plain(self.database)) as connection:
            return [str(row[0]) for row in connection.execute(sql.encode())]

    def _answers(self) -> bool:
        assert self.running["api"].poll() is None, (self.folder / "api.log").read_text()[-2000:]
        try:
            return self.client.get("/fhir/metadata").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def site(at: Path | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Site]:
    """A site with an empty, migrated database; nothing runs yet but PostgreSQL. `at` is the folder for its data, where it matters;
    `settings` are PostgreSQL's."""
    with infra.scratch() as folder, httpx.Client(timeout=SECONDS) as client:
        postgres = PostgresServer(at or folder / "postgres", settings or {}).start()
        made = Site(folder, postgres, client)
        client.base_url = httpx.URL(f"http://127.0.0.1:{made.port}")
        migrations.upgrade("beklijf_intake", made.database)
        try:
            yield made
        finally:
            for process in made.running.values():
                process.kill()
                process.wait()
            postgres.stop()
