"""The commands of intake, each as the process that an operator starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from beklijf_shared import db
from tests.integration.intake.conftest import Registry
from tests.lib.databases import Databases
from tests.lib.stated import answers, request


def run(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m beklijf_intake ...` on that database, in the laptop profile."""
    given = os.environ | {"BEKLIJF_DATABASE_URL": url, "BEKLIJF_PROFILE": "laptop"} | environment
    return subprocess.run(
        [sys.executable, "-m", "beklijf_intake", *arguments], env=given, capture_output=True, text=True, timeout=180, check=False
    )


def test_state_hash_and_republish(database: Databases) -> None:
    url = database("intake")
    with db.opened(url) as engine:
        registry = Registry(engine)
        nothing = run(url, "state-hash").stdout
        registry.one(request(answers()))
        before, republished, after = run(url, "state-hash").stdout, run(url, "republish").stdout, run(url, "state-hash").stdout

        assert len(before.strip()) == 64
        assert nothing != before == after
        assert republished == "2\n"
        assert registry.rows("SELECT count(*) FROM outbox") == [4]


def test_openapi_names_every_route(database: Databases) -> None:
    said = json.loads(run(database("intake"), "openapi").stdout)

    assert sorted(path for path in said["paths"] if "Patient" in path or "metadata" in path) == [
        "/fhir/Patient",
        "/fhir/Patient/$validate",
        "/fhir/Patient/_history",
        "/fhir/Patient/_search",
        "/fhir/Patient/{id}",
        "/fhir/Patient/{id}/$validate",
        "/fhir/Patient/{id}/_history",
        "/fhir/Patient/{id}/_history/{version}",
        "/fhir/metadata",
    ]


def test_server_does_not_start_without_keys(database: Databases) -> None:
    done = run(database("intake"), "api", BEKLIJF_PROFILE="server")

    assert (done.returncode, done.stdout) == (2, "")
    assert "BEKLIJF_TOKEN_KEY" in done.stderr
    assert "BEKLIJF_PUBLIC_URL" in done.stderr
