"""Bundles: each entry by itself, its own bytes, references resolved to names, and what belongs to the Bundle as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beklijf_intake import bundle, front_door
from beklijf_intake.bundle import Entry
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.submission import AnswersStated, Name, PatientStated, Reference
from tests.lib.builders import PSEUDONYMS, episode, patient, vas
from tests.lib.reading import context

ONE = "urn:uuid:3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a01"
TWO = "urn:uuid:3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a02"


def of(*entries: dict[str, Any], kind: str = "batch") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(resource: Any, url: str, method: str = "POST", full_url: str | None = None, **request: str) -> dict[str, Any]:
    asked = {"method": method, "url": url, **request}
    return ({"fullUrl": full_url} if full_url else {}) | {"resource": resource, "request": asked}


def read(content: dict[str, Any] | str) -> list[Entry]:
    body = (content if isinstance(content, str) else json.dumps(content)).encode()
    return bundle.read_bundle(front_door.parse(body, limit=front_door.BUNDLE_LIMIT_BYTES), body, context())


def problems(*entries: dict[str, Any], kind: str = "batch") -> list[list[tuple[int, str, str | None]]]:
    return [[(problem.status, problem.code, problem.expression) for problem in found.problems] for found in read(of(*entries, kind=kind))]


def test_references_between_entries_become_names() -> None:
    answers = vas("a1", 50, authored="2014-03-03", subject={"reference": ONE, "type": "Patient"})

    found = read(of(entry(answers, "QuestionnaireResponse"), entry(patient("p9"), "Patient", full_url=ONE), kind="transaction"))

    assert isinstance(found[0].submission, AnswersStated)
    assert found[0].submission.patient == Reference(name=Name(PSEUDONYMS, "p9"))
    assert json.loads(found[0].submission.received.body)["subject"] == {
        "identifier": {"system": PSEUDONYMS, "value": "p9"},
        "type": "Patient",
    }


def test_what_is_kept_differs_by_its_references_only() -> None:
    def text(reference: str) -> str:
        answers = json.dumps(vas("a1", 50, authored="2014-03-03"))
        return answers.replace(json.dumps({"identifier": {"system": PSEUDONYMS, "value": "p1"}}), f"{{ {reference} }}")

    sent = text(f'"reference" :\t"{ONE}"').replace('"valueInteger": 50', '"valueInteger":   50')
    named = '"type": "Patient", "identifier": {"system": "https://example.org/pseudonym", "value": "p9"}'
    request = '"request": {"method": "POST", "url": "QuestionnaireResponse"}'
    other = json.dumps(entry(patient("p9"), "Patient", full_url=ONE))

    found = read(f'{{"resourceType": "Bundle", "type": "batch", "entry": [{{"resource": {sent}, {request}}}, {other}]}}')

    assert found[0].submission is not None
    assert found[0].submission.received.body.decode() == text(named).replace('"valueInteger": 50', '"valueInteger":   50')


@pytest.mark.parametrize(
    ("reference", "full_url"),
    [
        (f"Patient?identifier={PSEUDONYMS}|p9", None),
        (f"Patient?identifier={PSEUDONYMS}%7Cp9", None),
        ("Patient/77", "https://hospital.example/fhir/Patient/77"),
        ("https://hospital.example/fhir/Patient/77", "https://hospital.example/fhir/Patient/77"),
    ],
)
def test_conditional_and_relative_references_become_names_too(reference: str, full_url: str | None) -> None:
    answers = entry(
        vas("a1", 50, authored="2014-03-03", subject={"reference": reference}),
        "QuestionnaireResponse",
        full_url="https://hospital.example/fhir/QuestionnaireResponse/1",
    )

    found = read(of(answers, entry(patient("p9"), "Patient", full_url=full_url)))

    assert isinstance(found[0].submission, AnswersStated)
    assert found[0].submission.patient == Reference(name=Name(PSEUDONYMS, "p9"))
    assert json.loads(found[0].submission.received.body)["subject"] == {
        "type": "Patient",
        "identifier": {"system": PSEUDONYMS, "value": "p9"},
    }


def test_a_reference_to_an_entry_of_another_type_is_refused() -> None:
    answers = vas("a1", 50, authored="2014-03-03", subject={"reference": ONE})

    found = problems(entry(answers, "QuestionnaireResponse"), entry(episode(), "EpisodeOfCare", full_url=ONE))

    assert found == [[(422, "value", "Bundle.entry[0].resource.subject.type")], []]


def test_a_retry_with_new_uuids_is_a_repeat() -> None:
    def digest(address: str) -> bytes:
        answers = vas("a1", 50, authored="2014-03-03", subject={"reference": address})
        submission = read(of(entry(patient(), "Patient", full_url=address), entry(answers, "QuestionnaireResponse")))[1].submission
        assert submission is not None
        return submission.received.digest

    assert digest(ONE) == digest(TWO)


def test_every_entry_keeps_its_own_bytes() -> None:
    first = '{ "resourceType":"Patient","identifier":[{"system":"https:\\/\\/example.org/p" , "value":"\\u00e9"}] }'
    second = json.dumps(patient('é\\"]}', gender="male"), ensure_ascii=False)
    request = '"request" : {"method":"POST","url":"Patient"}'
    entries = f'{{"resource" : {first} , {request}}} ,{{{request},"resource":{second}}}'
    text = f'{{"type":"batch", "entry" : [ {entries}\n] ,"resourceType":"Bundle"}}'

    found = read(text)

    assert [one.submission.received.body.decode() for one in found if one.submission] == [first, second]
    assert [one.submission.received.name.value for one in found if one.submission] == ["é", 'é\\"]}']


def test_how_an_entry_asks() -> None:
    criteria = f"identifier={PSEUDONYMS}|p1".replace(":", "%3A").replace("|", "%7C")

    created, conditional, upsert, update, any_version = read(
        of(
            entry(patient(), "Patient"),
            entry(patient(), "Patient", ifNoneExist=criteria),
            entry(patient(), f"Patient?{criteria}", "PUT"),
            entry(patient(id="x"), "Patient/x", "PUT", ifMatch='W/"3"'),
            entry(patient(id="y"), "Patient/y", "PUT", ifMatch="*"),
        )
    )

    assert all(isinstance(one.submission, PatientStated) for one in (created, conditional, upsert, update))
    assert [one.if_none_exist for one in (created, conditional, upsert, update)] == [False, True, False, False]
    assert (upsert.resource_id, update.resource_id, update.if_match) == (None, "x", 3)
    assert any_version.if_match == 0
    assert [one.condition.named for one in (created, conditional, upsert)] == [(), (Name(PSEUDONYMS, "p1"),), (Name(PSEUDONYMS, "p1"),)]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (entry(patient(), "Patient", "DELETE"), (405, "not-supported", "Bundle.entry[0].request.method")),
        (entry(patient(), "Patient", "PATCH"), (405, "not-supported", "Bundle.entry[0].request.method")),
        ({"request": {"method": "GET", "url": "$import"}}, (400, "value", "Bundle.entry[0].request.url")),
        (entry(patient(), "Patient/x", "GET"), (400, "invalid", "Bundle.entry[0].resource")),
        ({"request": {"method": "POST", "url": "Patient"}}, (400, "required", "Bundle.entry[0].resource")),
        (entry("patient", "Patient"), (400, "required", "Bundle.entry[0].resource")),
        (entry(patient(), "/Patient"), (400, "value", "Bundle.entry[0].request.url")),
        (entry(patient(), "Consent"), (400, "invalid", "Bundle.entry[0].resource")),
        (entry(patient(), "Patient", "PUT"), (400, "value", "Bundle.entry[0].request.url")),
        (entry(patient(id="y"), "Patient/x", "PUT"), (400, "invalid", "Bundle.entry[0].resource.id")),
        (entry(patient(), "Patient?name=x", "PUT"), (400, "not-supported", "Bundle.entry[0].request.url")),
        (entry(patient(), "Patient?identifier=a|b&identifier=c|d", "PUT"), (422, "business-rule", "Bundle.entry[0].request.url")),
        (entry(patient(), "Patient?identifier=urn:x|y", "PUT"), (422, "business-rule", "Bundle.entry[0].request.url")),
        (entry(patient(), "Patient", ifMatch="3"), (400, "value", "Bundle.entry[0].request.ifMatch")),
        (entry(patient(), "Patient", ifNoneMatch="*"), (422, "not-supported", "Bundle.entry[0].request")),
        (
            entry(episode() | {"patient": {"reference": ONE}}, "EpisodeOfCare"),
            (422, "not-found", "Bundle.entry[0].resource.patient.reference"),
        ),
    ],
)
def test_a_bad_entry_of_a_batch_leaves_the_others_alone(one: dict[str, Any], expected: tuple[int, str, str]) -> None:
    found = problems(one, entry(patient("other"), "Patient"))

    assert found == [[expected], []]


def test_a_transaction_states_each_resource_once_and_a_batch_as_it_likes() -> None:
    twice = (entry(patient(), "Patient"), entry(patient(gender="male"), "Patient"))

    assert problems(*twice, kind="transaction") == [[], [(400, "duplicate", "Bundle.entry[1].resource.identifier")]]
    assert problems(*twice) == [[], []]


def test_warnings_name_the_entry() -> None:
    answers = vas("a1", 50, authored="2014-03-03")
    answers["item"][0]["text"] = "Something else?"

    found = read(of(entry(patient(), "Patient"), entry(answers, "QuestionnaireResponse")))

    assert found[1].submission is not None
    assert [problem.expression for problem in found[1].submission.received.warnings] == ["Bundle.entry[1].resource.item"]


def test_a_circle_is_refused_and_a_chain_is_not() -> None:
    def replaced(name: str, by: str) -> dict[str, Any]:
        return patient(name, link=[{"type": "replaced-by", "other": {"reference": by}}])

    chain = read(of(entry(replaced("a", TWO), "Patient", full_url=ONE), entry(patient("b"), "Patient", full_url=TWO), kind="transaction"))

    assert isinstance(chain[0].submission, PatientStated)
    assert chain[0].submission.replaced_by == Reference(name=Name(PSEUDONYMS, "b"))
    with pytest.raises(Refused, match="1 problem"):
        read(of(entry(replaced("a", ONE), "Patient", full_url=ONE)))


def test_an_empty_bundle_asks_for_nothing() -> None:
    assert read({"resourceType": "Bundle", "type": "transaction"}) == []
    with pytest.raises(Refused):
        read({"resourceType": "Bundle", "type": "batch", "entry": "x"})


def test_a_thousand_entries_are_accepted() -> None:
    found = read(of(*(entry(patient(f"p{number}"), "Patient") for number in range(1_000))))

    assert len(found) == 1_000
    assert not any(one.problems for one in found)
