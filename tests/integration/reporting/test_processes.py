"""The process `api` as it is started: it becomes ready, serves, says what it lacks, and stops when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.integration.reporting.conftest import ReadModel
from tests.lib.servers import free_port
from tests.lib.snapshots import golden
from tests.lib.wait import wait_until

ANSWER_SECONDS = 60
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/none"


@contextmanager
def serving(url: str) -> Iterator[tuple[str, str, subprocess.Popen[bytes]]]:
    """The process with the addresses of its pages and of its operations port."""
    pages, operations = free_port(), free_port()
    environment = {
        **os.environ,
        "BEKLIJF_DATABASE_URL": url,
        "BEKLIJF_PROFILE": "laptop",
        "BEKLIJF_KAFKA_PROFILE": "tansu",
        "BEKLIJF_HTTP_PORT": str(pages),
        "BEKLIJF_OPERATIONS_PORT": str(operations),
    }
    process = subprocess.Popen([sys.executable, "-m", "beklijf_reporting", "api"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{pages}", f"http://127.0.0.1:{operations}", process
    finally:
        process.kill()
        process.wait()


def status_of(address: str) -> int:
    """The status of a GET; 0 while nobody answers."""
    try:
        return httpx.get(address, timeout=ANSWER_SECONDS).status_code
    except httpx.TransportError:
        return 0


def test_it_serves_and_stops_when_told_to(model: ReadModel) -> None:
    model.hear(golden())

    with serving(model.url) as (pages, operations, process):
        wait_until(lambda: status_of(f"{operations}/health/ready") == 200 and status_of(f"{pages}/") == 200)
        page = httpx.get(f"{pages}/cohorts/imsr", timeout=ANSWER_SECONDS)
        picture = httpx.get(f"{pages}/cohorts/imsr/charts/response-year.svg", timeout=ANSWER_SECONDS)
        metrics = httpx.get(f"{operations}/metrics", timeout=ANSWER_SECONDS).text
        process.send_signal(signal.SIGTERM)

        assert process.wait(ANSWER_SECONDS) == 0
    assert "iMSR, treated 2012 to 2015 (synthetic)" in page.text
    assert picture.headers["content-type"] == "image/svg+xml"
    assert 'route="/cohorts/{code}"' in metrics


def test_it_says_that_the_database_is_away(model: ReadModel) -> None:
    with serving(NOWHERE) as (pages, operations, _):
        wait_until(lambda: status_of(f"{pages}/static/beklijf.css") == 200)
        wait_until(lambda: status_of(f"{operations}/health/live") == 200)
        missing = wait_until(lambda: httpx.get(f"{operations}/health/ready", timeout=ANSWER_SECONDS).json()["missing"])

        assert missing == {"database": "does not answer, or is not migrated"}
        assert status_of(f"{pages}/cohorts/imsr") == 503
