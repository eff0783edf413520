"""Conditional requests: what a condition asks, and which are refused (M13)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.search import condition
from beklijf_intake.domain.search.condition import Condition
from beklijf_intake.domain.search.criteria import Circumstances, Ids, Names, Patients, Questionnaires, Statuses, Token
from beklijf_intake.domain.submission import Name

OWN = Name("urn:x", "1")
AT = Circumstances("QuestionnaireResponse", "00000001", "https://registry.example/fhir/", UTC, datetime(2020, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize("text", ["identifier=urn:x|1", "?identifier=urn%3Ax%7C1"])
def test_a_condition_by_identifier_takes_no_search(text: str) -> None:
    assert condition.read(text, OWN, AT) == Condition((OWN,))


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("_id=a,b", (Ids(("a", "b")),)),
        ("identifier=1", (Names((Token(None, "1"),)),)),
        ("identifier=urn:x|1&status=in-progress", (Names((Token("urn:x", "1"),)), Statuses(("in-progress",)))),
        ("patient:identifier=urn:p%7C7&questionnaire=urn:q", (Patients((Name("urn:p", "7"),)), Questionnaires(("urn:q",)))),
        ("subject=Patient/p1", (Patients(ids=("p1",)),)),
        ("patient=https://registry.example/fhir/Patient/p1", (Patients(ids=("p1",)),)),
    ],
)
def test_any_other_is_a_search(text: str, criteria: tuple[object, ...]) -> None:
    asked = condition.read(text, OWN, AT)

    assert (asked.named, asked.search is not None and asked.search.criteria) == ((), criteria)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("identifier=urn:x|2", (422, "business-rule")),  # another's
        ("identifier=urn:x|2&status=completed", (422, "business-rule")),
        ("identifier=2", (422, "business-rule")),
        ("status=completed", (400, "too-costly")),  # of how many?
        ("questionnaire=urn:q&authored=2014", (400, "too-costly")),
        ("identifier=urn:x|", (400, "too-costly")),
        ("", (400, "value")),
        ("identifier", (400, "value")),
        ("patient:identifier=%ff", (400, "value")),
        ("&".join(["_id=1"] * 21), (400, "value")),
        ("name=x", (400, "not-supported")),
        ("identifier:exact=urn:x|1", (400, "not-supported")),
        ("identifier=urn:x|1&_sort=authored", (400, "not-supported")),
        ("identifier=urn:x|1&_count=1", (400, "not-supported")),
        ("_query=waiting&_id=1", (400, "not-supported")),
        ("patient.name=x", (400, "not-supported")),
        ("patient:identifier=7", (400, "value")),
        ("_id=a b", (400, "value")),
        ("patient:identifier=urn:p%7C7&authored=soon", (400, "value")),
        ("patient:identifier=http://fhir.nl/fhir/NamingSystem/bsn|999911120", (422, "value")),
        ("patient=999911120", (422, "value")),
    ],
)
def test_what_is_no_condition_is_refused(text: str, refusal: tuple[int, str]) -> None:
    with pytest.raises(Refused) as raised:
        condition.read(text, OWN, AT)

    assert [(problem.status, problem.code) for problem in raised.value.problems] == [refusal]
    assert "999911120" not in raised.value.problems[0].sentence
