"""Over HTTP: a citizen service number in a body, an address or a header comes back in no answer, no header and no log line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beklijf_intake.domain import bsn
from tests.integration.intake.test_api import Door, door, running
from tests.lib.builders import named, patient, vas

__all__ = ["door", "running"]

NUMBER = "111222333"
SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
WHEN = "2014-03-03T10:00:00+01:00"
FHIR_JSON = {"Content-Type": "application/fhir+json"}
POST = {"method": "POST", "url": "QuestionnaireResponse"}


def bundle(kind: str, entry: dict[str, Any]) -> dict[str, Any]:
    """A Bundle of one entry."""
    return {"resourceType": "Bundle", "type": kind, "entry": [entry]}


BODIES: dict[str, Any] = {
    "identifier": patient() | {"identifier": [named(SYSTEM, NUMBER)]},
    "reference": vas("a", 5, authored=WHEN) | {"subject": {"reference": f"Patient/{NUMBER}"}},
    "display": vas("a", 5, authored=WHEN) | {"author": {"display": f"dr. {NUMBER}"}},
    "narrative": vas("a", 5, authored=WHEN, text={"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{NUMBER}</div>'}),
    "contained": vas("a", 5, authored=WHEN, contained=[{"resourceType": "Organization", "id": "o", "name": NUMBER}]),
    "extension": vas("a", 5, authored=WHEN, extension=[{"url": "https://example.org/x", "valueString": NUMBER}]),
    "answer": vas("a", 111222333, authored=WHEN),
    "name of an element": vas("a", 5, authored=WHEN) | {NUMBER: 1},
    "moment": vas("a", 5, authored=WHEN, moment=NUMBER),
    "id": vas("a", 5, authored=WHEN, id=NUMBER),
    "envelope": bundle("batch", {"fullUrl": f"urn:x:{NUMBER}", "resource": vas("a", 5, authored=WHEN), "request": POST}),
    "entry": bundle("transaction", {"resource": vas("a", 5, authored=WHEN, id=NUMBER), "request": POST}),
}  # fmt: skip
REQUESTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "address": ("GET", f"/fhir/Patient/{NUMBER}", {}),
    "search": ("GET", f"/fhir/Patient?identifier={SYSTEM}|{NUMBER}", {}),
    "unknown address": ("GET", f"/fhir/Person/{NUMBER}", {}),
    "criterion": ("PUT", f"/fhir/Patient?identifier={SYSTEM}|{NUMBER}", FHIR_JSON),
    "condition": ("POST", "/fhir/Patient", FHIR_JSON | {"If-None-Exist": f"identifier={SYSTEM}|{NUMBER}"}),
    "token": ("GET", "/fhir/Patient/a", {"Authorization": f"Bearer {NUMBER}"}),
    "trace": ("GET", "/fhir/Patient/a", {"X-Request-Id": NUMBER, "traceparent": NUMBER}),
}


@pytest.mark.parametrize("place", BODIES)
def test_in_a_body(door: Door, place: str, capfd: pytest.CaptureFixture[str]) -> None:
    body = BODIES[place]
    path = "/fhir" if body["resourceType"] == "Bundle" else f"/fhir/{body['resourceType']}"

    answer = door.client.post(path, content=json.dumps(body), headers=FHIR_JSON)

    assert answer.status_code in (400, 422)
    assert bsn.HELP in answer.text
    assert NUMBER not in answer.text + str(answer.headers)
    assert NUMBER not in "".join(capfd.readouterr())
    assert door.registry.rows("SELECT count(*) FROM version") == [0]


@pytest.mark.parametrize("place", REQUESTS)
def test_in_a_request(door: Door, place: str, capfd: pytest.CaptureFixture[str]) -> None:
    method, path, headers = REQUESTS[place]

    answer = door.client.request(method, path, content=json.dumps(patient()) if "Content-Type" in headers else None, headers=headers)

    assert 400 <= answer.status_code < 500
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert NUMBER not in answer.text + str(answer.headers)
    assert NUMBER not in "".join(capfd.readouterr())
