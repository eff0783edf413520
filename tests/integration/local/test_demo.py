"""The first thing a newcomer does: `beklijf demo`, its receipt, its page, and once more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.lib import infra
from tests.lib.sources import ROOT

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with infra.scratch() as scratch:
        folder = scratch / "a state"
        yield folder
        beklijf(folder, "reset", "--yes")


def beklijf(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BEKLIJF_STATE": str(state)}
    return subprocess.run(
        [sys.executable, "-m", "beklijf", *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_demo_shows_what_it_counted_and_can_be_repeated(state: Path) -> None:
    first = beklijf(state, "demo")
    again = beklijf(state, "demo")

    assert (first.returncode, again.returncode) == (0, 0), first.stdout + first.stderr + again.stderr
    assert "sent 565 = 560 accepted + 4 duplicate + 1 refused" in first.stdout
    assert "The answer must be at most 100." in first.stdout
    assert "scored 429 of 429 answers held; counted 425, 1 off-window, 1 retracted, 1 surplus, 1 waiting" in first.stdout
    assert "sent 565 = 0 accepted + 564 duplicate + 1 refused" in again.stdout
    assert "scored 429 of 429 answers held; counted 425, 1 off-window, 1 retracted, 1 surplus, 1 waiting" in again.stdout


def test_the_page_it_names_answers_with_the_cohort(state: Path) -> None:
    port = json.loads((state / "ports.json").read_text())["reporting-api"]

    page = httpx.get(f"http://127.0.0.1:{port}/cohorts/imsr")
    snapshot = httpx.get(f"http://127.0.0.1:{port}/cohorts/imsr/snapshot.json").json()

    flow = next(figure for figure in snapshot["figures"] if figure["name"] == "flow")
    registered = {year: cells[flow["columns"].index("registered")] for (year,), cells in flow["rows"]}
    assert page.status_code == 200
    assert registered == {"2012": 15, "2013": 15, "2014": 15, "2015": 15, "all": 60}


def test_status_says_that_all_is_ready_and_stop_stops(state: Path) -> None:
    ready = beklijf(state, "status")
    stopped = beklijf(state, "down")
    after = beklijf(state, "status")

    assert (ready.returncode, stopped.returncode, after.returncode) == (0, 0, 1)
    assert ready.stdout.count(" yes") == 12
    assert "not running" in after.stdout
