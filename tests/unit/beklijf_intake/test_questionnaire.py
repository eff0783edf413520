"""Questionnaires compiled into forms: what cannot be checked whole is refused at start."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from beklijf_intake.domain.questionnaire import Condition, FormNotUsable, compile_form
from beklijf_shared import contracts
from tests.lib.reading import context

MIN = "http://hl7.org/fhir/StructureDefinition/minValue"


def form_of(*items: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "url": "https://example.org/q", "version": "1", "item": list(items)}


def test_every_shipped_questionnaire_compiles() -> None:
    shipped = contracts.load().questionnaires

    forms = context().forms

    assert forms.keys() == shipped.keys()
    assert len(forms) >= 2


def test_places_bounds_options_and_requirements() -> None:
    form = compile_form(
        form_of(
            {
                "linkId": "g",
                "type": "group",
                "required": True,
                "item": [{"linkId": "n", "type": "integer", "extension": [{"url": MIN, "valueInteger": 0}]}],
            },
            {"linkId": "d", "type": "decimal", "extension": [{"url": MIN, "valueDecimal": 0.5}], "required": True},
            {
                "linkId": "c",
                "type": "choice",
                "answerOption": [{"valueCoding": {"system": "s", "code": "a", "display": "A"}}, {"valueInteger": 3}],
            },
        )
    )

    assert form.items["n"].parent == "g"
    assert (form.items["n"].minimum, form.items["d"].minimum) == (0, Decimal("0.5"))
    assert form.items["c"].options == {("valueCoding", ("s", "a")), ("valueInteger", 3)}
    assert form.items["c"].values == ("valueCoding", "valueInteger")
    assert form.required == {"": ("g", "d")}
    assert not form.conditional


def test_conditions() -> None:
    form = compile_form(
        form_of(
            {"linkId": "a", "type": "boolean"},
            {"linkId": "b", "type": "string", "enableWhen": [{"question": "a", "operator": "=", "answerBoolean": True}]},
        )
    )

    assert form.items["b"].conditions == (Condition("a", "=", True),)
    assert form.conditional


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"linkId": "x", "type": "choice"}, "x: list the possible answers"),
        ({"linkId": "x", "type": "choice", "answerValueSet": "https://example.org/v"}, "x: list the possible answers"),
        ({"linkId": "x", "type": "slider"}, "x: unknown type"),
        ({"linkId": "x" * 201, "type": "string"}, "longer than 200"),
        ({"linkId": "x", "type": "choice", "answerOption": [{"valueCoding": {"display": "a"}}]}, "x: an answerOption needs a code"),
        (
            {"linkId": "x", "type": "string", "enableWhen": [{"question": "y", "operator": "exists", "answerBoolean": True}]},
            "unknown question y",
        ),
        ({"linkId": "x", "type": "string", "enableWhen": [{"question": "x", "operator": "exists", "answerBoolean": True}] * 2}, "que-12"),
        ({"linkId": "x", "type": "group", "item": [{"linkId": "x", "type": "string"}]}, "x: the linkId is used twice"),
        ({"linkId": "x", "type": "integer", "extension": [{"url": MIN, "valueQuantity": {"value": 1}}]}, "valueQuantity is not supported"),
        ({"linkId": "x", "type": "quantity", "extension": [{"url": MIN, "valueDecimal": 1}]}, "does not fit an item of type quantity"),
        ({"linkId": "x", "type": "integer", "extension": [{"url": MIN, "valueDate": "2014"}]}, "does not fit an item of type integer"),
    ],
)
def test_what_cannot_be_checked_is_refused_at_start(item: dict[str, Any], message: str) -> None:
    with pytest.raises(FormNotUsable, match=message):
        compile_form(form_of(item))
