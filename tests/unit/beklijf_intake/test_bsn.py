"""The gate for the citizen service number: by system anywhere, by the eleven-test where nine digits stand free."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from beklijf_intake.domain import bsn

SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"


@pytest.mark.parametrize(("digits", "passes"), [("111222333", True), ("123456782", True), ("123456789", False), ("000000000", False)])
def test_the_eleven_test(digits: str, passes: bool) -> None:
    assert bsn.passes_eleven_test(digits) is passes


@pytest.mark.parametrize(
    "text",
    ["111222333", "BSN 111222333.", "(111222333)", "<p>111222333</p>", "a-111222333-b", "é111222333", SYSTEM, SYSTEM.upper(), f"{SYSTEM}|1",
     "https://www.fhir.nl/fhir/NamingSystem/bsn", "urn:oid:2.16.840.1.113883.2.4.6.3", "Patient?identifier=" + SYSTEM + "|x",
     "identifier=http%3A%2F%2Ffhir.nl%2Ffhir%2FNamingSystem%2Fbsn%7C1", "Patient%2F111222333", "bsn 111 222 333", "BSN: 1112.22.333",
     "Burgerservicenummer van de patiënt: 123456789", "bsn 12345672", "identifier=x|111222333"],
)  # fmt: skip
def test_found(text: str) -> None:
    assert bsn.holds_one(text)


@pytest.mark.parametrize(
    "text",
    ["123456789", "1112223334", "a111222333", "111222333a", "0.111222333", "2014-03-03T10:00:00.111222333+01:00", "11122233", "111 222 333",
     "urn:oid:1.2.111222333", "http://fhir.nl/fhir/NamingSystem/pseudo-bsn", "http://fhir.nl/fhir/NamingSystem/bsn-other",
     "urn:oid:2.16.840.1.113883.2.4.6.30", "urn:oid:2.16.840.1.113883.2.4.6.3.1", "+31 612345671", "+31(0)612345671",
     "http://fhir.nl/fhir/NamingSystem/pseudo-bsn|12345672", "Patient?identifier=https://example.org/p|111222333", "bsn onbekend",
     "BSN niet bekend, geboren 12-03-1970", "BSN onbekend, tel. 0612345678", "bsn 12345678"],
)  # fmt: skip
def test_not_found(text: str) -> None:
    assert not bsn.holds_one(text)


def test_it_is_found_wherever_it_hides() -> None:
    resource = {
        "identifier": [{"system": "https://example.org/p", "value": "111222333"}],
        "subject": {"reference": "Patient/111222333", "display": "x 111222333"},
        "text": {"div": "<div>111222333</div>"},
        "contained": [{"identifier": [{"system": SYSTEM, "value": "1"}]}],
        "extension": [{"url": "https://example.org/x", "valueString": "111222333"}],
        "item": [{"answer": [{"valueInteger": 111222333}]}, {"answer": [{"valueDecimal": Decimal("111222333.0")}]}],
        "code": [{"system": "http://snomed.info/sct", "code": "111222333"}, {"system": "http://snomed.info/sct", "code": "162930008"}],
        "telecom": [{"system": "phone", "value": "111222333"}],
        "half": {"value": "111222333"},
    }

    found = bsn.find(resource)

    assert found == [
        "subject.reference", "subject.display", "text.div", "contained[0].identifier[0].system", "extension[0].valueString",
        "item[0].answer[0].valueInteger", "item[1].answer[0].valueDecimal", "code[0].code", "telecom[0].value", "half.value",
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["111222333", SYSTEM, SYSTEM.upper(), "urn:oid:2.16.840.1.113883.2.4.6.3", "é111222333",
                                   "Patient%2F111222333", "BSN van de patiënt: 123 456 789", "burgerservicenummer 12345672"])  # fmt: skip
@pytest.mark.parametrize("escaped", [False, True])
def test_the_quick_look_never_lets_one_through(value: str, escaped: bool) -> None:
    text = json.dumps({"a": value}, ensure_ascii=False)
    body = text.replace("1", "\\u0031").replace("/", "\\/") if escaped else text

    assert not bsn.cannot_hold(body.encode())


def test_the_quick_look_spares_ordinary_bodies() -> None:
    assert bsn.cannot_hold(json.dumps({"a": "123456789", "b": "0123456789", "c": "2014-03-03T10:00:00.123456789Z"}).encode())


def test_a_refusal_says_where_and_never_what() -> None:
    problem = bsn.refusal("Patient.identifier[0].value")

    assert (problem.status, problem.code, problem.expression) == (422, "value", "Patient.identifier[0].value")
    assert not any(character.isdigit() for character in problem.sentence)
