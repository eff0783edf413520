"""Forms as hospitals have them: each is accepted when it was filled in as it asks, and what it cannot check is known."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from beklijf_intake import fhir, forms, front_door
from beklijf_intake.domain.questionnaire import Form, compile_form
from tests.lib.hospital_forms import FILLED, FORMS
from tests.lib.reading import context

COMPILED: dict[str, Form] = {name: compile_form(questionnaire, forms.surroundings([])) for name, questionnaire in FORMS.items()}


@pytest.mark.parametrize("name", FILLED)
def test_a_form_that_was_filled_in_well_is_accepted(name: str) -> None:
    body = json.dumps(FILLED[name]).encode()
    known = {(form.url, form.version): form for form in COMPILED.values()}

    submission = fhir.read(front_door.parse(body), body, replace(context(), forms=known))

    said = [(problem.code, problem.expression) for problem in submission.received.warnings]
    assert said == ([("code-invalid", "QuestionnaireResponse.item[2].answer[0].value")] if name == "lifestyle" else [])


def test_what_they_cannot_check() -> None:
    assert [(name, link, note.part) for name, form in COMPILED.items() for link, note in form.unchecked] == [
        ("work", "any-code", "answerOption"),
        ("lifestyle", "diagnosis", "answerValueSet"),
        ("documents", "computed", "calculatedExpression"),
    ]
