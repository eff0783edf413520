"""Killed at every named point of a write: no 2xx for what is not stored, nothing half stored, and sending again is safe (P-01 to P-05)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from beklijf_shared import db
from tests.integration.intake.conftest import Registry
from tests.lib import builders
from tests.lib.databases import Databases
from tests.lib.servers import free_port
from tests.lib.wait import wait_until

FHIR = {"Content-Type": "application/fhir+json"}
ANSWER = builders.vas("a1", 40, authored="2014-03-03T10:00:00+01:00")
TORN = """
SELECT count(*) FROM version AS v FULL JOIN (SELECT * FROM told WHERE topic = 'beklijf.response-accepted.v1') AS t ON t.entity = v.resource
WHERE v.resource IS NULL OR t.entity IS NULL
"""


@contextmanager
def process(url: str, folder: Path, crash: str = "") -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """`python -m beklijf_intake api`, which dies at that point, and a client for it."""
    port = free_port()
    environment = os.environ | {
        "BEKLIJF_DATABASE_URL": url,
        "BEKLIJF_PROFILE": "laptop",
        "BEKLIJF_HTTP_PORT": str(port),
        "BEKLIJF_CRASH_POINTS": crash,
        "BEKLIJF_CRASH_TRACE": str(folder / "crashed"),
    }
    command = [sys.executable, "-m", "beklijf_intake", "api"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as api, httpx.Client(timeout=90) as client:
        client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        try:
            wait_until(lambda: _answers(api, client), because="the FHIR door answers")
            yield api, client
        finally:
            api.kill()


def _answers(api: subprocess.Popen[bytes], client: httpx.Client) -> bool:
    assert api.poll() is None
    try:
        return client.get("/fhir/metadata").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("point", "stored"),
    [
        ("intake:before-insert", 0),
        ("intake:between-outbox-and-tallies", 0),
        ("intake:before-commit", 0),
        ("intake:after-commit-before-answer", 1),
    ],
)
def test_killed_in_mid_write(database: Databases, tmp_path: Path, point: str, stored: int) -> None:
    url = database("intake")
    with db.opened(url) as engine:
        registry = Registry(engine)

        with process(url, tmp_path, f"{point}:1") as (api, client):
            with pytest.raises(httpx.TransportError):
                client.post("/fhir/QuestionnaireResponse", json=ANSWER, headers=FHIR)
            assert api.wait(90) == -9
        left = registry.rows("SELECT count(*) FROM version"), registry.rows(TORN)
        with process(url, tmp_path) as (_, client):
            again = client.post("/fhir/QuestionnaireResponse", json=ANSWER, headers=FHIR)

        assert (tmp_path / "crashed").read_text() == f"{point}\n"
        assert left == ([stored], [0])
        assert again.status_code == (200 if stored else 201)
        assert (registry.rows("SELECT count(*) FROM version"), registry.rows(TORN)) == ([1], [0])
