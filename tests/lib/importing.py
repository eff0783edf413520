"""Intake taking archives in: its door and its importer in this process, with the importer's own worker processes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from beklijf_intake import app
from beklijf_intake.bulk.download import Sources
from beklijf_intake.settings import Archives, Intake
from beklijf_shared import db, http
from beklijf_shared.clock import system_clock
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger
from tests.lib.servers import free_port
from tests.lib.wait import wait_until

NDJSON = {"Content-Type": "application/fhir+ndjson"}
ENDED_SECONDS = 120.0
WORKERS = 2


@dataclass(frozen=True)
class Counter:
    """Where archives are handed in, and asked about."""

    client: httpx.Client
    engine: db.Engine
    spool: Path

    def hand_in(self, content: bytes | Iterable[bytes], **query: str) -> httpx.Response:
        """One file."""
        return self.client.post("/fhir/$import", content=content, params=query, headers=NDJSON)

    def taken(self, content: bytes, **query: str) -> str:
        """One file that must be taken: the address of its import."""
        response = self.hand_in(content, **query)
        assert (response.status_code, response.content) == (202, b""), response.text
        return response.headers["Content-Location"]

    def ended(self, address: str) -> dict[str, Any]:
        """The manifest of an import, once it has ended."""
        wait_until(lambda: self.client.get(address).status_code == 200, ENDED_SECONDS, because="the import ends")
        manifest: dict[str, Any] = self.client.get(address).json()
        return manifest

    def lines(self, address: str, what: str = "outcomes") -> list[dict[str, Any]]:
        """What became of each line, or (`refusals`) the refused ones."""
        response = self.client.get(f"{address}/{what}")
        assert response.status_code == 200
        return [json.loads(line) for line in response.text.splitlines()]


def ndjson(resources: Iterable[dict[str, Any]]) -> bytes:
    """One resource a line."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in resources)


@contextmanager
def counter(url: str, spool: Path | None, *, importing: bool = True, sources: Sources | None = None) -> Iterator[Counter]:
    """A door with the tokens of two hospitals; without a spool it takes no archives, without an importer they stay where they are."""
    port = free_port()
    environment = {
        "BEKLIJF_DATABASE_URL": url,
        "BEKLIJF_PROFILE": "laptop",
        "BEKLIJF_HTTP_PORT": str(port),
        "BEKLIJF_SENDERS": '{"token-of-the-second-hospital": "00000002"}',
    }
    settings, archives = (
        Settings.from_environment("intake", environment),
        Archives(spool, 8 * 1024**2, sources.hosts if sources else frozenset(), WORKERS),
    )
    stop, log = threading.Event(), Logger("intake", "api")
    with db.opened(url) as engine, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90) as client:
        intake = Intake.of(settings, environment)
        door = app.application(settings, intake, engine, system_clock, log, archives=archives)
        threads = [threading.Thread(target=http.serve, args=(door, settings, Status("intake", "api"), stop))]
        if importing:
            given = (settings, system_clock, Status("intake", "importer"), stop, log, archives, sources)
            threads.append(threading.Thread(target=app.import_archives, args=given))
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: _answers(client), because="the FHIR door answers")
            yield Counter(client, engine, spool or Path())
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/fhir/metadata").status_code == 200
    except httpx.TransportError:
        return False
