"""Questionnaires compiled into forms: what is checked, what is not and why, and what is no Questionnaire at all."""

from __future__ import annotations

from typing import Any

import pytest

from beklijf_intake import forms
from beklijf_intake.domain.form.conditions import Condition
from beklijf_intake.domain.form.extensions import Unchecked
from beklijf_intake.domain.questionnaire import FormNotUsable, compile_form
from beklijf_shared import contracts
from tests.lib.reading import context

CORE = "http://hl7.org/fhir/StructureDefinition/"
MIN = CORE + "minValue"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"


def form_of(*items: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "url": "https://example.org/q", "version": "1", "item": list(items)}


def test_every_shipped_questionnaire_compiles() -> None:
    shipped = contracts.load().questionnaires

    forms = context().forms

    assert forms.keys() == shipped.keys()
    assert len(forms) >= 2


def test_items_stand_at_their_places() -> None:
    below = {"linkId": "n", "type": "integer", "required": True}
    form = compile_form(form_of({"linkId": "g", "type": "group", "required": True, "item": [below]}, {"linkId": "d", "type": "decimal"}))

    assert [*form.top.items] == ["g", "d"]
    assert form.above == {"g": "", "n": "g", "d": ""}
    assert [item.link for item in form.top.required] == ["g"]
    group = form.top.items["g"].below
    assert group is not None
    assert [item.link for item in group.required] == ["n"]
    assert form.switches is None
    assert form.unchecked == ()


def test_every_item_says_what_is_checked() -> None:
    choice = {
        "linkId": "c",
        "type": "choice",
        "required": True,
        "answerOption": [{"valueCoding": {"code": "a", "display": "A"}}, {"valueInteger": 3}],
    }
    form = compile_form(form_of({"linkId": "n", "type": "integer", "extension": [{"url": MIN, "valueInteger": 0}]}, choice))

    assert [one[:3] for one in form.appraisals] == [
        ("", "form", ()),
        ("n", "integer", ("type integer", "minValue 0")),
        ("c", "choice", ("type choice", "required", "options (2)")),
    ]
    assert [*form.top.items["c"].readers] == ["valueCoding", "valueInteger"]


def test_conditions() -> None:
    form = compile_form(
        form_of(
            {"linkId": "a", "type": "boolean"},
            {"linkId": "b", "type": "string", "enableWhen": [{"question": "a", "operator": "=", "answerBoolean": True}]},
        )
    )

    assert form.switches is not None
    assert [(rule.link, rule.conditions) for rule in form.switches.rules] == [("b", (Condition("a", "=", ("boolean", True)),))]


EXISTS = {"question": "x", "operator": "exists", "answerBoolean": True}


@pytest.mark.parametrize(
    ("item", "part", "reason"),
    [
        ({"type": "choice"}, "answerOption", "offers no answers"),
        ({"type": "choice", "answerValueSet": "https://example.org/v"}, "answerValueSet", "https://example.org/v is not at hand"),
        ({"type": "choice", "answerValueSet": "#v"}, "answerValueSet", "#v is not contained"),
        ({"type": "choice", "answerOption": [{"valueDecimal": 1.5}]}, "answerOption", "no value of a kind that R4 allows"),
        ({"type": "string", "enableWhen": [EXISTS | {"question": "y"}]}, "enableWhen", "that is not there"),
        ({"type": "string", "enableWhen": [EXISTS | {"operator": "~"}]}, "enableWhen", "that is not there"),
        ({"type": "string", "enableWhen": [EXISTS, EXISTS]}, "enableWhen", "que-12"),
        ({"type": "string", "enableWhen": [{"question": "x", "operator": "exists", "answerString": "a"}]}, "enableWhen", "que-7"),
        ({"type": "string", "enableWhen": [{"question": "x", "operator": "=", "answerInteger": 1}]}, "enableWhen", "answerInteger with"),
        ({"type": "boolean", "enableWhen": [{"question": "x", "operator": ">", "answerBoolean": True}]}, "enableWhen", "has an order"),
        ({"type": "string", "enableWhen": [EXISTS]}, "enableWhen", "go in a circle"),
        ({"type": "integer", "extension": [{"url": MIN, "valueDate": "2014"}]}, "minValue", "does not fit an answer"),
        ({"type": "integer", "extension": [{"url": MIN, "_valueInteger": {}}]}, "minValue", "no plain value"),
        ({"type": "decimal", "maxLength": 3}, "maxLength", "no length in characters"),
        ({"type": "string", "extension": [{"url": CORE + "regex", "valueString": "(?=a)b"}]}, "regex", "RE2 does not know it"),
        ({"type": "date", "extension": [{"url": CORE + "regex", "valueString": "a"}]}, "regex", "applied to texts only"),
        ({"type": "string", "extension": [{"url": CORE + "questionnaire-constraint"}]}, "constraint", "not evaluated"),
        ({"type": "integer", "extension": [{"url": SDC + "calculatedExpression"}]}, "calculatedExpression", "kept as it came"),
        ({"type": "string", "extension": [{"url": SDC + "enableWhenExpression"}]}, "enableWhenExpression", "answered or left out"),
        ({"type": "choice", "extension": [{"url": SDC + "answerExpression"}]}, "answerExpression", "computed by an expression"),
        (
            {"type": "quantity", "extension": [{"url": CORE + "questionnaire-unitValueSet", "valueCanonical": "u"}]},
            "unitValueSet",
            "at hand",
        ),
    ],
)
def test_what_cannot_be_checked_is_said_with_its_reason(item: dict[str, Any], part: str, reason: str) -> None:
    form = compile_form(form_of({"linkId": "x", **item}), forms.surroundings([]))

    link, unchecked = form.unchecked[0]
    assert (link, unchecked.part) == ("x", part)
    assert reason in unchecked.reason


def test_a_condition_that_cannot_be_decided_leaves_its_item_free() -> None:
    form = compile_form(form_of({"linkId": "x", "type": "string", "required": True, "enableWhen": [EXISTS | {"question": "y"}]}))

    assert form.top.required == ()
    assert form.switches is None


def test_answers_with_a_long_linkid_stay_in_the_raw_resource() -> None:
    form = compile_form(form_of({"linkId": "x" * 201, "type": "integer"}))

    assert form.unchecked[0][1] == Unchecked("linkId", "it has more than 200 characters, so its answers stay in the raw resource")
    assert form.top.items["x" * 201].readers["valueInteger"](1) is None


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"type": "string"}, "has no linkId"),
        ({"linkId": "x", "type": "slider"}, "R4 has no item of this type"),
        ({"linkId": "x"}, "R4 has no item of this type"),
        ({"linkId": "x", "type": "string", "enableWhen": True}, "this is no FHIR R4"),
        ({"linkId": "x", "type": "string", "modifierExtension": [{"url": "u"}]}, "must not be ignored"),
        ({"linkId": "x", "type": "group", "item": [{"linkId": "x", "type": "string"}]}, "x: the linkId is used twice"),
    ],
)
def test_what_is_no_questionnaire_is_refused(item: dict[str, Any], message: str) -> None:
    with pytest.raises(FormNotUsable, match=message):
        compile_form(form_of(item))
