"""The HTTP edge and the commands, on a real database."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import httpx
import pytest
from fastapi import FastAPI

from beklijf_cohorts import api
from beklijf_shared import db
from tests.integration.cohorts.conftest import SITE, Cohorts
from tests.lib.scored import scored


@pytest.fixture
def application(cohorts: Cohorts) -> FastAPI:
    return api.application(cohorts.engine)


def get(application: FastAPI, path: str) -> httpx.Response:
    """One request to the application, without a socket."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://cohorts") as client:
            return await client.get(path)

    return asyncio.run(ask())


def run(cohorts: Cohorts, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of the service as a process."""
    settings = {"BEKLIJF_DATABASE_URL": cohorts.url, "BEKLIJF_CONTRACTS": str(SITE)}
    command = [sys.executable, "-m", "beklijf_cohorts", *arguments]
    return subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False, timeout=180)


def test_the_newest_snapshot_is_answered_whole(cohorts: Cohorts, application: FastAPI) -> None:
    cohorts.apply(scored("e1", {("t0", "vas-pain"): 50}))
    cohorts.publish()

    answer = get(application, "/cohorts/imsr")

    assert answer.status_code == 200
    assert answer.json()["version"] == cohorts.snapshot().version
    assert {figure["name"] for figure in answer.json()["figures"]} >= {"flow", "response", "trajectories", "mcic", "lasting", "follow-ups"}


def test_cohorts_are_listed(cohorts: Cohorts, application: FastAPI) -> None:
    cohorts.apply(scored("e1"))
    cohorts.publish()

    assert [each["code"] for each in get(application, "/cohorts").json()] == ["imsr", "imsr-k10"]


def test_a_cohort_nobody_knows_is_404_and_health_is_ok(application: FastAPI) -> None:
    assert get(application, "/cohorts/nothing").status_code == 404
    assert get(application, "/cohorts/nothing").json() == {"problem": "no figures of this cohort were published"}
    assert get(application, "/health").json() == {"status": "ok"}


def test_the_openapi_names_what_is_answered(application: FastAPI) -> None:
    document = application.openapi()

    assert set(document["paths"]) == {"/health", "/cohorts", "/cohorts/{code}"}
    assert {"CohortSnapshot", "Figure", "Row", "Missing", "Listed", "Problem"} <= set(document["components"]["schemas"])


def test_recount_is_0_when_right_and_1_with_the_cells_when_wrong(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", {("t0", "vas-pain"): 50}))
    assert run(cohorts, "recount").returncode == 0

    with db.transaction(cohorts.engine) as connection:
        connection.exec_driver_sql("UPDATE cell SET n = n + 2 WHERE key = 'f|2014|completed'")
    wrong = run(cohorts, "recount")

    assert wrong.returncode == 1
    (found,) = map(json.loads, wrong.stdout.splitlines())
    assert (found["key"], found["kept"], found["counted"]) == ("f|2014|completed", 3, 1)


def test_empty_keeps_follow_ups_and_state_hash_is_that_of_a_new_service_otherwise(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", {("t0", "vas-pain"): 50}))
    cohorts.publish()
    before = run(cohorts, "state-hash").stdout

    assert run(cohorts, "empty").returncode == 0
    assert cohorts.cells() == {}
    assert set(cohorts.follow_ups()) == {"e1/t0", "e1/t1", "e1/t2", "e1/t3", "e1/t4"}
    cohorts.apply(scored("e1", {("t0", "vas-pain"): 50}))
    cohorts.publish()

    assert run(cohorts, "state-hash").stdout == before
