"""What is said to whoever must mend something: one sentence that says what to do, as a table. Word for word, for people read it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from beklijf_intake import fhir
from beklijf_intake.domain.answers import check
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.questionnaire import compile_form
from beklijf_intake.domain.search import query
from beklijf_intake.domain.search.criteria import Circumstances
from tests.lib.builders import vas
from tests.lib.hospital_forms import coded, extended, filled, form, given, item
from tests.lib.reading import context

Json = dict[str, Any]
S, OTHER = "urn:s", "urn:t"
NOT, BOTH = "The Questionnaire does not offer this answer.", "System and code must both match."
FEW = item("q", "choice", answerOption=coded("b", "10", "a", system=S))
MIXED = item("q", "choice", answerOption=[*coded("a", system=S), *coded("x", "y", system=OTHER), *coded("n")])
MANY = item("q", "choice", answerOption=coded(*(f"c{number}" for number in range(13)), system=S))
OPEN = item("q", "open-choice", answerOption=coded("a", "b"))
NUMBERS = item("q", "choice", answerOption=[{"valueInteger": 10}, {"valueInteger": 9}])
WORDS = item("q", "choice", answerOption=[{"valueCoding": {"display": "Better"}}])
PLACES = item("q", "decimal", extension=extended(maxDecimalPlaces__valueInteger=1))
SEVERAL = item("q", "integer", repeats=True, extension=extended(questionnaire_maxOccurs__valueInteger=2))
NOW = datetime(2020, 3, 2, tzinfo=UTC)
DOCTOR = item("q", "reference", extension=extended(questionnaire_referenceResource__valueCode="Organization"))


def wrong(code: str = "z", system: str | None = S) -> Json:
    return {"valueCoding": {"code": code} | ({"system": system} if system else {})}


@pytest.mark.parametrize(
    ("question", "answers", "sentence"),
    [
        (
            FEW,
            (wrong(),),
            f"{NOT} Offered: a, b, 10 of system {S}. {BOTH}",
        ),
        (
            MIXED,
            (wrong(),),
            f"{NOT} Offered: n without system and a of system {S} and x, y of system {OTHER}. {BOTH}",
        ),
        (MANY, (wrong(),), f"{NOT} {BOTH}"),
        (WORDS, (wrong(),), f"{NOT} {BOTH}"),
        (
            OPEN,
            (wrong(),),
            f"The Questionnaire does not offer this code. Offered: a, b without system. {BOTH} Send another answer as valueString.",
        ),
        (NUMBERS, (3,), f"{NOT} Offered: 9, 10."),
        (item("q", "string", maxLength=3), ({"valueString": "four"},), "The answer may have at most 3 characters."),
        (PLACES, (1.25,), "The answer may have at most 1 digits after the decimal point."),
        (SEVERAL, (1, 2, 3), "The item with linkId q may be given at most 2 times."),
        (DOCTOR, ({"valueReference": {"reference": "Patient/1"}},), "The answer must be a reference to one of: Organization."),
    ],
)
def test_of_an_answer(question: Json, answers: tuple[Any, ...], sentence: str) -> None:
    questionnaire = form("spec", question)
    response = json.loads(json.dumps(filled(questionnaire, given("q", *answers))), parse_float=Decimal)

    problems, _ = check(compile_form(questionnaire), response)

    assert [problem.sentence for problem in problems] == [sentence]


def test_of_a_form_that_is_not_known_it_is_said_where_the_known_ones_are_listed() -> None:
    answers = vas("a1", 50, authored="2014-03-03", questionnaire="https://hospital.example/form|1")
    every = context()
    one = next(iter(every.forms.items()))

    sentences = []
    for known in (every, replace(every, forms=dict([one]))):
        with pytest.raises(Refused) as refused:
            fhir.read(answers, json.dumps(answers).encode(), known)
        sentences += [problem.sentence for problem in refused.value.problems]

    assert sentences == [
        f"This Questionnaire is not known here. GET Questionnaire lists the {len(every.forms)} that are known.",
        f"This Questionnaire is not known here. Known: {one[0][0]}.",
    ]


def test_of_a_parameter_that_is_not_known_it_is_said_that_it_was_left_out_only_where_it_was() -> None:
    at = Circumstances(
        "Patient", "00000001", "https://registry.example/fhir/", ZoneInfo("Europe/Amsterdam"), datetime(2020, 3, 2, tzinfo=UTC)
    )
    sentence = "Parameter 1 of the query is not supported for Patient. Supported: _id, _lastUpdated, identifier, organization."

    lenient = query.read([("name", "x")], at)
    with pytest.raises(Refused) as strict:
        query.read([("name", "x")], at, strict=True)

    assert [problem.sentence for problem in lenient.warnings] == [f"{sentence} It was left out."]
    assert [problem.sentence for problem in strict.value.problems] == [sentence]
