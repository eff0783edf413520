"""What a Questionnaire asks, what was answered, and the problem that is told: severity, code and place, as a table."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from beklijf_intake import forms
from beklijf_intake.domain.answers import check
from beklijf_intake.domain.questionnaire import compile_form
from tests.lib.hospital_forms import CORE, SDC, UCUM, coded, extended, filled, form, given, group, item, kilograms, when

Json = dict[str, Any]
Told = list[tuple[str, str, str]]

FINE: Told = []
VALUE = "item[0].answer[0].value"
S = "https://example.org/s"


def resource(kind: str, url: str, **content: Any) -> Json:
    return {"resourceType": kind, "url": url, "version": "1"} | content


ALL_BUT_ONE = {"include": [{"system": S}], "exclude": [{"system": S, "concept": [{"code": "b"}]}]}
VALUES = resource("ValueSet", "https://example.org/v", compose=ALL_BUT_ONE)
CODES = resource("CodeSystem", S, content="complete", concept=[{"code": "a"}, {"code": "b"}, {"code": "c", "concept": [{"code": "d"}]}])
IS_A = {"include": [{"system": S, "filter": [{"property": "concept", "op": "is-a", "value": "c"}]}]}
BELOW = resource("ValueSet", "https://example.org/below", compose=IS_A)
NESTED = {"contains": [{"system": S, "code": "a", "contains": [{"system": S, "code": "x"}]}]}
EXPANDED = resource("ValueSet", "https://example.org/expanded", expansion=NESTED)
AROUND = forms.surroundings([VALUES, CODES, BELOW, EXPANDED])


def told(questions: list[Json], answers: list[Json], status: str = "completed") -> Told:
    """What is said about these answers to these questions."""
    questionnaire = form("spec", *questions)
    response = json.loads(json.dumps(filled(questionnaire, *answers, status=status)), parse_float=Decimal)
    problems, _ = check(compile_form(questionnaire, AROUND), response)
    return [(problem.severity, problem.code, problem.expression or "") for problem in problems]


def coding(code: str, system: str | None = None) -> Json:
    return {"valueCoding": {"code": code} | ({"system": system} if system else {})}


def text(value: str) -> Json:
    return {"valueString": value}


def error(code: str, where: str = VALUE) -> Told:
    return [("error", code, where)]


NO_SYSTEM = item("q", "choice", answerOption=coded("a", "b"))
WITH_SYSTEM = item("q", "choice", answerOption=coded("a", system=S))
OPEN = item("q", "open-choice", answerOption=coded("a"))
STRINGS = item(
    "q", "choice", answerOption=[{"valueString": "a"}, {"valueInteger": 3}, {"valueDate": "2014-03-03"}, {"valueTime": "07:00:00"}]
)
WORDS = item("q", "choice", answerOption=[{"valueCoding": {"display": "Better"}}, {"valueReference": {"reference": "Practitioner/1"}}])
DEGREE = item("q", "decimal", extension=extended(minValue__valueDecimal=0.5, maxValue__valueInteger=3, maxDecimalPlaces__valueInteger=1))
DATE = item("q", "date", extension=extended(minValue__valueDate="2014-03-02", maxValue__valueDate="2014-06"))
INSTANT = item("q", "dateTime", extension=extended(minValue__valueDateTime="2014-03-03T10:00:00Z"))
TIME = item("q", "time", extension=extended(maxValue__valueTime="22:00:00"))
CODE = item("q", "string", maxLength=7, extension=extended(minLength__valueInteger=6, regex__valueString="[0-9]{4} ?[A-Z]{2}"))
SLOW = item("q", "string", extension=extended(regex__valueString="(a+)+b"))
LONG = item("q", "text", maxLength=3)
IN_KILOGRAMS = extended(questionnaire_unitOption__valueCoding={"system": UCUM, "code": "kg"})
MOST = {"url": SDC + "maxQuantity", "valueQuantity": {"value": 200, "system": UCUM, "code": "kg"}}
WEIGHT = item("q", "quantity", extension=[*IN_KILOGRAMS, MOST])
HEAVY = item("q", "quantity", extension=[{"url": SDC + "minQuantity", "valueQuantity": {"value": 1, "system": UCUM, "code": "kg"}}])
FILE = item("q", "attachment", extension=extended(mimeType__valueCode="image/png", maxSize__valueDecimal=0.000004))
DOCTOR = item("q", "reference", extension=extended(questionnaire_referenceResource__valueCode="Practitioner"))
ALONE = item("q", "choice", repeats=True, answerOption=[*coded("a", "b"), *coded("none")])
ALONE["answerOption"][2]["extension"] = [{"url": CORE + "questionnaire-optionExclusive", "valueBoolean": True}]
FIXED = item("q", "string", readOnly=True, initial=[{"valueString": "letter"}])
SEVERAL = item(
    "q", "integer", repeats=True, extension=extended(questionnaire_minOccurs__valueInteger=2, questionnaire_maxOccurs__valueInteger=3)
)

ONE_QUESTION: list[tuple[Json, tuple[Any, ...], Told]] = [
    # options: by system and code, never by display
    (NO_SYSTEM, (coding("a"),), FINE),
    (NO_SYSTEM, (coding("a", S),), error("code-invalid")),
    (NO_SYSTEM, (coding("z"),), error("code-invalid")),
    (WITH_SYSTEM, (coding("a", S),), FINE),
    (WITH_SYSTEM, (coding("a"),), error("code-invalid")),
    (WITH_SYSTEM, (text("a"),), error("value")),
    (WITH_SYSTEM, (3,), error("value")),
    (STRINGS, (text("a"),), FINE),
    (STRINGS, (text("b"),), error("code-invalid")),
    (STRINGS, (3,), FINE),
    (STRINGS, (4,), error("code-invalid")),
    (STRINGS, ({"valueDate": "2014-03-04"},), error("code-invalid")),
    (STRINGS, ({"valueTime": "07:00:00.00"},), FINE),
    (STRINGS, (coding("a"),), error("value")),
    (WORDS, ({"valueCoding": {"display": "Better"}},), FINE),
    (WORDS, ({"valueCoding": {"display": "Worse"}},), error("code-invalid")),
    (WORDS, ({"valueReference": {"reference": "Practitioner/2"}},), error("code-invalid")),
    (ALONE, ("a", "b"), FINE),
    (ALONE, ("none",), FINE),
    (ALONE, ("a", "none"), error("invariant", "item[0].answer")),
    (item("q", "choice"), (coding("whatever", S),), FINE),
    (item("q", "choice"), (text("a"),), error("value")),
    (item("q", "choice"), (3,), error("value")),
    # open-choice: on the list, or text
    (OPEN, (coding("a"),), FINE),
    (OPEN, (coding("z"),), error("code-invalid")),
    (OPEN, (text("something else"),), FINE),
    (OPEN, (3,), error("value")),
    # value sets
    (item("q", "choice", answerValueSet="https://example.org/v|1"), (coding("d", S),), FINE),
    (item("q", "choice", answerValueSet="https://example.org/v"), (coding("b", S),), error("code-invalid")),
    (item("q", "choice", answerValueSet="https://example.org/v|2"), (coding("b", S),), [("warning", "code-invalid", VALUE)]),
    (item("q", "choice", answerValueSet="https://example.org/below"), (coding("d", S),), FINE),
    (item("q", "choice", answerValueSet="https://example.org/below"), (coding("a", S),), error("code-invalid")),
    (item("q", "choice", answerValueSet="https://example.org/expanded"), (coding("x", S),), FINE),
    (item("q", "choice", answerValueSet="https://example.org/expanded"), (coding("c", S),), error("code-invalid")),
    (item("q", "choice", answerValueSet="#nowhere"), (coding("z"),), [("warning", "code-invalid", VALUE)]),
    (item("q", "choice", answerValueSet="https://example.org/far"), (coding("z" * 101),), error("too-long", f"{VALUE}.code")),
    (item("q", "open-choice", answerValueSet="https://example.org/v"), (coding("z", S),), error("code-invalid")),
    (item("q", "open-choice", answerValueSet="https://example.org/v"), (text("z"),), FINE),
    # numbers: the bounds belong to what is allowed, and so do exactly so many places
    (DEGREE, (0.5,), FINE),
    (DEGREE, (0.4,), error("value")),
    (DEGREE, ({"valueDecimal": 3},), FINE),
    (DEGREE, (3.1,), error("value")),
    (DEGREE, (1.25,), error("value")),
    (DEGREE, (1,), error("value")),
    # dates and times: refused only when they lie outside for certain
    (DATE, ({"valueDate": "2014-03-02"},), FINE),
    (DATE, ({"valueDate": "2014-03-01"},), error("value")),
    (DATE, ({"valueDate": "2014-03"},), FINE),
    (DATE, ({"valueDate": "2014-02"},), error("value")),
    (DATE, ({"valueDate": "2014-06-30"},), FINE),
    (DATE, ({"valueDate": "2014-07-01"},), error("value")),
    (INSTANT, ({"valueDateTime": "2014-03-03T11:00:00+01:00"},), FINE),
    (INSTANT, ({"valueDateTime": "2014-03-03T10:59:59+01:00"},), error("value")),
    (INSTANT, ({"valueDateTime": "2014-03-03"},), FINE),
    (TIME, ({"valueTime": "22:00:00.000"},), FINE),
    (TIME, ({"valueTime": "22:00:00.001"},), error("value")),
    # texts
    (CODE, (text("3584 CX"),), FINE),
    (CODE, (text("3584  CX"),), error("too-long")),
    (CODE, (text("3584"),), error("value")),
    (CODE, (text("3584 cx"),), error("value")),
    (LONG, (text("ab"),), FINE),
    (LONG, (text("abcd"),), error("too-long")),
    (SLOW, (text("a" * 100_000),), error("value")),
    # quantities: number, unit, and a bound in the same unit
    (WEIGHT, (kilograms(80),), FINE),
    (WEIGHT, (kilograms(80, "g"),), error("code-invalid")),
    (HEAVY, (kilograms(80, "g"),), [("warning", "value", VALUE)]),
    (WEIGHT, (kilograms(200.1),), error("value")),
    (HEAVY, (kilograms(0.9),), error("value")),
    (HEAVY, (kilograms(1),), FINE),
    (item("q", "quantity", extension=WEIGHT["extension"][:1]), (kilograms(80, "g"),), error("code-invalid")),
    (item("q", "quantity", extension=extended(minValue__valueInteger=1)), (kilograms(0.5, "g"),), error("value")),
    # what is attached or referred to
    (FILE, ({"valueAttachment": {"contentType": "image/png", "data": "AAAA"}},), FINE),
    (FILE, ({"valueAttachment": {"contentType": "IMAGE/PNG; x=y", "data": "AAAA"}},), FINE),
    (FILE, ({"valueAttachment": {"contentType": "text/plain", "data": "AAAA"}},), error("value", f"{VALUE}.contentType")),
    (FILE, ({"valueAttachment": {"contentType": "image/png", "data": "AAAAAAA="}},), error("too-long")),
    (FILE, ({"valueAttachment": {"contentType": "image/png", "size": 5}},), error("too-long")),
    (FILE, ({"valueAttachment": {"contentType": "image/svg+xml"}},), error("not-supported", f"{VALUE}.contentType")),
    (DOCTOR, ({"valueReference": {"reference": "Practitioner/1"}},), FINE),
    (DOCTOR, ({"valueReference": {"reference": "https://example.org/fhir/Patient/1"}},), error("value")),
    (DOCTOR, ({"valueReference": {"type": "Patient", "identifier": {"value": "1"}}},), error("value")),
    (DOCTOR, ({"valueReference": {"identifier": {"value": "1"}}},), FINE),
    # how many answers, and whether they may differ
    (item("q", "integer"), (1, 2), error("invariant", "item[0].answer")),
    (SEVERAL, (1, 2, 3), FINE),
    (SEVERAL, (1,), error("required", "item[0].answer")),
    (SEVERAL, (1, 2, 3, 4), error("invariant", "item[0].answer")),
    (FIXED, (text("letter"),), FINE),
    (FIXED, (text("other"),), [("warning", "value", "item[0].answer")]),
    # what is no answer
    (item("q", "display"), (True,), error("invariant", "item[0].answer")),
    (item("q", "group"), (True,), error("invariant", "item[0].answer")),
    (item("q", "boolean"), ({"_valueBoolean": {"extension": [{"url": "u", "valueCode": "unknown"}]}},), FINE),
    (item("q", "boolean"), ({"_valueString": {"extension": [{"url": "u", "valueCode": "unknown"}]}},), error("value")),
    (item("q", "boolean", required=True), ({"_valueBoolean": {"extension": []}},), error("required", "item[0]")),
]  # fmt: skip


@pytest.mark.parametrize(("question", "answers", "expected"), ONE_QUESTION)
def test_one_question(question: Json, answers: tuple[Any, ...], expected: Told) -> None:
    assert told([question], [given("q", *answers)]) == expected


A, B = item("a", "integer"), item("b", "integer")
GROUP = group("g", item("x", "integer", required=True), required=True)
MANY = group("g", item("x", "integer", required=True), repeats=True, extension=extended(questionnaire_maxOccurs__valueInteger=2))
UNDER = item("p", "boolean", item("u", "integer", required=True))
SWITCHED = [item("a", "boolean"), item("b", "integer", required=True, enableWhen=[when("a", "=", answerBoolean=True)])]
CHAIN = [*SWITCHED, item("c", "integer", required=True, enableWhen=[when("b", "exists", answerBoolean=True)])]
EACH = group("g", item("a", "boolean"), item("b", "integer", required=True, enableWhen=[when("a", "=", answerBoolean=True)]), repeats=True)
OWN = item(
    "p", "choice", item("u", "integer", enableWhen=[when("p", "=", answerCoding={"code": "a"})]), repeats=True, answerOption=coded("a", "b")
)
CIRCLE = [
    item("a", "boolean", enableWhen=[when("b", "exists", answerBoolean=True)]),
    item("b", "boolean", enableWhen=[when("a", "exists", answerBoolean=True)]),
]
ANY_TEXT = item("a", "integer", text="How many?")

FORMS: list[tuple[list[Json], list[Json], Told]] = [
    # places and order
    ([A, B], [given("a", 1), given("b", 2)], FINE),
    ([A, B], [given("b", 1), given("a", 2)], [("warning", "structure", "item")]),
    ([A, B], [given("c", 1)], error("invariant", "item[0].linkId")),
    ([A, GROUP], [given("x", 1), given("g", item=[given("x", 1)])], error("invariant", "item[0].linkId")),
    ([item("a", "integer", repeats=True)], [given("a", 1), given("a", 2)], error("invariant", "item[1].linkId")),
    ([ANY_TEXT], [given("a", 1, text="Something else?")], [("warning", "value", "item")]),
    # groups
    ([GROUP], [given("g", item=[given("x", 1)])], FINE),
    ([GROUP], [], error("required", "item")),
    ([GROUP], [given("g")], error("required", "item[0]")),
    ([GROUP], [given("g", item=[given("x")])], error("required", "item[0].item[0]")),
    ([MANY], [given("g", item=[given("x", 1)]), given("g", item=[given("x", 2)])], FINE),
    ([MANY], [given("g", item=[given("x", 1)])] * 3, error("invariant", "item")),
    ([GROUP], [given("g", item=[given("x", 1)]), given("g", item=[given("x", 2)])], error("invariant", "item[1].linkId")),
    # items under an answer
    ([UNDER], [given("p", {"valueBoolean": True, "item": [given("u", 1)]})], FINE),
    ([UNDER], [given("p", True)], error("required", "item[0].answer[0].item")),
    ([UNDER], [given("p", True, item=[given("u", 1)])], error("invariant", "item[0]")),
    ([UNDER], [given("p", item=[given("u", 1)])], error("invariant", "item[0].item")),
    ([UNDER], [], FINE),
    ([A], [given("a", {"valueInteger": 1, "item": [given("u", 1)]})], error("invariant", "item[0].answer[0].item[0].linkId")),
    # conditions
    (SWITCHED, [given("a", True), given("b", 1)], FINE),
    (SWITCHED, [given("a", True)], error("required", "item")),
    (SWITCHED, [given("a", False)], FINE),
    (SWITCHED, [given("a", False), given("b", 1)], error("invariant", "item[1]")),
    (SWITCHED, [given("a", False), given("b")], FINE),
    (CHAIN, [given("a", False), given("b", 1), given("c", 1)], [*error("invariant", "item[1]"), *error("invariant", "item[2]")]),
    (EACH, [given("g", item=[given("a", True), given("b", 1)]), given("g", item=[given("a", False)])], FINE),
    (EACH, [given("g", item=[given("a", True)]), given("g", item=[given("a", False), given("b", 1)])],
     [*error("invariant", "item[1].item[1]"), *error("required", "item[0].item")]),
    (OWN, [given("p", {"valueCoding": {"code": "a"}, "item": [given("u", 1)]}, {"valueCoding": {"code": "b"}})], FINE),
    (OWN, [given("p", {"valueCoding": {"code": "a"}}, {"valueCoding": {"code": "b"}, "item": [given("u", 1)]})],
     error("invariant", "item[0].answer[1].item[0]")),
    (CIRCLE, [given("a", True), given("b", True)], FINE),
    (CIRCLE, [given("a", True)], error("invariant", "item[0]")),
]  # fmt: skip


@pytest.mark.parametrize(("questions", "answers", "expected"), FORMS)
def test_forms(questions: list[Json] | Json, answers: list[Json], expected: Told) -> None:
    asked = questions if isinstance(questions, list) else [questions]

    assert sorted(told(asked, answers)) == sorted(expected)


K = {"value": 5, "system": UCUM, "code": "kg"}
OPERATORS: list[tuple[str, Json, str, Any, bool]] = [
    # type of the question, what it is compared with, operator, what was answered (None: nothing), enabled
    ("integer", {"answerInteger": 3}, "=", 3, True),
    ("integer", {"answerInteger": 3}, "=", 4, False),
    ("integer", {"answerInteger": 3}, "=", None, False),
    ("integer", {"answerInteger": 3}, "!=", 4, True),
    ("integer", {"answerInteger": 3}, "!=", 3, False),
    ("integer", {"answerInteger": 3}, "!=", None, True),
    ("integer", {"answerInteger": 3}, ">", 3, False),
    ("integer", {"answerInteger": 3}, ">=", 3, True),
    ("integer", {"answerInteger": 3}, "<", 2, True),
    ("integer", {"answerInteger": 3}, "<=", 4, False),
    ("integer", {"answerInteger": 3}, "<=", None, False),
    ("decimal", {"answerDecimal": 2.5}, ">", 2.51, True),
    ("decimal", {"answerDecimal": 2.5}, "=", {"valueDecimal": 2.50}, True),
    ("boolean", {"answerBoolean": True}, "exists", False, True),
    ("boolean", {"answerBoolean": False}, "exists", None, True),
    ("boolean", {"answerBoolean": False}, "=", False, True),
    ("boolean", {"answerBoolean": True}, "!=", False, True),
    ("date", {"answerDate": "2014-03-03"}, ">", {"valueDate": "2014-03-04"}, True),
    ("date", {"answerDate": "2014-03-03"}, ">", {"valueDate": "2014-03"}, False),
    ("date", {"answerDate": "2014-03-03"}, ">=", {"valueDate": "2014-03"}, True),
    ("date", {"answerDate": "2014-03-03"}, "=", {"valueDate": "2014-03"}, False),
    ("dateTime", {"answerDateTime": "2014-03-03T10:00:00Z"}, "=", {"valueDateTime": "2014-03-03T11:00:00+01:00"}, True),
    ("dateTime", {"answerDateTime": "2014-03-03T10:00:00Z"}, "<", {"valueDateTime": "2014-03-03T10:30:00+01:00"}, True),
    ("time", {"answerTime": "10:00:00"}, "<=", {"valueTime": "10:00:00.00"}, True),
    ("time", {"answerTime": "10:00:00"}, "<", {"valueTime": "09:59:59"}, True),
    ("string", {"answerString": "yes"}, "=", text("yes"), True),
    ("string", {"answerString": "yes"}, "=", text("Yes"), False),
    ("quantity", {"answerQuantity": K}, ">", {"valueQuantity": {**K, "value": 6}}, True),
    ("quantity", {"answerQuantity": K}, ">", {"valueQuantity": {**K, "code": "g", "value": 6}}, False),
    ("quantity", {"answerQuantity": K}, "=", {"valueQuantity": K}, True),
    ("reference", {"answerReference": {"reference": "Practitioner/1"}}, "=", {"valueReference": {"reference": "Practitioner/1"}}, True),
    ("choice", {"answerCoding": {"code": "a"}}, "=", coding("a"), True),
    ("choice", {"answerCoding": {"code": "a"}}, "=", coding("a", S), True),
    ("choice", {"answerCoding": {"system": S, "code": "a"}}, "=", coding("a"), False),
    ("choice", {"answerCoding": {"system": S, "code": "a"}}, "!=", coding("a", S), False),
    ("open-choice", {"answerString": "x"}, "=", text("x"), True),
    ("open-choice", {"answerString": "x"}, "=", coding("x"), False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "wanted", "operator", "answer", "enabled"), OPERATORS)
def test_every_operator_on_every_type(kind: str, wanted: Json, operator: str, answer: Any, enabled: bool) -> None:
    questions = [item("q", kind), item("x", "boolean", enableWhen=[when("q", operator, **wanted)])]
    first = [] if answer is None else [given("q", answer)]

    assert told(questions, [*first, given("x", True)]) == (FINE if enabled else error("invariant", f"item[{len(first)}]"))


@pytest.mark.parametrize(
    ("behaviour", "first", "second", "enabled"), [("all", 1, 2, True), ("all", 1, 3, False), ("any", 1, 3, True), ("any", 3, 3, False)]
)
def test_both_behaviours(behaviour: str, first: int, second: int, enabled: bool) -> None:
    conditions = [when("a", "=", answerInteger=1), when("b", "=", answerInteger=2)]
    questions = [A, B, item("x", "boolean", enableWhen=conditions, enableBehavior=behaviour)]

    found = told(questions, [given("a", first), given("b", second), given("x", True)])

    assert found == (FINE if enabled else error("invariant", "item[2]"))


@pytest.mark.parametrize(
    ("status", "strict"), [("completed", True), ("amended", True), ("in-progress", False), ("stopped", False), ("entered-in-error", False)]
)
def test_how_strict_depends_on_the_status(status: str, strict: bool) -> None:
    found = told([item("a", "integer", required=True), SEVERAL], [given("q", 1)], status)

    assert found == ([*error("required", "item[0].answer"), *error("required", "item")] if strict else FINE)


def test_whatever_the_status_values_must_fit() -> None:
    assert told([NO_SYSTEM], [given("q", "z")], "in-progress") == error("code-invalid")
