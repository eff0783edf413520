"""A headless Chromium and a site to walk through: that of BEKLIJF_TEST_SITE, else the pages on a read model of golden messages."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Request, sync_playwright

from beklijf_reporting import app, usecases
from beklijf_shared import db
from beklijf_shared.events import Event
from beklijf_shared.settings import Settings
from tests.integration.reporting.test_pages import DUE, QUALITY, TALLY
from tests.lib import events
from tests.lib.clock import NOON
from tests.lib.databases import Databases
from tests.lib.servers import free_port
from tests.lib.snapshots import golden
from tests.lib.wait import wait_until

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATHS = (
    *("/", "/quality", "/instruments", "/figures", "/small-cells", "/nowhere", "/receipts", "/receipts/urn:ura:00000001/2020-03-02"),
    *("/cohorts/imsr", "/cohorts/imsr-k10", "/cohorts/imsr/reproduced", "/cohorts/imsr/follow-ups"),
)
"""Every page, and the one that says that there is none."""


@dataclass
class Site:
    """Where the pages are, and which requests went elsewhere."""

    address: str
    strayed: list[str] = field(default_factory=list)

    def watch(self, request: Request) -> None:
        """Notes a request that leaves the origin."""
        if not request.url.startswith((f"{self.address}/", "data:")):
            self.strayed.append(request.url)


def told() -> list[Event]:
    """What the site is filled with: a cohort without and one with hidden cells, and everything else that reporting hears."""
    small = msgspec.structs.replace(golden("small-cells-suppressed"), cohort="imsr-k10", minimum_cell=10)
    return [golden(), small, TALLY, QUALITY, DUE]


@pytest.fixture(scope="module")
def site(databases: Databases) -> Iterator[Site]:
    """The pages, served."""
    if "BEKLIJF_TEST_SITE" in os.environ:
        yield Site(os.environ["BEKLIJF_TEST_SITE"].rstrip("/"))
        return
    url = databases("reporting")
    with db.opened(url) as engine:
        with db.transaction(engine) as connection:
            usecases.apply(connection, [events.message(event) for event in told()], NOON)
        settings = Settings.from_environment(
            "reporting", {"BEKLIJF_DATABASE_URL": url, "BEKLIJF_PROFILE": "laptop", "BEKLIJF_KAFKA_PROFILE": "tansu"}
        )
        with served(uvicorn.Config(app.application(settings, engine), port=free_port(), log_level="critical")) as address:
            yield Site(address)


@contextmanager
def served(config: uvicorn.Config) -> Iterator[str]:
    """A server in a thread, on a port of its own; its address."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, because="the pages are served")
        yield f"http://{config.host}:{config.port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven through its debugging port; its profile is a new folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def reading(
    chromium: Browser, site: Site, *, width: int = 1280, scripts: bool = False, language: str = "en-GB"
) -> Iterator[BrowserContext]:
    """A window of that width. Scripts are off, as the pages need none; the checks of accessibility switch them on."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts, locale=language)
    context.on("request", site.watch)
    try:
        yield context
    finally:
        context.close()
