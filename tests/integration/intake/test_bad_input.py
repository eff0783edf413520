"""The whole corpus of bad input over HTTP: every answer an OperationOutcome with the right status, and nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from beklijf_shared import db
from tests.integration.intake.conftest import Registry
from tests.integration.intake.test_api import Door, door, running
from tests.lib.bad_input import BAD_INPUT, TOLERATED, BadInput

__all__ = ["door", "running"]


def send(client: httpx.Client, case: BadInput) -> httpx.Response:
    content: Any = _pieces(case.body) if case.chunked else case.body
    return client.request(case.method, case.path, content=content, headers=dict(case.headers))


def _pieces(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), 65_536):
        yield body[at : at + 65_536]


@pytest.fixture(scope="module")
def open_door(running: tuple[str, db.Engine]) -> Iterator[Door]:
    """The door, not emptied between the cases: there is nothing to empty if all is well."""
    address, engine = running
    with httpx.Client(base_url=address, timeout=20) as client:
        yield Door(client, Registry(engine))


@pytest.mark.parametrize("case", BAD_INPUT, ids=lambda case: case.id)
def test_bad_input_is_answered_with_an_outcome_and_stores_nothing(open_door: Door, case: BadInput) -> None:
    before = stored(open_door.registry)

    answer = send(open_door.client, case)

    assert answer.headers["content-type"].startswith("application/fhir+json")
    if case.entry:
        assert answer.status_code == 200
        response = answer.json()["entry"][-1]["response"]
        status, outcome = int(response["status"][:3]), response["outcome"]
    else:
        status, outcome = answer.status_code, answer.json()
    assert status == case.status
    assert outcome["resourceType"] == "OperationOutcome"
    assert case.code in {issue["code"] for issue in outcome["issue"]}
    if case.expression is not None:
        assert case.expression in {place for issue in outcome["issue"] for place in issue.get("expression", ())}
    assert stored(open_door.registry) == before + (1 if case.entry else 0)


def stored(registry: Registry) -> int:
    """How many versions of resources are stored."""
    return int(registry.rows("SELECT count(*) FROM version")[0])


@pytest.mark.parametrize("name", TOLERATED)
def test_odd_but_legitimate_input_is_stored_as_it_came(door: Door, name: str) -> None:
    answer = door.client.post("/fhir/QuestionnaireResponse", content=TOLERATED[name], headers={"Content-Type": "application/fhir+json"})

    assert answer.status_code == 201
    assert [bytes(body) for body in door.registry.rows("SELECT body FROM version")] == [TOLERATED[name]]
