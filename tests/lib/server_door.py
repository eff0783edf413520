"""A FHIR door as on a server: nobody sends without a registered key. On loopback, with a clock set by hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc.jwk import ECKey, RSAKey

from beklijf_intake import app
from beklijf_intake.senders.registrar import Wish
from beklijf_intake.settings import Intake
from beklijf_shared import db, http
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger
from tests.lib import senders
from tests.lib.clock import HandClock
from tests.lib.servers import free_port
from tests.lib.wait import wait_until

BASE = "https://registry.example/fhir"
TOKEN_URL = f"{BASE}/auth/token"
KEYS = {
    "BEKLIJF_PROFILE": "server",
    "BEKLIJF_PUBLIC_URL": BASE,
    "BEKLIJF_TOKEN_KEY": "0123456789abcdef" * 4,
    "BEKLIJF_PSEUDONYM_KEY": "fedcba9876543210" * 4,
}


@dataclass
class ServerDoor:
    """A running door, and whoever wants in."""

    client: httpx.Client
    engine: db.Engine
    clock: HandClock
    app: FastAPI

    def register(self, id_: str, organisation: str, keys: bytes | None, wish: Wish | None = None, url: str | None = None) -> None:
        """Registers a sender, known to the door when this returns."""
        senders.register(self.engine, id_, organisation, keys, self.clock(), url=url, wish=wish, private_networks=True)
        self.app.state.roster.refresh()

    def assertion(self, client: str, key: RSAKey | ECKey, **changed: Any) -> str:
        """A proper assertion, with some of its claims changed."""
        return senders.signed(key, senders.header(key), senders.claims(client, TOKEN_URL, self.clock(), **changed))

    def token(self, client: str, key: RSAKey | ECKey, scope: str = "system/*.cruds") -> str:
        """An access token; it must be given."""
        answer = senders.ask(self.client, self.assertion(client, key), scope)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def as_sender(self, client: str, key: RSAKey | ECKey, scope: str = "system/*.cruds") -> dict[str, str]:
        """The headers of a request by this sender."""
        return bearer(self.token(client, key, scope))


def bearer(token: str) -> dict[str, str]:
    """The headers of a request with this token."""
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}


@contextmanager
def opened(url: str, clock: HandClock | None = None, *, published: bool = True, **environment: str) -> Iterator[ServerDoor]:
    """A door on this database until the block ends; several may stand on one. `published` is known to senders by a name of the
    wide world; otherwise by where it really listens."""
    port, clock = free_port(), clock or HandClock()
    own = {} if published else {"BEKLIJF_PUBLIC_URL": f"http://127.0.0.1:{port}/fhir"}
    given = {**KEYS, **own, "BEKLIJF_DATABASE_URL": url, "BEKLIJF_HTTP_PORT": str(port), "BEKLIJF_PRIVATE_NETWORKS": "yes", **environment}
    settings = Settings.from_environment("intake", given)
    stop, status = threading.Event(), Status("intake", "api")
    with db.opened(url) as engine:
        door = app.application(settings, Intake.of(settings, given), engine, clock, Logger("intake", "api"))
        server = threading.Thread(target=http.serve, args=(door, settings, status, stop))
        server.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90) as client:
                wait_until(lambda: _answers(client), because="the FHIR door answers")
                door.state.roster.refresh()
                yield ServerDoor(client, engine, clock, door)
        finally:
            stop.set()
            server.join(20)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/fhir/metadata").status_code == 200
    except httpx.TransportError:
        return False
