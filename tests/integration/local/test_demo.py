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

pytestmark = pytest.mark.timeout(600)
HELD = "scored 18914 of 18922 answers held; counted 18797, 14 off-window, 29 retracted, 44 surplus, 4 unscheduled, 34 waiting"


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


def test_the_demo_reproduces_the_study_and_can_be_repeated(state: Path) -> None:
    first = beklijf(state, "demo")
    again = beklijf(state, "demo")

    assert (first.returncode, again.returncode) == (0, 0), first.stdout + first.stderr + again.stderr
    assert "sent 23100 = 22725 accepted + 374 duplicate + 1 refused" in first.stdout
    assert "The answer must be at most 100." in first.stdout
    assert HELD in first.stdout
    assert "\n613 of 613 printed numbers reproduced" in first.stdout
    assert "sent 23100 = 0 accepted + 23099 duplicate + 1 refused" in again.stdout
    assert HELD in again.stdout
    assert "\n613 of 613 printed numbers reproduced" in again.stdout


def test_the_page_it_names_answers_with_the_cohort(state: Path) -> None:
    port = json.loads((state / "ports.json").read_text())["reporting-api"]

    page = httpx.get(f"http://127.0.0.1:{port}/cohorts/imsr")
    snapshot = httpx.get(f"http://127.0.0.1:{port}/cohorts/imsr/snapshot.json").json()

    flow = next(figure for figure in snapshot["figures"] if figure["name"] == "flow")
    completed = {year: cells[flow["columns"].index("completed")] for (year,), cells in flow["rows"]}
    assert page.status_code == 200
    assert completed == {"2012": 433, "2013": 421, "2014": 467, "2015": 493, "all": 1814}


def test_with_something_else_among_it_the_demo_says_so_and_fails(state: Path) -> None:
    beklijf(state, "demo", "--cohort", "small")

    mixed = beklijf(state, "demo")

    assert mixed.returncode == 1
    assert "the answers do not stand as they should: counted 19222 instead of 18797" in mixed.stderr
    assert "printed 433, ours 448 (differs)" in mixed.stdout
    assert " of 613 printed numbers are not reproduced" in mixed.stderr


def test_status_says_that_all_is_ready_and_stop_stops(state: Path) -> None:
    ready = beklijf(state, "status")
    stopped = beklijf(state, "down")
    after = beklijf(state, "status")

    assert (ready.returncode, stopped.returncode, after.returncode) == (0, 0, 1)
    assert ready.stdout.count(" yes") == 14  # twelve processes, PostgreSQL and the broker
    assert "not running" in after.stdout
