"""A thousand entries of 16 MiB at once: references resolved, answered in order, all or nothing, in reasonable time and memory."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.intake.test_api import AUTHORED, FHIR, Door, door, running
from tests.integration.intake.test_crashes import process
from tests.lib import builders
from tests.lib.builders import NAMES, PSEUDONYMS
from tests.lib.databases import Databases
from tests.lib.memory import resident_mb

__all__ = ["door", "running"]

PEOPLE = 250
LIMIT_BYTES = 16 * 1024 * 1024
MEMORY_MAXIMUM_MB = 400
SECONDS_MAXIMUM = 60
"""Less than a second on an idle machine."""


def address(kind: str, number: int) -> str:
    """A urn:uuid that is made anew for every Bundle, but the same within one."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}").urn


def entries() -> list[dict[str, Any]]:
    """Answers first, what they refer to last: 250 people with an episode and two answers each, created and updated in four ways."""
    found: list[dict[str, Any]] = []
    for number in range(PEOPLE):
        first = builders.vas(f"a{number}", number % 101, authored=AUTHORED) | {"subject": {"reference": address("Patient", number)}}
        second = builders.vas(f"b{number}", 40, authored="2014-05-03T10:00:00+02:00", episode=f"e{number}")
        second["subject"] = {"reference": f"Patient?identifier={PSEUDONYMS}%7Cp{number}"}
        name = f"identifier={NAMES}answer|b{number}"
        found.append({"resource": first, "request": {"method": "POST", "url": "QuestionnaireResponse"}})
        found.append({"resource": second, "request": {"method": "PUT", "url": f"QuestionnaireResponse?{name}"}})
    for number in range(PEOPLE):
        episode = builders.episode(f"e{number}") | {"patient": {"reference": address("Patient", number)}}
        condition = f"identifier={NAMES}episode|e{number}"
        found.append({"resource": episode, "request": {"method": "POST", "url": "EpisodeOfCare", "ifNoneExist": condition}})
    for number in range(PEOPLE):
        request = {"method": "POST", "url": "Patient"}
        found.append({"fullUrl": address("Patient", number), "resource": builders.patient(f"p{number}"), "request": request})
    return found


def bundle(kind: str, found: list[dict[str, Any]], *, filled: bool = False) -> bytes:
    """The Bundle; `filled` up to the limit with narrative."""
    content = {"resourceType": "Bundle", "type": kind, "entry": found}
    if filled:
        room = (LIMIT_BYTES - len(json.dumps(content))) // 500 - 200
        for entry in found[:500]:
            words = "<p>What was asked, and what was answered.</p>" * (room // 46)
            entry["resource"]["text"] = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{words}</div>'}
    return json.dumps(content).encode()


def post(client: httpx.Client, body: bytes) -> dict[str, Any]:
    answer = client.post("/fhir", content=body, headers=FHIR, timeout=SECONDS_MAXIMUM)
    assert answer.status_code == 200, answer.text[:500]
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_thousand_entries_are_answered_in_order(door: Door, kind: str) -> None:
    first = post(door.client, bundle(kind, entries()))["entry"]
    again = post(door.client, bundle(kind, entries()))["entry"]

    types = ["QuestionnaireResponse"] * 500 + ["EpisodeOfCare"] * 250 + ["Patient"] * 250
    assert [entry["response"]["location"].split("/")[0] for entry in first] == types
    assert {entry["response"]["status"] for entry in first} == {"201 Created"}
    assert [entry["response"]["location"] for entry in again] == [entry["response"]["location"] for entry in first]
    outcomes = Counter(entry["response"]["extension"][0]["valueCode"] for entry in again)
    assert outcomes == {"repeated": 750, "ignored": 250}
    assert door.registry.rows("SELECT count(*) FROM version") == [1000]
    assert door.registry.rows("SELECT count(*) FROM subject") == [PEOPLE]
    told = door.registry.told("response-accepted")
    assert all(told[f"00000001/{name}{number}"]["subject"] == f"p{number}" for name in "ab" for number in range(PEOPLE))


def test_what_was_referred_to_can_be_read_back_by_name(door: Door) -> None:
    answers = post(door.client, bundle("transaction", entries()))["entry"]

    by_address = door.client.get(f"/fhir/{answers[0]['response']['location']}").json()["subject"]
    by_search = door.client.get(f"/fhir/{answers[1]['response']['location']}").json()["subject"]

    assert by_address == by_search == {"type": "Patient", "identifier": {"system": PSEUDONYMS, "value": "p0"}}


def test_one_bad_entry_of_a_thousand_undoes_the_transaction(door: Door) -> None:
    found = entries()
    found[700]["resource"]["patient"] = {"reference": "Patient/nobody"}

    refused = door.client.post("/fhir", content=bundle("transaction", found), headers=FHIR, timeout=SECONDS_MAXIMUM)

    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (422, "not-found")
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[700].resource.patient.reference"]
    assert door.registry.rows("SELECT count(*) FROM resource") == [0]


def test_sixteen_megabytes_take_a_bounded_amount_of_memory(databases: Databases, tmp_path: Path) -> None:
    body = bundle("transaction", entries(), filled=True)
    assert 0.95 * LIMIT_BYTES < len(body) <= LIMIT_BYTES

    with process(databases("intake"), tmp_path) as (api, client):
        answer = post(client, body)
        largest = resident_mb(api.pid, "VmHWM")

    assert {entry["response"]["status"] for entry in answer["entry"]} == {"201 Created"}
    assert largest < MEMORY_MAXIMUM_MB, largest
