"""Several processes serve intake's port together, and live and die together."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.lib import builders
from tests.lib.databases import Databases
from tests.lib.servers import free_port
from tests.lib.wait import wait_until

START_SECONDS = 120.0
END_SECONDS = 90.0


class Pair:
    """Two processes on one port: the first, and the sibling it has started."""

    sibling: psutil.Process

    def __init__(self, url: str) -> None:
        self.port, self.operations = free_port(), free_port()
        settings = {"BEKLIJF_DATABASE_URL": url, "BEKLIJF_PROFILE": "laptop", "BEKLIJF_HTTP_PORT": str(self.port), "BEKLIJF_WORKERS": "2"}
        settings["BEKLIJF_OPERATIONS_PORT"] = str(self.operations)
        self.first = subprocess.Popen([sys.executable, "-m", "beklijf_intake", "api"], env=os.environ | settings)

    def starts(self) -> None:
        """Returns when both listen."""
        wait_until(lambda: self.listeners() == 2, START_SECONDS, because="both listen")
        self.sibling = psutil.Process(self.first.pid).children()[0]

    def listeners(self) -> int:
        """How many of the two listen on the port."""
        if self.first.poll() is not None:
            return 0
        found = [psutil.Process(self.first.pid), *psutil.Process(self.first.pid).children()]
        return sum(any(at.status == "LISTEN" and at.laddr.port == self.port for at in one.net_connections("tcp")) for one in found)

    def end(self) -> None:
        """Ends both, whatever state they are in."""
        self.first.kill()
        self.first.wait()
        with contextlib.suppress(psutil.NoSuchProcess, AttributeError):  # where it was never seen, it ends by itself
            self.sibling.kill()
            self.sibling.wait(END_SECONDS)


@pytest.fixture
def pair(database: Databases) -> Iterator[Pair]:
    pair = Pair(database("intake"))
    try:
        pair.starts()
        yield pair
    finally:
        pair.end()


@pytest.mark.timeout(400)
def test_two_processes_answer_on_one_port_and_end_together(pair: Pair) -> None:
    """Each request over a connection of its own, so that both get some; the same answer from many at once is stored once."""
    answer = builders.vas("a", 50, authored="2014-03-03T10:00:00Z")
    said = [
        httpx.post(f"http://127.0.0.1:{pair.port}/fhir/QuestionnaireResponse", json=answer, timeout=START_SECONDS).headers[
            "Beklijf-Outcome"
        ]
        for _ in range(20)
    ]
    pair.first.terminate()

    assert said == ["created", *["repeated"] * 19]
    assert pair.first.wait(END_SECONDS) == 0
    assert not pair.sibling.is_running()


def sums(exposed: str) -> dict[str, float]:
    """How many requests were answered and timed, and whether all is ready, by the names of the metrics."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(exposed):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def counted(exposed: str) -> tuple[float, float]:
    """How many requests were timed, and how many counted."""
    found = sums(exposed)
    return found.get("beklijf_http_request_seconds_count", 0.0), found.get("beklijf_http_requests_total", 0.0)


@pytest.mark.timeout(400)
def test_metrics_and_health_are_those_of_both(pair: Pair) -> None:
    def asked(path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{pair.operations}{path}", timeout=START_SECONDS)

    wait_until(lambda: asked("/metrics").status_code == 200, START_SECONDS, because="both say how they are")
    before = sums(asked("/metrics").text).get("beklijf_http_requests_total", 0.0)
    for _ in range(40):  # each over a connection of its own, so that both answer some
        httpx.get(f"http://127.0.0.1:{pair.port}/fhir/metadata", timeout=START_SECONDS)
    # A request is counted when its answer has left, so that whoever has the answer may look too early.
    wait_until(lambda: counted(asked("/metrics").text) >= (before + 40,) * 2, START_SECONDS, because="all are counted and timed")
    after = sums(asked("/metrics").text)
    alive = asked("/health/live").status_code
    pair.sibling.suspend()
    stopped = [asked(path).status_code for path in ("/metrics", "/health/live")]
    pair.sibling.resume()

    assert after["beklijf_http_requests_total"] - before == 40
    assert after["beklijf_http_request_seconds_count"] == after["beklijf_http_requests_total"]
    assert (after["beklijf_ready"], alive) == (1, 200)
    assert stopped == [503, 503]


@pytest.mark.timeout(400)
def test_a_sibling_that_is_killed_ends_the_first_so_that_both_start_anew(pair: Pair) -> None:
    pair.sibling.kill()

    assert pair.first.wait(END_SECONDS) == 0


@pytest.mark.timeout(400)
def test_a_sibling_does_not_outlive_the_first(pair: Pair) -> None:
    pair.first.kill()

    pair.sibling.wait(END_SECONDS)
