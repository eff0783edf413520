"""The whole corpus of bad input over HTTP: every answer an OperationOutcome with the right status, and nothing is stored."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from beklijf_shared import db
from tests.integration.intake.conftest import Registry
from tests.integration.intake.test_api import Door, door, running
from tests.lib import builders
from tests.lib.bad_input import BAD_INPUT, COVERED_BY, DECIDED_OTHERWISE, TOLERATED, BadInput
from tests.lib.sources import ROOT

__all__ = ["door", "running"]

CANARIES = ("111222333", "123456789", "12345678", "Jansen", "0612", "javascript", "passwd", "evil.example", "169.254", "colour")
"""What was sent somewhere in the corpus, and may be said or logged nowhere."""
HEARD: list[set[str]] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Hears of every connection that this process, and so the server in it, opens by way of Python."""
    if HEARD and event in ("socket.connect", "socket.getaddrinfo"):
        where = arguments[1][0] if event == "socket.connect" else arguments[0]
        HEARD[-1].add(where.decode() if isinstance(where, bytes) else str(where))


sys.addaudithook(_hear)


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
    with httpx.Client(base_url=address, timeout=90) as client:
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
    assert [canary for canary in CANARIES if canary in answer.text] == []


def test_nothing_of_it_is_logged_and_nobody_else_is_spoken_to(open_door: Door, capfd: pytest.CaptureFixture[str]) -> None:
    spoken_to: set[str] = set()
    HEARD.append(spoken_to)

    for case in BAD_INPUT:
        send(open_door.client, case)
    HEARD.remove(spoken_to)

    said = capfd.readouterr()
    assert [canary for canary in CANARIES if canary in said.err + said.out] == []
    assert "Traceback" not in said.err + said.out
    assert spoken_to == {"127.0.0.1"}


@pytest.mark.parametrize("value", ["' OR 1=1--", "%", "_", "\\\\", "urn:x|' OR 1=1--", "urn:x|%", "|", "*", "$where"])
def test_what_would_be_a_pattern_elsewhere_is_literal(door: Door, value: str) -> None:
    door.post(builders.vas("a1", 40, authored="2014-03-03T10:00:00+01:00"))

    for name in ("identifier", "_id", "questionnaire", "status", "patient:identifier"):
        answer = door.client.get("/fhir/QuestionnaireResponse", params={name: value})

        assert answer.status_code in {200, 400}, (name, answer.status_code)
        assert answer.json().get("entry", []) == []


def test_ranges_are_ignored(open_door: Door) -> None:
    whole = open_door.client.get("/fhir/metadata")
    ranges = open_door.client.get("/fhir/metadata", headers={"Range": "bytes=0-" + ",0-" * 10_000})

    assert (ranges.status_code, ranges.content) == (200, whole.content)


def test_every_id_of_the_corpus_is_answered_for() -> None:
    wanted = {*(f"H{n:02}" for n in range(1, 39)), *(f"J{n:02}" for n in range(1, 26)), *(f"F{n:02}" for n in range(1, 41))}
    sent = {name.split("-")[0] for name in [*TOLERATED, *(case.id for case in BAD_INPUT)]}

    assert wanted - sent - COVERED_BY.keys() == set()
    assert {*COVERED_BY, *DECIDED_OTHERWISE} <= wanted
    for place in COVERED_BY.values():
        file, _, test = place.partition("::")
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


def stored(registry: Registry) -> int:
    """How many versions of resources are stored."""
    return int(registry.rows("SELECT count(*) FROM version")[0])


@pytest.mark.parametrize("name", TOLERATED)
def test_odd_but_legitimate_input_is_stored_as_it_came(door: Door, name: str) -> None:
    answer = door.client.post("/fhir/QuestionnaireResponse", content=TOLERATED[name], headers={"Content-Type": "application/fhir+json"})

    assert answer.status_code == 201
    assert [bytes(body) for body in door.registry.rows("SELECT body FROM version")] == [TOLERATED[name]]
