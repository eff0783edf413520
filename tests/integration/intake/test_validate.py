"""$validate: the same words as storing, without storing or counting anything (F40)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.integration.intake.conftest import TABLES
from tests.integration.intake.test_api import AUTHORED, FHIR, Door, code_of, door, running
from tests.lib import builders
from tests.lib.bad_input import BAD_INPUT, BadInput
from tests.lib.located import id_of

__all__ = ["door", "running"]

RESOURCES = [builders.patient(), builders.episode(), builders.consent(), builders.vas("a1", 40, authored=AUTHORED)]
CHECKED = [case for case in BAD_INPUT if case.about == "fhir" and case.path != "/fhir" and not case.entry and case.method == "POST"]


def validate(door: Door, resource: dict[str, Any], id_: str = "", query: str = "") -> httpx.Response:
    type_ = resource["resourceType"]
    return door.client.post(f"/fhir/{type_}{id_ and '/'}{id_}/$validate{query}", content=json.dumps(resource), headers=FHIR)


def wrapped(door: Door, *parameters: dict[str, Any], type_: str = "Patient") -> httpx.Response:
    content = {"resourceType": "Parameters", "parameter": list(parameters)}
    return door.client.post(f"/fhir/{type_}/$validate", content=json.dumps(content), headers=FHIR)


def traces(door: Door) -> list[int]:
    return [door.registry.rows(f"SELECT count(*) FROM {table}")[0] for table in TABLES]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: str(resource["resourceType"]))
def test_what_is_right_is_said_to_be_right_and_leaves_no_trace(door: Door, resource: dict[str, Any]) -> None:
    answer = validate(door, resource)

    assert answer.status_code == 200
    assert [(issue["severity"], issue["code"]) for issue in answer.json()["issue"]] == [("information", "informational")]
    assert traces(door) == [0] * len(TABLES)


@pytest.mark.parametrize("case", CHECKED, ids=lambda case: case.id)
def test_what_storing_would_refuse_is_told_in_the_same_words(door: Door, case: BadInput) -> None:
    checked = door.client.post(f"{case.path}/$validate", content=case.body, headers=FHIR)
    before = traces(door)
    stored = door.client.post(case.path, content=case.body, headers=FHIR)

    assert (checked.status_code, stored.status_code) == (200, case.status)
    assert checked.json() == stored.json()
    assert before == [0] * len(TABLES)


def test_what_cannot_be_read_at_all_is_refused(door: Door) -> None:
    answers = [door.client.post("/fhir/Patient/$validate", content=sent, headers=FHIR) for sent in ("{", "[]", "")]
    answers.append(wrapped(door, {"name": "mode", "valueCode": "create"}))
    answers.append(wrapped(door, {"name": "resource", "resource": builders.patient()}, {"name": "other", "valueString": "x"}))

    assert [(answer.status_code, code_of(answer)) for answer in answers] == [
        (400, "structure"), (400, "structure"), (400, "structure"), (400, "required"), (400, "not-supported"),
    ]  # fmt: skip


def test_parameters_wrap_the_resource_with_its_mode(door: Door) -> None:
    create = wrapped(door, {"name": "resource", "resource": builders.patient(gender="woman")})
    update = wrapped(door, {"name": "mode", "valueCode": "update"}, {"name": "resource", "resource": builders.patient(id="nobody")})
    unnamed = wrapped(door, {"name": "resource", "resource": builders.patient()}, {"name": "mode", "valueCode": "update"})
    other = wrapped(door, {"name": "resource", "resource": builders.consent()})

    assert [answer.status_code for answer in (create, update, unnamed, other)] == [200] * 4
    assert create.json()["issue"][0]["expression"] == ["Patient.gender"]
    assert [code_of(answer) for answer in (create, update, unnamed, other)] == ["code-invalid", "not-found", "value", "invalid"]


def test_an_update_is_checked_against_what_is_here(door: Door) -> None:
    here = id_of(door.post(builders.patient("p1")))
    before = traces(door)

    fits = validate(door, builders.patient("p1", gender="male", id=here), here)
    renamed = validate(door, builders.patient("p2", id=here), here)
    elsewhere = validate(door, builders.patient("p1", id="nobody"), "nobody")
    other_id = validate(door, builders.patient("p1", id="x"), here)
    literal = validate(door, builders.vas("a1", 40, authored=AUTHORED) | {"subject": {"reference": "Patient/nobody"}})

    answers = (fits, renamed, elsewhere, other_id, literal)
    assert [(answer.status_code, code_of(answer)) for answer in answers] == [
        (200, "informational"), (200, "business-rule"), (200, "not-found"), (200, "invalid"), (200, "not-found"),
    ]  # fmt: skip
    assert traces(door) == before


@pytest.mark.parametrize("query", ["?profile=http://169.254.169.254/evil", "?mode=delete", "?mode=profile"])
def test_profiles_of_others_are_never_fetched(door: Door, query: str) -> None:
    answer = validate(door, builders.patient(), query=query)

    assert (answer.status_code, code_of(answer)) == (422, "not-supported")
    assert "169.254" not in answer.text


def test_the_base_profile_may_be_named(door: Door) -> None:
    base = "http://hl7.org/fhir/StructureDefinition/Patient"

    assert validate(door, builders.patient(), query=f"?profile={base}&mode=create").status_code == 200
    assert wrapped(door, {"name": "resource", "resource": builders.patient()}, {"name": "profile", "valueUri": base}).status_code == 200
