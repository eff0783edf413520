"""Where the registry makes the pseudonyms: no local identifier is kept anywhere, and a new key changes nobody (design, section 6.6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from beklijf_intake.domain.clearing import Clearing
from beklijf_intake.domain.submission import Name
from beklijf_intake.pseudonyms import Pseudonyms
from beklijf_intake.senders.keys import SecretKeys
from beklijf_intake.senders.registrar import Wish
from beklijf_shared import db
from tests.integration.intake.test_tokens import code_of
from tests.lib import builders
from tests.lib.clock import HandClock
from tests.lib.databases import Databases
from tests.lib.located import place_of
from tests.lib.senders import public, rsa
from tests.lib.server_door import ServerDoor, opened

LOCAL = "https://hospital.example/patient-number"
OURS = "https://w3id.org/beklijf/fhir/NamingSystem/pseudonym"
OLD, NEW = "0a" * 32, "0b" * 32
NUMBER = "7531594"
EVERYTHING = """
SELECT string_agg(convert_from(body, 'UTF8'), ' ') FROM version UNION ALL SELECT string_agg(system || ' ' || value, ' ') FROM subject
UNION ALL SELECT string_agg(system || ' ' || value, ' ') FROM resource
UNION ALL SELECT string_agg(convert_from(body, 'UTF8'), ' ') FROM told
UNION ALL SELECT string_agg(derived || ' ' || stands_for, ' ') FROM pseudonym
"""


def local(resource: dict[str, Any], number: str = NUMBER) -> dict[str, Any]:
    """The same resource about a patient whom the hospital names by its own number."""
    name = {"system": LOCAL, "value": number}
    if resource["resourceType"] == "Patient":
        return {**resource, "identifier": [name]}
    return {**resource, "subject" if resource["resourceType"] == "QuestionnaireResponse" else "patient": {"identifier": name}}


def answer(name: str = "a1", **changed: Any) -> dict[str, Any]:
    """An answer of that patient."""
    return local({**builders.vas(name, 40, authored="2014-03-03T10:00:00+01:00"), **changed})


def hospital(door: ServerDoor, id_: str = "local", organisation: str = "12345678") -> dict[str, str]:
    """A sender whose patient numbers are replaced."""
    door.register(id_, organisation, public(rsa(1)), Wish(scopes="system/*.cruds", pseudonymised=(LOCAL,)))
    return door.as_sender(id_, rsa(1))


def everything(door: ServerDoor) -> str:
    """All that the database has of what was sent."""
    with db.transaction(door.engine) as connection:
        return " ".join(row[0] or "" for row in connection.execute(text(EVERYTHING)))


@pytest.fixture
def door(databases: Databases) -> Iterator[ServerDoor]:
    """A door with a key for identifiers."""
    with opened(databases("intake"), BEKLIJF_IDENTIFIER_KEY=OLD) as running:
        yield running


def test_a_local_number_is_kept_nowhere_however_it_comes(door: ServerDoor) -> None:
    headers = hospital(door)
    patient, first, second = local(builders.patient("p")), answer(), answer("a2")
    entries = [
        {"resource": second, "request": {"method": "PUT", "url": f"QuestionnaireResponse?identifier={second['identifier']['system']}|a2"}},
        {"resource": patient, "request": {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={LOCAL}|{NUMBER}"}},
    ]

    def post(path: str, what: dict[str, Any]) -> int:
        return door.client.post(path, content=json.dumps(what), headers=headers).status_code

    statuses = [post("/fhir/Patient", patient), post("/fhir/QuestionnaireResponse", first), post("/fhir/QuestionnaireResponse", first)]
    updated = door.client.put(f"/fhir/Patient?identifier={LOCAL}|{NUMBER}", content=json.dumps(patient), headers=headers)
    batch = door.client.post("/fhir", content=json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}), headers=headers)
    checked = door.client.post("/fhir/Patient/$validate", content=json.dumps(patient), headers=headers)
    kept = everything(door)

    assert (statuses, updated.status_code, checked.status_code) == ([201, 201, 200], 200, 200)
    assert [entry["response"]["status"][:3] for entry in batch.json()["entry"]] == ["201", "200"]
    assert (NUMBER in kept, LOCAL in kept, OURS in kept) == (False, False, True)
    with db.transaction(door.engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM subject")).scalar_one() == 1


def test_what_is_shown_again_is_what_is_kept(door: ServerDoor) -> None:
    headers = hospital(door)
    sent = answer(extension=[{"url": "https://hospital.example/weight", "valueDecimal": 1.50}])
    body = json.dumps(sent).replace("1.5}", "1.50}")

    created = door.client.post("/fhir/QuestionnaireResponse", content=body, headers=headers)
    assert created.status_code == 201, created.text
    shown = door.client.get(f"/fhir/{place_of(created)}", headers=headers)

    subject = shown.json()["subject"]["identifier"]
    assert created.status_code == 201, created.text
    assert (subject["system"], len(subject["value"])) == (OURS, 73)
    assert "1.50}" in shown.text
    assert {**shown.json(), "subject": None, "meta": None, "id": None} == {**sent, "subject": None, "meta": None, "id": None}


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"id": f"patient-{NUMBER}"}, "id"),
        ({"text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{NUMBER}</div>'}}, "text.div"),
        ({"author": {"display": f"nr. {NUMBER}"}}, "author.display"),
    ],
)
def test_a_number_that_would_be_left_over_is_refused(door: ServerDoor, changed: dict[str, Any], where: str) -> None:
    refused = door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(answer(**changed)), headers=hospital(door))

    assert code_of(refused) == (422, "value")
    assert refused.json()["issue"][0]["expression"] == [where]
    assert NUMBER not in refused.text
    assert NUMBER not in everything(door)


def test_a_patient_is_found_by_the_local_number(door: ServerDoor) -> None:
    headers = hospital(door)
    door.client.post("/fhir/Patient", content=json.dumps(local(builders.patient("p"))), headers=headers)
    door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(answer()), headers=headers)

    def found(type_: str, **parameters: str) -> int:
        return len(door.client.get(f"/fhir/{type_}", params=parameters, headers=headers).json().get("entry", ()))

    name = f"{LOCAL}|{NUMBER}"
    assert [found("Patient", identifier=name), found("QuestionnaireResponse", **{"subject:identifier": f"x|y,{name}"})] == [1, 1]
    assert found("Patient", identifier=f"{LOCAL}|0") == 0
    assert NUMBER not in door.client.get("/fhir/Patient", params={"identifier": name}, headers=headers).text


def test_the_same_number_at_two_hospitals_is_two_people_and_others_are_taken_as_they_are(door: ServerDoor) -> None:
    one, two = hospital(door), hospital(door, "local-two", "87654321")
    door.register("elsewhere", "11112222", public(rsa(2)), Wish(scopes="system/*.cruds"))
    for headers in (one, two, door.as_sender("elsewhere", rsa(2))):
        assert door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(answer()), headers=headers).status_code == 201

    with db.transaction(door.engine) as connection:
        names = connection.execute(text("SELECT system, value FROM subject")).all()

    assert sorted(system for system, _ in names) == [LOCAL, OURS, OURS]
    assert len({value for _, value in names}) == 3


def test_a_new_key_changes_nobody(databases: Databases) -> None:
    url, clock, amended = databases("intake"), HandClock(), answer(status="amended")

    def post(door: ServerDoor, what: dict[str, Any], headers: dict[str, str]) -> str:
        return door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(what), headers=headers).headers["beklijf-outcome"]

    with opened(url, clock, BEKLIJF_IDENTIFIER_KEY=OLD) as before:
        outcomes = [post(before, answer(), hospital(before))]
    with opened(url, clock, BEKLIJF_IDENTIFIER_KEY=f"{NEW} {OLD}") as between:
        headers = between.as_sender("local", rsa(1))
        outcomes += [post(between, answer(), headers), post(between, answer("a2"), headers)]
    with opened(url, clock, BEKLIJF_IDENTIFIER_KEY=NEW) as after:  # whoever was mentioned meanwhile is known without the old key
        outcomes += [post(after, answer(), after.as_sender("local", rsa(1))), post(after, amended, after.as_sender("local", rsa(1)))]
        with db.transaction(after.engine) as connection:
            subjects = connection.execute(text("SELECT value FROM subject")).scalars().all()
            pseudonyms = connection.execute(text("SELECT derived, stands_for FROM pseudonym")).all()

    assert outcomes == ["created", "repeated", "created", "repeated", "updated"]
    assert [len(subjects), len(pseudonyms), {stands for _, stands in pseudonyms}] == [1, 2, set(subjects)]


def test_many_mention_the_same_people_for_the_first_time_under_different_keys(databases: Databases) -> None:
    names = {Name(LOCAL, str(number)) for number in range(20)}
    clearing = Clearing(frozenset({LOCAL}), OURS)
    with db.opened(databases("intake"), pool_size=8) as engine:
        gates = [
            Pseudonyms(engine, SecretKeys.of([bytes.fromhex(key) for key in keys]), lambda _: frozenset({LOCAL}), "base").gate_of(
                "12345678"
            )
            for keys in ([OLD], [NEW, OLD], [OLD, NEW]) * 4
        ]
        with ThreadPoolExecutor(8) as pool:
            found = list(
                pool.map(
                    lambda gate: tuple(gate.cleared_criteria(f"identifier={name.system}|{name.value}") for name in sorted(names)), gates
                )
            )

    assert clearing.systems == {LOCAL}
    assert len(set(found)) == 1
    assert len(set(found[0])) == 20


def test_without_a_key_nothing_is_taken_from_who_must_be_replaced(databases: Databases) -> None:
    with opened(databases("intake")) as door:
        refused = door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(answer()), headers=hospital(door))

        assert code_of(refused) == (500, "exception")
        assert NUMBER not in everything(door)
