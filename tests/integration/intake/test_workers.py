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

from tests.lib import builders
from tests.lib.databases import Databases
from tests.lib.servers import free_port
from tests.lib.wait import wait_until

START_SECONDS = 60.0
END_SECONDS = 20.0


class Pair:
    """Two processes on one port: the first, and the sibling it has started."""

    def __init__(self, url: str) -> None:
        self.port = free_port()
        settings = {"BEKLIJF_DATABASE_URL": url, "BEKLIJF_PROFILE": "laptop", "BEKLIJF_HTTP_PORT": str(self.port), "BEKLIJF_WORKERS": "2"}
        self.first = subprocess.Popen([sys.executable, "-m", "beklijf_intake", "api"], env=os.environ | settings)
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
        with contextlib.suppress(psutil.NoSuchProcess):
            self.sibling.kill()
            self.sibling.wait(END_SECONDS)


@pytest.fixture
def pair(database: Databases) -> Iterator[Pair]:
    pair = Pair(database("intake"))
    yield pair
    pair.end()


@pytest.mark.timeout(180)
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


@pytest.mark.timeout(180)
def test_a_sibling_that_is_killed_ends_the_first_so_that_both_start_anew(pair: Pair) -> None:
    pair.sibling.kill()

    assert pair.first.wait(END_SECONDS) == 0


@pytest.mark.timeout(180)
def test_a_sibling_does_not_outlive_the_first(pair: Pair) -> None:
    pair.first.kill()

    pair.sibling.wait(END_SECONDS)
