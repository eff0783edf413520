"""Does a response fit its Questionnaire: places, types, bounds, options, requirements, conditions; and what is read from it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from beklijf_intake.domain.answers import check
from beklijf_intake.domain.questionnaire import Form, compile_form
from beklijf_intake.domain.submission import AnswerValue

EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
FORM = {
    "url": "https://example.org/q",
    "version": "1",
    "item": [
        {"linkId": "yes", "type": "boolean", "text": "Any?"},
        {
            "linkId": "why",
            "type": "string",
            "maxLength": 3,
            "required": True,
            "enableWhen": [{"question": "yes", "operator": "=", "answerBoolean": True}],
        },
        {"linkId": "score", "type": "decimal", "extension": [{"url": EXTENSIONS + "maxDecimalPlaces", "valueInteger": 1}]},
        {"linkId": "many", "type": "choice", "repeats": True, "answerOption": [{"valueCoding": {"system": "s", "code": c}} for c in "abc"]},
        {"linkId": "open", "type": "open-choice", "answerOption": [{"valueCoding": {"system": "s", "code": "a"}}]},
        {
            "linkId": "group",
            "type": "group",
            "item": [
                {"linkId": "inner", "type": "integer", "required": True, "item": [{"linkId": "below", "type": "date"}]},
                {"linkId": "shown", "type": "display"},
            ],
        },
    ],
}


@pytest.fixture(scope="module")
def form() -> Form:
    return compile_form(FORM)


def item(link: str, *answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"linkId": link} | ({"answer": list(answers)} if answers else {}) | more


def response(*items: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "status": status} | ({"item": list(items)} if items else {})


def problems(form: Form, *items: dict[str, Any], status: str = "completed") -> list[tuple[int, str, str | None]]:
    return [(problem.status, problem.code, problem.expression) for problem in check(form, response(*items, status=status))[0]]


def test_codes_and_numbers_are_read_and_text_is_not(form: Form) -> None:
    found, answers = check(
        form,
        response(
            item("yes", {"valueBoolean": True}),
            item("why", {"valueString": "abc"}),
            item("score", {"valueDecimal": Decimal("1.50E1")}),
            item("many", {"valueCoding": {"system": "s", "code": "a"}}, {"valueCoding": {"system": "s", "code": "c", "display": "other"}}),
            item("open", {"valueString": "free"}),
            item("group", item=[item("inner", {"valueInteger": 7, "item": [item("below", {"valueDate": "2014"})]}), item("shown")]),
        ),
    )

    assert found == []
    assert answers == (
        AnswerValue("yes", boolean=True),
        AnswerValue("score", decimal="15.0"),
        AnswerValue("many", code="a"),
        AnswerValue("many", code="c"),
        AnswerValue("inner", integer=7),
    )


def test_places(form: Form) -> None:
    below = item("inner", {"valueInteger": 1, "item": [item("inner", {"valueInteger": 2})]})

    assert problems(form, item("inner", {"valueInteger": 1})) == [(422, "invariant", "item[0].linkId")]
    assert problems(form, item("nope")) == [(422, "invariant", "item[0].linkId")]
    assert problems(form, item("yes", {"valueBoolean": False}), item("yes")) == [(422, "invariant", "item[1].linkId")]
    assert problems(form, item("group", item=[below])) == [(422, "invariant", "item[0].item[0].answer[0].item[0].linkId")]
    assert problems(form, item("yes", item=[item("inner")])) == [(422, "invariant", "item[0].item")]


def test_an_item_has_answers_or_items_not_both(form: Form) -> None:
    both = item("group", {"valueInteger": 1}, item=[item("inner", {"valueInteger": 1})])

    assert problems(form, both) == [(400, "invariant", "item[0]")]
    assert problems(form, item("group", {"valueInteger": 1})) == [(422, "invariant", "item[0].answer")]


def test_types_bounds_and_options(form: Form) -> None:
    value = "item[0].answer[0].value"

    assert problems(form, item("yes", {"valueString": "yes"})) == [(422, "value", value)]
    assert problems(form, item("yes", {"id": "x"})) == [(422, "value", value)]
    assert problems(form, item("score", {"valueDecimal": Decimal("1.25")})) == [(422, "value", value)]
    assert problems(form, item("many", {"valueCoding": {"system": "t", "code": "a"}})) == [(422, "code-invalid", value)]
    assert problems(form, item("many", {"valueCoding": {"code": "a"}})) == [(422, "code-invalid", value)]
    assert problems(form, item("open", {"valueCoding": {"system": "t", "code": "z"}})) == [(422, "code-invalid", value)]
    assert problems(form, item("open", {"valueCoding": {"system": "s", "code": "a"}})) == []
    assert problems(form, item("yes", {"valueBoolean": True}, {"valueBoolean": False}), status="in-progress") == [
        (422, "invariant", "item[0].answer")
    ]


def test_an_answer_that_says_why_it_is_missing_is_no_answer(form: Form) -> None:
    found, answers = check(form, response(item("yes", {"_valueBoolean": {"extension": [{"url": "u", "valueCode": "unknown"}]}})))

    assert (found, answers) == ([], ())


@pytest.mark.parametrize(
    ("status", "required"),
    [("completed", True), ("amended", True), ("in-progress", False), ("stopped", False), ("entered-in-error", False)],
)
def test_required_items_must_be_answered_in_a_completed_form(form: Form, status: str, required: bool) -> None:
    found = problems(form, item("group", item=[item("shown")]), status=status)

    assert found == ([(422, "required", "item[0].item")] if required else [])


def test_an_absent_group_asks_for_nothing_and_an_empty_answer_does_not_count(form: Form) -> None:
    assert problems(form) == []
    assert problems(form, item("group", item=[item("inner")])) == [(422, "required", "item[0].item[0]")]


def test_conditions_switch_items_on_and_off(form: Form) -> None:
    yes, no = item("yes", {"valueBoolean": True}), item("yes", {"valueBoolean": False})
    too_long = item("why", {"valueString": "abcd"})

    assert problems(form, yes) == [(422, "required", "item")]
    assert problems(form, no) == []
    assert problems(form, no, item("why", {"valueString": "a"})) == [(422, "invariant", "item[1]")]
    assert problems(form, yes, too_long) == [(422, "too-long", "item[1].answer[0].value")]


@pytest.mark.parametrize(
    ("operator", "answer", "given", "enabled"),
    [
        ("exists", {"answerBoolean": True}, 3, True),
        ("exists", {"answerBoolean": False}, 3, False),
        ("exists", {"answerBoolean": False}, None, True),
        ("=", {"answerInteger": 3}, 3, True),
        ("!=", {"answerInteger": 3}, 3, False),
        ("!=", {"answerInteger": 3}, None, True),
        (">", {"answerInteger": 3}, 3, False),
        (">=", {"answerInteger": 3}, 3, True),
        ("<", {"answerInteger": 4}, 3, True),
        ("<=", {"answerInteger": 2}, 3, False),
        ("<=", {"answerInteger": 2}, None, False),
    ],
)
def test_every_operator(operator: str, answer: dict[str, Any], given: int | None, enabled: bool) -> None:
    first = {"linkId": "n", "type": "integer"}
    second = {"linkId": "x", "type": "boolean", "enableWhen": [{"question": "n", "operator": operator, **answer}]}
    form = compile_form({"url": "u", "version": "1", "item": [first, second]})
    items = [item("n", {"valueInteger": given})] if given is not None else []

    found = problems(form, *items, item("x", {"valueBoolean": True}))

    assert (found == []) is enabled


def test_other_texts_are_one_warning(form: Form) -> None:
    found, answers = check(form, response(item("yes", {"valueBoolean": False}, text="Something else?")))

    assert [(problem.severity, problem.expression) for problem in found] == [("warning", "item")]
    assert answers == (AnswerValue("yes", boolean=False),)
