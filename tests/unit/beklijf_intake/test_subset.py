"""Which elements a part of a resource has: held against the tables of `fhir.resources`, which are generated from HL7's definitions."""

from __future__ import annotations

from typing import Any, cast

import pytest
from fhir.resources.R4B import get_fhir_model_class

from beklijf_intake import definitions
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.search import subset

OF_EVERY_RESOURCE = {"id", "meta", "implicitRules"}


@pytest.mark.parametrize("type_", definitions.TYPES)
def test_summary_and_mandatory_elements_of_definitions_are_those_of_r4(type_: str) -> None:
    model = cast("Any", get_fhir_model_class(cast("Any", type_)))
    fields = [(str(field.alias), field.json_schema_extra or {}) for field in model.model_fields.values()]

    assert set(model.summary_elements_sequence()) - OF_EVERY_RESOURCE == subset.SUMMARY[type_]
    assert {name for name, about in fields if about.get("element_required")} == subset.MANDATORY[type_]


def test_what_is_asked_for() -> None:
    assert subset.asked({}, "Questionnaire") == ("false", ())
    assert subset.asked({"_summary": "data"}, "Questionnaire") == ("data", ())
    assert subset.asked({"_elements": "title, Questionnaire.item,PlanDefinition.action"}, "Questionnaire") == ("false", ("title", "item"))


@pytest.mark.parametrize("given", [{"_summary": ""}, {"_summary": "True"}, {"_elements": "a.b"}, {"_elements": "1"}])
def test_what_cannot_be_asked_for(given: dict[str, str]) -> None:
    with pytest.raises(Refused) as refusal:
        subset.asked(given, "Questionnaire")

    assert [(problem.code, problem.status) for problem in refusal.value.problems] == [("value", 400)]


def test_a_part_keeps_what_belongs_to_its_elements() -> None:
    keeps = subset.kept("PlanDefinition", "false", ("title",))

    assert keeps is not None
    assert [name for name in ("resourceType", "id", "meta", "status", "title", "_title", "titles", "action") if keeps(name)] == [
        "resourceType",
        "id",
        "meta",
        "status",
        "title",
        "_title",
    ]
