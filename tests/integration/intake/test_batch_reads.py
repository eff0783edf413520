"""GET within a batch: answered as the same request alone, after what the batch stores."""

from __future__ import annotations

import json
from typing import Any

import httpx
from fhir.resources.R4B import get_fhir_model_class

from tests.integration.intake.test_api import FHIR, TOKEN, Door, code_of, door, running
from tests.lib import builders
from tests.lib.located import place_of

__all__ = ["door", "running"]


def batch(door: Door, *entries: dict[str, Any], kind: str = "batch", **headers: str) -> httpx.Response:
    content = {"resourceType": "Bundle", "type": kind, "entry": entries}
    return door.client.post("/fhir", content=json.dumps(content), headers={**FHIR, **headers})


def get(url: str, **more: Any) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": url, **more}}


def stored(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}


def test_reads_are_answered_in_their_entries(door: Door) -> None:
    location = place_of(door.post(builders.vas("a1", 10, authored="2014-03-03")))

    answer = batch(
        door,
        get(location),
        get("QuestionnaireResponse?status=completed&_total=accurate"),
        stored(builders.vas("a2", 20, authored="2014-03-04")),
        get(f"{location}/_history/1"),
        get("QuestionnaireResponse/_history?_count=1"),
        get(location, ifNoneMatch='W/"1"'),
        get("Patient/unknown"),
        get("QuestionnaireResponse?_count=-1"),
        get("Observation?code=x"),
        get("Questionnaire?name=x"),
        get("Patient/%00"),
    )

    found = answer.json()
    get_fhir_model_class("Bundle").model_validate(found)
    entries = found["entry"]
    assert [entry["response"]["status"][:3] for entry in entries] == "200 200 201 200 200 304 404 400 404 200 400".split()
    assert [entry.get("resource", {}).get("resourceType") for entry in entries[:6]] == [
        "QuestionnaireResponse", "Bundle", None, "QuestionnaireResponse", "Bundle", None,
    ]  # fmt: skip
    assert entries[1]["resource"]["total"] == 2  # what the same batch stores is there
    assert (entries[0]["response"]["etag"], entries[0]["response"]["lastModified"]) == ('W/"1"', "2020-03-02T12:00:00.000Z")
    assert [entry["response"]["outcome"]["issue"][0]["code"] for entry in entries[6:8]] == ["not-found", "value"]
    assert door.client.get(answer.headers["beklijf-receipt"]).json()["sent"] == 1  # reads are nothing that was sent


def test_a_batch_of_reads_has_no_receipt_and_sees_its_own_organisation_only(door: Door) -> None:
    location = place_of(door.post(builders.vas("a1", 10, authored="2014-03-03")))

    answer = batch(door, get(location), get("QuestionnaireResponse?_total=accurate"), **TOKEN)

    assert "beklijf-receipt" not in answer.headers
    assert answer.json()["entry"][0]["response"]["status"] == "404 Not Found"
    assert answer.json()["entry"][1]["resource"]["total"] == 0


def test_a_transaction_only_stores(door: Door) -> None:
    answer = batch(door, stored(builders.vas("a1", 10, authored="2014-03-03")), get("Patient/x"), kind="transaction")

    assert (answer.status_code, code_of(answer)) == (405, "not-supported")
    assert door.registry.rows("SELECT count(*) FROM version") == [0]


def test_reads_without_end_are_too_costly(door: Door) -> None:
    note = [{"url": "https://example.org/note", "valueString": "x" * 900_000}]
    for number in range(9):
        door.post(builders.vas(f"long-{number}", 1, authored="2014-03-03", extension=note))

    many = batch(door, *[get("Patient/x")] * 101)
    large = batch(door, *[get("QuestionnaireResponse")] * 4)

    assert (many.status_code, code_of(many)) == (413, "too-costly")
    assert [entry["response"]["status"][:3] for entry in large.json()["entry"]] == ["200", "200", "200", "413"]
