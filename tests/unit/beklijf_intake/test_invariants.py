"""The rules of R4 between the elements of one type, each by a resource that breaks it and one beside it that does not."""

from __future__ import annotations

from typing import Any

import pytest

from beklijf_intake import fhir
from beklijf_intake.domain.invariants import check_local_references
from tests.lib import builders


def told(resource: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.expression) for problem in fhir.check_shape(resource)]


def extended(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return builders.patient(extension=[{"url": "https://example.org/x", name: value}])


@pytest.mark.parametrize(
    ("name", "broken", "whole", "at"),
    [
        ("valueAttachment", {"data": "AAAA"}, {"data": "AAAA", "contentType": "image/png"}, ".contentType"),
        ("valueContactPoint", {"value": "a"}, {"value": "a", "system": "email"}, ".system"),
        ("valueExpression", {"language": "text/fhirpath"}, {"language": "text/fhirpath", "expression": "a"}, ""),
        ("valueQuantity", {"value": 1, "code": "kg"}, {"value": 1, "code": "kg", "system": "http://unitsofmeasure.org"}, ".system"),
        ("valueAge", {"value": 1, "code": "a"}, {"value": 1, "unit": "a"}, ".system"),
        ("valueRatio", {"numerator": {"value": 1}}, {"numerator": {"value": 1}, "denominator": {"value": 2}}, ""),
        ("valuePeriod", {"start": "2014-05", "end": "2014-04-30"}, {"start": "2014-05", "end": "2014-05-01"}, ""),
        (
            "valuePeriod",
            {"start": "2014-05-01T10:00:00Z", "end": "2014-05-01T11:00:00+02:00"},
            {"start": "2014-05-01T10:00:00Z", "end": "2014-05-01"},
            "",
        ),
    ],
)
def test_what_belongs_together(name: str, broken: dict[str, Any], whole: dict[str, Any], at: str) -> None:
    assert told(extended(name, broken)) == [("invariant", f"Patient.extension[0].value{at}")]
    assert told(extended(name, whole)) == []


def test_a_refusal_is_not_turned_away_for_its_paperwork() -> None:
    assert told({name: value for name, value in builders.consent().items() if name != "policyRule"}) == []


def test_a_comparator_is_one_of_four() -> None:
    assert told(extended("valueQuantity", {"value": 1, "comparator": "~"})) == [("code-invalid", "Patient.extension[0].value.comparator")]
    assert told(extended("valueQuantity", {"value": 1, "comparator": ">="})) == []


def test_a_reference_to_something_within_finds_it_there() -> None:
    within = [{"resourceType": "Organization", "id": "o", "name": "A hospital"}]
    resource = {"contained": within, "author": {"reference": "#o"}, "item": [{"answer": [{"valueReference": {"reference": "#p"}}]}]}

    assert [problem.expression for problem in check_local_references(resource)] == ["item[0].answer[0].value.reference"]
    assert [problem.code for problem in check_local_references({"author": {"reference": "#o"}})] == ["invariant"]
    assert check_local_references({"author": {"reference": "#"}, "contained": "x"}) == []
