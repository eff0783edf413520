"""A reporting database made by the migrations, filled through the use case, and the pages on it as an HTTP client sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import httpx
import pytest

from beklijf_reporting import app, usecases
from beklijf_shared import db
from beklijf_shared.consume import Rejected
from beklijf_shared.events import Event
from beklijf_shared.settings import Settings
from tests.lib import events
from tests.lib.clock import NOON
from tests.lib.databases import Databases


@dataclass
class ReadModel:
    """Reporting on a real database."""

    url: str
    engine: db.Engine

    def hear(self, *told: Event) -> list[Rejected]:
        """One batch, committed."""
        with db.transaction(self.engine) as connection:
            return usecases.apply(connection, [events.message(event) for event in told], NOON)

    def pages(self, profile: Literal["laptop", "server"] = "laptop", engine: db.Engine | None = None) -> Pages:
        """The pages in a profile."""
        environment = {"BEKLIJF_DATABASE_URL": self.url, "BEKLIJF_PROFILE": profile, "BEKLIJF_KAFKA_PROFILE": "tansu"}
        return Pages(Settings.from_environment("reporting", environment), engine or self.engine)


class Pages:
    """Asks the pages as a browser without JavaScript would."""

    def __init__(self, settings: Settings, engine: db.Engine) -> None:
        self._application = app.application(settings, engine)

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """One GET, straight into the application."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._application)
            async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def model(database: Databases) -> Iterator[ReadModel]:
    """An empty read model."""
    url = database("reporting")
    engine = db.engine(url)
    yield ReadModel(url, engine)
    engine.dispose()
