"""`docker compose up --build --wait` for real: a cohort through the FHIR door, a figure on a page, a process killed and back."""

from __future__ import annotations

import csv
import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from beklijf.local.processes import PROCESSES
from beklijf.reference.cohort import generate, ndjson
from beklijf.reference.resources import ORGANISATIONS
from tests.compose.stack import Stack
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.needs("compose"), pytest.mark.timeout(300)]

EPISODES = 20
UP_SECONDS = 600
"""To build the image (40 s; longer where all packages must come from far) and until every process is ready (50 s)."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All containers, healthy; taken down with their data afterwards."""
    made = Stack.made(tmp_path_factory.mktemp("secrets"))
    try:
        made.up(UP_SECONDS)
        yield made
    finally:
        made.compose("--profile", "operator", "down", "--volumes", "--remove-orphans", "--timeout", "10")
        made.docker("image", "rm", "--force", made.image)


@pytest.fixture(scope="module")
def counted(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What two hospitals sent of which nothing was refused; it has been counted."""
    receipts = [push(stack, tmp_path_factory.mktemp("cohort"), hospital, EPISODES) for hospital in (0, 1)]
    stack.wait()
    return receipts


def push(stack: Stack, folder: Path, hospital: int, episodes: int) -> str:
    """One hospital's part of the cohort; from the receipt how many were sent and refused (which of two equals came first is chance)."""
    file = folder / f"hospital-{hospital + 1}.ndjson"
    file.write_bytes(b"\n".join(ndjson(one) for one in generate(episodes, hospital=hospital)))
    said = stack.push(file, ORGANISATIONS[hospital])
    receipt = re.search(r"(sent \d+) = \d+ accepted \+ \d+ duplicate \+ (\d+ refused)", said)
    assert receipt, said
    return f"{receipt[1]}, {receipt[2]}"


def registered(stack: Stack) -> int:
    """How many episodes the page of a registry manager has, read from the table that it links to."""
    page = fetched(f"{stack.pages}/cohorts/imsr")
    table = re.search(r'href="([^"]*/flow\.csv[^"]*)"', page)
    assert table, page[:2000]
    rows = csv.DictReader(io.StringIO(fetched(stack.pages + table[1])))
    return next(int(row["registered"]) for row in rows if row["year"] == "all")


def fetched(address: str) -> str:
    """What is answered there, as text."""
    with urllib.request.urlopen(address, timeout=20) as answer:
        return str(answer.read().decode("utf-8-sig"))


def test_every_process_is_healthy(stack: Stack) -> None:
    processes = ["postgres", "kafka", *(process.name for process in PROCESSES)]

    states = [json.loads(line) for line in stack.compose("ps", "--format", "json").splitlines()]

    assert {one["Service"]: one["Health"] for one in states} == dict.fromkeys(processes, "healthy")
    assert stack.state("migrate", "{{.State.Status}} {{.State.ExitCode}}") == "exited 0"


def test_a_process_has_no_rights_and_cannot_write(stack: Stack) -> None:
    asked = "import os, pathlib; print(os.getuid(), os.access('/opt/venv', os.W_OK), 'CapEff:\\t0000000000000000' in "
    asked += "pathlib.Path('/proc/self/status').read_text())"

    said = stack.compose("exec", "-T", "intake-api", "python", "-c", asked)

    assert said.split() == ["10001", "False", "True"]


def test_nobody_sends_without_a_token(stack: Stack) -> None:
    body = b'{"resourceType": "Patient"}'
    request = urllib.request.Request(f"{stack.fhir}/Patient", body, {"Content-Type": "application/fhir+json"})

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)

    assert refused.value.code == 401
    refused.value.close()


def test_a_cohort_goes_in_and_its_figure_comes_out(stack: Stack, counted: list[str]) -> None:
    assert counted == ["sent 102, 0 refused", "sent 90, 0 refused"]
    assert registered(stack) == 20


def test_a_killed_process_comes_back_and_nothing_is_lost(stack: Stack, counted: list[str], tmp_path: Path) -> None:
    stack.kill("scoring-consumer")
    receipts = [push(stack, tmp_path, hospital, EPISODES + 4) for hospital in (0, 1)]

    wait_until(lambda: stack.state("scoring-consumer", "{{.RestartCount}} {{.State.Health.Status}}") == "1 healthy", 90)
    stack.wait()

    assert receipts == ["sent 110, 0 refused", "sent 119, 0 refused"]
    assert registered(stack) == 24
