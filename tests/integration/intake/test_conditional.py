"""Conditions and preferences: whom a condition finds, which version it asks for, and what comes back (M10 to M15, H23, H28 to H31)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from beklijf_shared import db
from tests.integration.intake.test_api import AUTHORED, FHIR, TOKEN, Door, code_of, door, running
from tests.lib import builders
from tests.lib.located import place_of

__all__ = ["door", "running"]

EPISODES = "identifier=https://example.org/episode|"
ONE_OR_TWO = f"{EPISODES}e1,https://example.org/episode|e2"


def put_if(door: Door, place: str, resource: dict[str, Any], version: str) -> httpx.Response:
    return door.put(place, resource | {"id": place.rsplit("/", 1)[1]}, **{"If-Match": version})


def test_conditional_create_with_no_one_and_several_matches(door: Door) -> None:
    none = door.post(builders.episode("e1"), **{"If-None-Exist": ONE_OR_TWO})
    same = door.post(builders.episode("e1"), **{"If-None-Exist": ONE_OR_TWO})
    another = door.post(builders.episode("e2"), **{"If-None-Exist": ONE_OR_TWO})
    door.post(builders.episode("e2"))
    several = door.post(builders.episode("e1", status="onhold"), **{"If-None-Exist": ONE_OR_TWO})
    theirs = door.post(builders.episode("e1"), **{"If-None-Exist": ONE_OR_TWO}, **TOKEN)

    assert [answer.status_code for answer in (none, same, another, several, theirs)] == [201, 200, 200, 412, 201]
    assert code_of(several) == "multiple-matches"
    assert place_of(none) == place_of(same) == place_of(another)
    assert [answer.headers["beklijf-outcome"] for answer in (none, same, another)] == ["created", "ignored", "ignored"]
    assert (same.content, code_of(another)) == (b"", "duplicate")


OF_THE_DAY = "patient:identifier=https://example.org/pseudonym|p1&questionnaire=https://w3id.org/beklijf/fhir/Questionnaire/vas-pain&authored=2014-03-03"


def test_a_condition_may_use_whatever_can_be_searched_for(door: Door) -> None:
    """One answer a day of a patient to a form, whatever its identifier; and an update of what is a draft still."""
    none = door.post(builders.vas("a1", 40, authored=AUTHORED, status="in-progress"), **{"If-None-Exist": OF_THE_DAY})
    one = door.post(builders.vas("a2", 41, authored=AUTHORED), **{"If-None-Exist": OF_THE_DAY})
    other_day = door.post(builders.vas("a3", 40, authored="2014-03-04"), **{"If-None-Exist": OF_THE_DAY.replace("03-03", "03-04")})
    other_form = door.post(builders.qbpds("a4", 40, authored=AUTHORED), **{"If-None-Exist": OF_THE_DAY.replace("vas-pain", "qbpds")})
    door.post(builders.vas("a5", 40, authored=AUTHORED))
    several = door.post(builders.vas("a6", 40, authored=AUTHORED), **{"If-None-Exist": OF_THE_DAY})
    theirs = door.post(builders.vas("a1", 40, authored=AUTHORED), **{"If-None-Exist": OF_THE_DAY}, **TOKEN)

    assert [answer.status_code for answer in (none, one, other_day, other_form, several, theirs)] == [201, 200, 201, 201, 412, 201]
    assert (one.headers["beklijf-outcome"], place_of(one), code_of(one)) == ("ignored", place_of(none), "duplicate")
    assert code_of(several) == "multiple-matches"

    draft = "QuestionnaireResponse?identifier=https://example.org/answer|a1&status=in-progress"
    first = door.put(draft, builders.vas("a1", 42, authored=AUTHORED))
    late = door.put(draft, builders.vas("a1", 43, authored=AUTHORED))
    by_id = door.put(f"QuestionnaireResponse?_id={place_of(none).partition('/')[2]}", builders.vas("a1", 44, authored=AUTHORED))
    another = door.put(f"QuestionnaireResponse?_id={place_of(none).partition('/')[2]}", builders.vas("a2", 44, authored=AUTHORED))

    assert [answer.status_code for answer in (first, late, by_id, another)] == [200, 412, 200, 422]
    assert (code_of(late), code_of(another)) == ("conflict", "business-rule")


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_the_same_conditions_hold_in_a_bundle(door: Door, kind: str) -> None:
    door.post(builders.vas("a1", 40, authored=AUTHORED))
    sent = builders.vas("a2", 41, authored=AUTHORED)
    asked = [{"method": "POST", "url": "QuestionnaireResponse", "ifNoneExist": condition} for condition in (OF_THE_DAY, "status=completed")]
    answers = []
    for request in asked:
        entry = {"resource": sent, "request": request}
        bundle = {"resourceType": "Bundle", "type": kind, "entry": [entry]}
        answers.append(door.client.post("/fhir", content=json.dumps(bundle), headers=FHIR))

    found = answers[0].json()["entry"][0]["response"]
    refused = answers[1].json() if kind == "transaction" else answers[1].json()["entry"][0]["response"]["outcome"]
    assert (found["status"], found["extension"][0]["valueCode"]) == ("200 OK", "ignored")
    assert (refused["issue"][0]["code"], refused["issue"][0]["expression"]) == ("too-costly", ["Bundle.entry[0].request.ifNoneExist"])
    assert door.registry.rows("SELECT value FROM resource WHERE current IS NOT NULL") == ["a1"]


def test_of_many_at_once_whose_condition_is_the_same_one_is_created(door: Door) -> None:
    """Each has an identifier of its own, so nothing but the condition keeps them apart."""
    sent = [builders.vas(f"a{number}", number, authored=AUTHORED) for number in range(24)]

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(lambda one: door.post(one, **{"If-None-Exist": OF_THE_DAY}), sent))

    assert sorted(answer.status_code for answer in answers) == [200] * 23 + [201]
    assert len({place_of(answer) for answer in answers}) == 1


def test_conditional_update_with_no_one_and_several_matches(door: Door) -> None:
    none = door.put(f"EpisodeOfCare?{ONE_OR_TWO}", builders.episode("e1"))
    one = door.put(f"EpisodeOfCare?{ONE_OR_TWO}", builders.episode("e1", status="onhold"))
    another = door.put(f"EpisodeOfCare?{ONE_OR_TWO}", builders.episode("e2"))
    door.post(builders.episode("e2"))
    several = door.put(f"EpisodeOfCare?{ONE_OR_TWO}", builders.episode("e1"))

    assert [answer.status_code for answer in (none, one, another, several)] == [201, 200, 422, 412]
    assert (place_of(one), one.headers["etag"]) == (place_of(none), 'W/"2"')
    assert (code_of(another), code_of(several)) == ("business-rule", "multiple-matches")


@pytest.mark.parametrize(
    ("criteria", "refusal"),
    [
        ("", (400, "value")),
        ("identifier=", (400, "value")),
        ("name=x", (400, "not-supported")),
        ("status=active", (400, "too-costly")),
        ("identifier=https://example.org/episode|e1&_sort=date", (400, "not-supported")),
        ("identifier=e2", (422, "business-rule")),
    ],
)
def test_criteria_that_are_not_supported_are_refused_and_never_ignored(door: Door, criteria: str, refusal: tuple[int, str]) -> None:
    updated = door.put(f"EpisodeOfCare?{criteria}", builders.episode("e1"))
    created = door.post(builders.episode("e1"), **{"If-None-Exist": criteria})

    assert [(answer.status_code, code_of(answer)) for answer in (updated, created)] == [refusal] * 2
    assert door.registry.rows("SELECT count(*) FROM resource") == [0]


def test_if_match_asks_for_the_current_version_of_something_that_is_there(door: Door) -> None:
    where = place_of(door.post(builders.patient("p1")))

    met = put_if(door, where, builders.patient("p1", gender="male"), 'W/"1"')
    strong = put_if(door, where, builders.patient("p1", gender="other"), '"2"')
    stale = put_if(door, where, builders.patient("p1", gender="female"), 'W/"1"')
    whichever = put_if(door, where, builders.patient("p1", gender="female"), "*")
    nonsense = put_if(door, where, builders.patient("p1"), 'W/"abc"')
    unknown = put_if(door, "/fhir/Patient/0", builders.patient("p1"), 'W/"1"')
    upsert = door.put("Patient?identifier=https://example.org/pseudonym|p2", builders.patient("p2"), **{"If-Match": 'W/"1"'})
    without = door.put(where, builders.patient("p1", id=where.rsplit("/", 1)[1]))

    answers = (met, strong, stale, whichever, nonsense, unknown, upsert, without)
    assert [answer.status_code for answer in answers] == [200, 200, 412, 412, 400, 404, 412, 200]
    assert [code_of(answer) for answer in (stale, whichever, nonsense, unknown, upsert)] == [
        "conflict", "conflict", "value", "not-found", "conflict",
    ]  # fmt: skip
    assert door.registry.rows("SELECT count(*) FROM version") == [4]


@pytest.mark.parametrize("header", ["If-None-Match", "If-Unmodified-Since"])
def test_other_conditions_are_refused_rather_than_ignored(door: Door, header: str) -> None:
    answer = door.post(builders.patient(), **{header: "*"})

    assert (answer.status_code, code_of(answer)) == (400, "not-supported")
    assert door.registry.rows("SELECT count(*) FROM resource") == [0]


def test_of_two_parallel_updates_of_one_version_one_wins(door: Door) -> None:
    where = place_of(door.post(builders.patient("p1")))

    with ThreadPoolExecutor(2) as threads:
        genders = ("male", "other")
        answers = list(threads.map(lambda one: put_if(door, where, builders.patient("p1", gender=one), 'W/"1"'), genders))

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = genders[[answer.status_code for answer in answers].index(200)]
    assert door.client.get(f"/fhir/{where}").json()["gender"] == won


def test_a_patient_who_is_only_referred_to_is_not_found_by_a_condition(door: Door) -> None:
    door.post(builders.vas("a1", 40, authored=AUTHORED, episode="e1"))

    first = door.post(builders.episode("e1"), **{"If-None-Exist": f"{EPISODES}e1"})

    assert (first.status_code, first.headers["beklijf-outcome"]) == (201, "created")


def test_a_draft_after_the_completed_form_counts_for_nothing(door: Door) -> None:
    where = place_of(door.post(builders.vas("a1", 40, authored=AUTHORED)))

    draft = door.post(builders.vas("a1", 90, authored="2014-03-04T10:00:00+01:00", status="in-progress"))

    assert (draft.status_code, draft.headers["beklijf-outcome"], draft.headers["etag"]) == (200, "outranked", 'W/"1"')
    assert door.client.get(f"/fhir/{where}").json()["status"] == "completed"


@pytest.mark.parametrize(
    ("prefer", "has"),
    [
        (None, (False, False)),
        ("return=minimal", (False, False)),
        ("return=representation", (True, False)),
        ("return=OperationOutcome", (False, True)),
        ("respond-async; wait=5, return=representation", (True, False)),
    ],
)
def test_prefer_says_what_comes_back_for_each_entry(door: Door, prefer: str | None, has: tuple[bool, bool]) -> None:
    headers = {} if prefer is None else {"Prefer": prefer}

    batch = door.bundle("batch", builders.patient("p1"), builders.patient("p2"), **headers).json()["entry"]
    transaction = door.bundle("transaction", builders.patient("p3"), **headers).json()["entry"]

    for entry in [*batch, *transaction]:
        assert ("resource" in entry, "outcome" in entry["response"]) == has
    if has[0]:
        assert [entry["resource"]["identifier"][0]["value"] for entry in batch] == ["p1", "p2"]
        assert batch[0]["resource"]["meta"]["versionId"] == "1"


def test_warnings_come_back_unless_minimal_was_asked_for(door: Door) -> None:
    def said(name: str, **headers: str) -> tuple[bool, bool]:
        answers = builders.vas(name, 40, authored=AUTHORED)
        answers["item"][0]["text"] = "Something else?"
        alone = door.post(answers, **headers)
        answers["identifier"]["value"] = f"{name}-again"
        entry = door.bundle("batch", answers, **headers).json()["entry"][0]
        return bool(alone.content), "outcome" in entry["response"]

    assert said("a1") == (True, True)
    assert said("a2", Prefer="return=minimal") == (False, False)


def test_an_entry_on_which_the_registry_fails_does_not_take_the_others_along(door: Door) -> None:
    with db.transaction(door.registry.engine) as connection:
        connection.execute(text("ALTER TABLE version ADD CONSTRAINT no_drafts CHECK (status <> 'stopped')"))
    answers = [builders.vas(f"a{n}", 40, authored=AUTHORED, status="stopped" if n == 1 else "completed") for n in range(3)]
    try:
        batch = door.bundle("batch", *answers)
        alone = door.bundle("batch", answers[1])
    finally:
        with db.transaction(door.registry.engine) as connection:
            connection.execute(text("ALTER TABLE version DROP CONSTRAINT no_drafts"))

    responses = [entry["response"] for entry in batch.json()["entry"]]
    assert [response["status"] for response in responses] == ["201 Created", "500", "201 Created"]
    assert responses[1]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert (alone.status_code, code_of(alone)) == (500, "exception")
    assert door.registry.rows("SELECT value FROM resource ORDER BY value") == ["a0", "a2"]


def test_parameters_nobody_knows_are_warned_about_or_refused(door: Door) -> None:
    def answer(handling: str | None) -> httpx.Response:
        headers = FHIR | ({} if handling is None else {"Prefer": f"handling={handling}"})
        return door.client.post("/fhir/Patient?_pretty=true&verbose=1", content=json.dumps(builders.patient()), headers=headers)

    strict, lenient, silent = answer("strict"), answer("lenient"), answer(None)

    assert [(one.status_code, code_of(one)) for one in (strict, lenient, silent)] == [
        (400, "not-supported"), (201, "not-supported"), (200, "not-supported"),
    ]  # fmt: skip
    assert [one.json()["issue"][0]["severity"] for one in (strict, lenient)] == ["error", "warning"]


def test_creates_of_a_transaction_come_before_its_updates_and_are_answered_in_place(door: Door) -> None:
    first = place_of(door.post(builders.patient("p1")))
    link = {"link": [{"type": "replaced-by", "other": {"reference": first}}]}
    entries = [
        {"resource": builders.patient("p1", gender="male", id=first.rsplit("/", 1)[1]), "request": {"method": "PUT", "url": first}},
        {"resource": builders.patient("p2", **link), "request": {"method": "POST", "url": "Patient"}},
    ]
    entries[0]["request"]["ifMatch"] = 'W/"1"'

    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = door.client.post("/fhir", content=json.dumps(bundle), headers=FHIR)
    again = door.client.post("/fhir", content=json.dumps(bundle), headers=FHIR)

    assert [entry["response"]["status"] for entry in answer.json()["entry"]] == ["200 OK", "201 Created"]
    assert answer.json()["entry"][0]["response"]["location"] == f"{first}/_history/2"
    assert (again.status_code, code_of(again)) == (412, "conflict")
    assert again.json()["issue"][0]["expression"] == ["Bundle.entry[0].resource"]
