"""Expressions of a site's own instrument: what they give, exactly; why they give nothing; and what is refused before anybody is scored."""

from __future__ import annotations

import json
import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from beklijf_domain.document import Document
from beklijf_domain.instrument import read
from beklijf_shared import contracts
from beklijf_shared.contracts import ContractError
from tests.lib.expressed import CODED, CODES, LINKS, SUM_OF_WEIGHTS, calculated, knee, questionnaire, scored, site, toml, total

ANSWERS = ("never", "sometimes", "often", "always")
GOLDEN = [  # expression, what it gives for `never sometimes often always 7`
    (SUM_OF_WEIGHTS, "7"),
    ("%resource.item.item.answer.value.ofType(Coding).ordinal().sum()", "7"),
    ("%resource.item.item.answer.value.ofType(Coding).weight().avg()", "7/4"),
    ("%resource.item.item.answer.value.ofType(Coding).weight().aggregate($this + $total, 0)", "7"),
    ("%resource.item.item.answer.value.ofType(Coding).weight().max() - 1", "3"),
    ("%resource.item.item.answer.value.ofType(Coding).weight().min()", "0"),
    ("%resource.item.item.answer.value.extension('http://hl7.org/fhir/StructureDefinition/itemWeight').value.sum()", "7"),
    ("%resource.repeat(item).answer.value.ofType(Coding).weight().sum()", "7"),
    ("%resource.item.item.where(linkId = 'knee-4').answer.value.weight()", "4"),
    ("%resource.item.item.where(linkId in ('knee-3' | 'knee-4')).answer.value.weight().sum()", "6"),
    ("%resource.item.item.where(linkId.startsWith('knee-') and answer.value.ofType(Coding).exists()).answer.value.weight().sum()", "7"),
    ("%resource.item.item.answer.value.where(code = 'always' or code = 'often').count()", "2"),
    ("%resource.item.item.answer.where(value.ofType(Coding).weight() > 1).count()", "2"),
    ("%resource.item.item.where(linkId = 'knee-5').answer.value * 10 / 7", "10"),
    ("%resource.item.item.where(linkId = 'knee-5').answer.value / 3", "7/3"),  # a binary fraction would drift
    ("1 / 3 + 1 / 3 + 1 / 3", "1"),
    ("0.1 + 0.2", "3/10"),
    ("7 div 2 + 7 mod 2", "4"),
    ("(5 / 2).round() + (7 / 2).round()", "7"),  # halves away from zero, not to even
    ("(9 / 4).round(1)", "23/10"),
    ("(5 / 2).floor() + (5 / 2).ceiling() + (5 / 2).truncate()", "7"),
    ("(0 - 5).abs()", "5"),
    ("'7'.toInteger() + '0.5'.toDecimal()", "15/2"),
    ("iif(%resource.item.item.answer.count() >= 5, 1, 0)", "1"),
    ("iif(%resource.item.item.all(answer.exists()), 1, 0)", "1"),
    ("iif(%resource.item.item.where(linkId = 'knee-1').answer.value.code != 'never', 1, 2)", "2"),
    ("%questionnaire.item.item.answerOption.count()", "16"),
    ("%resource.item.item[3].answer.value.weight() + %resource.item.item.last().answer.value", "11"),
]


@pytest.mark.parametrize(("expression", "result"), GOLDEN)
def test_an_expression_gives(expression: str, result: str) -> None:
    instrument = knee(expression, links=LINKS, high=100, scale=0)

    assert total(instrument, *ANSWERS, 7) == Fraction(result)


NOTHING = [  # expression, answers, why there is no score
    ("%resource.item.item.where(answer.value.weight() > 3).answer.value.weight()", ("never",) * 4, "expression-empty"),
    ("%resource.item.item.answer.value.where(code = 'always').weight().sum()", ("never",) * 4, "expression-empty"),  # not 0
    ("%resource.item.item.answer.value.where(code = 'always').weight().aggregate($this + $total, 0)", ("never",) * 4, "expression-empty"),
    ("1 / (%resource.item.item.answer.value.weight().sum())", ("never",) * 4, "expression-empty"),
    ("{}", ANSWERS, "expression-empty"),
    ("%resource.item.item.answer.value.weight()", ANSWERS, "expression-failed"),  # four numbers are no score
    ("%resource.item.item.answer.value.code.first()", ANSWERS, "expression-failed"),
    ("%resource.item.item.exists()", ANSWERS, "expression-failed"),
    ("%resource.item.item.answer.value.code.sum()", ANSWERS, "expression-failed"),
    ("%resource.item.item.answer.value.code.first().toInteger()", ANSWERS, "expression-failed"),
    ("%resource.item.item.where(answer.value.weight()).count()", ANSWERS, "expression-failed"),
    ("%resource.item.item.answer.value.weight().aggregate($total * $total, 1000) ", ANSWERS, "expression-failed"),  # 10^48
    ("%resource.item.item.answer.value.weight().sum() * 3", ANSWERS, "expression-outside"),
    ("0 - 1", ANSWERS, "expression-outside"),
    ("%resource.item.repeat($this).count()", ANSWERS, "expression-too-costly"),  # for ever
    ("%resource.item.item.where(%resource.exists()).count()", None, "the square"),
]


@pytest.mark.parametrize(("expression", "answers", "reason"), NOTHING)
def test_an_expression_gives_no_score(expression: str, answers: tuple[str, ...] | None, reason: str) -> None:
    if answers is None:
        with pytest.raises(ContractError, match=reason):
            knee(expression)
        return
    instrument = knee(expression)

    score = scored(instrument, *answers)

    assert (score.scorable, score.reason, score.values) == (False, reason, ())


REFUSED = [  # expression, a part of the message
    ("now()", "now(), which gives another result tomorrow"),
    ("today()", "today(), which gives another result tomorrow"),
    ("timeOfDay()", "timeOfDay(), which gives another result tomorrow"),
    ("%resource.item.trace('x').count()", "trace(), which writes answers of patients into a log"),
    ("%resource.subject.resolve()", "asks for 'subject'"),
    ("%resource.item.resolve().count()", "resolve(), which asks somebody else"),
    ("iif(%resource.item.item.answer.value.memberOf('x').exists(), 1, 0)", "memberOf(), which asks somebody else"),
    ("(4).sqrt()", "sqrt(), which is not exact"),
    ("(4).power(100)", "power(), which is not exact"),
    ("(4).exp()", "exp(), which is not exact"),
    ("%resource.item.where(linkId.matches('(a+)+')).count()", "matches(), which has a cost that nothing bounds"),
    ("%resource.descendants().count()", "descendants(), which has a cost that nothing bounds"),
    ("%resource.item.combine(%resource.item).count()", "combine(), which has a cost that nothing bounds"),
    ("%resource.item.encode('hex').count()", "encode(), which is none of those that may be used"),
    ("%resource.item.item.where(linkId = 'knee-9').answer.value", "linkId 'knee-9', which is no item that the instrument scores"),
    ("%resource.item.item.where(linkId in ('knee-1' | 'nee-2')).count()", "linkId 'nee-2'"),
    ("%resource.authored", "asks for 'authored'"),
    ("item.answer.value.sum()", "begins with item; begin with %resource"),
    ("QuestionnaireResponse.item.count()", "begins with QuestionnaireResponse; begin with %resource"),
    ("count()", "begins with count(); begin with %resource"),
    ("$this.item.count()", "$this or $index outside"),
    ("%resource.item.select($total).count()", "$total outside of aggregate()"),
    ("%context.item.count()", "%context, which is another place for every item"),
    ("%qitem.count()", "%qitem, which is another place for every item"),
    ("%total + 1", "variables of a form are not supported"),
    ("%resource.item.select(%questionnaire.item).count()", "costs the square of its size"),
    ("3 'mg'", "a quantity has a unit"),
    ("@2026-01-01", "a day or an instant is no part of a score"),
    ("@T12:00", "a time is no part of a score"),
    ("'1' & '2'", "joins text with &"),
    ("iif(1 ~ 1.1, 1, 0)", "compares with ~, which is not exact"),
    ("iif(1 is Integer, 1, 0)", "`is` and `as` are not supported"),
    ("%resource.item.ofType(Reference).count()", "ofType() with another type"),
    ("%resource.item.extension('http://x').count()", "extension() for another one"),
    ("-%resource.item.count()", "a sign before something else than a number"),
    ("1 + 2 apples", "goes on after its end"),
    ("1 +", "is no FHIRPath at character 4 of line 1"),
    ("1) + (2", "goes on after its end"),
    ("1 // and so on", "has a comment"),
    ("%resource.`item`.count()", "backticks"),
    ("1" + " + 1" * 1_000, "is longer than 4000 characters"),
    ("(" * 121 + "1" + ")" * 121, "is nested deeper than 120 levels"),
]


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_an_expression_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ContractError, match=re.escape(message)) as refused:
        knee(expression)

    assert str(refused.value).startswith("instruments/knee: total: expression: ")


FORMS: list[tuple[str | None, list[dict[str, Any]], str]] = [  # expression, Questionnaires, a part of the message
    (SUM_OF_WEIGHTS, [questionnaire(weights={**CODES, "often": 3})], "weight of 'often' of knee-1: 3 in the Questionnaire, 2 in the file"),
    (SUM_OF_WEIGHTS, [questionnaire(weights={"never": 0})], "weight of 'sometimes' of knee-1, and the Questionnaire gives none"),
    (None, [questionnaire()], "the item knee-total of https://site.example/fhir/Questionnaire/knee|1.0.0, which has no"),
    (None, [questionnaire(total=calculated("1", language="text/cql"))], "is not written in text/fhirpath"),
    (
        None,
        [questionnaire(total=calculated("1")), questionnaire("1.1.0", calculated("2"))],
        "is not the same in every version of the Questionnaire",
    ),
    ("%questionnaire.item.count()", [questionnaire(), questionnaire("1.1.0")], "the instrument scores several versions of it"),
]


@pytest.mark.parametrize(("expression", "forms", "message"), FORMS)
def test_a_questionnaire_must_go_with_the_expression(expression: str | None, forms: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ContractError, match=re.escape(message)):
        knee(expression, *forms)


def test_the_expression_may_stand_in_the_questionnaire() -> None:
    instrument = knee(None, questionnaire(total=calculated(SUM_OF_WEIGHTS)))

    assert total(instrument, *ANSWERS) == 7
    assert instrument.measures[0].expression is not None
    assert instrument.measures[0].expression.text == SUM_OF_WEIGHTS


def test_the_library_and_its_version_are_part_of_how_a_score_came_about() -> None:
    instrument = knee(SUM_OF_WEIGHTS)

    assert instrument.algorithm == "expression (fhirpathpy 2.2.4)/by-measure"
    assert "fhirpathpy 2.2.4" in repr(instrument)  # what the contracts' fingerprint is made of


def test_a_result_between_two_points_is_shown_rounded_and_kept_exactly() -> None:
    instrument = knee(f"{SUM_OF_WEIGHTS} / 3", scale=2, high=1600)

    (value,) = scored(instrument, *ANSWERS).values

    assert (value.integer, value.scale, value.exact) == (233, 2, "7/3")


def test_missing_items_are_the_rules_to_decide_and_not_the_expressions() -> None:
    strict = knee(SUM_OF_WEIGHTS)
    lenient = knee(SUM_OF_WEIGHTS, missing="by-expression", least_answered=3)

    assert total(strict, "often", "often", "often", None) == "missing-items"
    assert total(lenient, "often", "often", "often", None) == 6
    assert total(lenient, "often", "often", None, None) == "missing-items"
    assert total(lenient, None, None, None, None) == "no-answers"


def test_what_a_code_counts_for_is_the_questionnaires_whatever_a_sender_says() -> None:
    """Answers come to scoring as codes; nothing else that was sent is there to be believed."""
    by_code = knee("%resource.item.item.where(linkId = 'knee-1').answer.value.weight()")

    assert [total(by_code, code, *ANSWERS[1:]) for code in CODES] == [0, 1, 2, 4]


def test_worked_examples_are_checked_at_every_start(tmp_path: Path) -> None:
    right = toml(SUM_OF_WEIGHTS, examples=[("never sometimes often always -", "7"), ("never sometimes often - -", None)])
    assert contracts.load(site(tmp_path, right)).instruments["knee"].examples[0].results == {"total": "7"}

    wrong = site(tmp_path, toml(SUM_OF_WEIGHTS, examples=[("never sometimes often always -", "8")]))
    with pytest.raises(ContractError, match=re.escape("instruments/knee: examples[1]: total is 7, not 8")):
        contracts.load(wrong)


def test_an_expression_without_a_worked_example_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="instruments/knee: examples: an expression needs one at least that gives total"):
        contracts.load(site(tmp_path, toml(SUM_OF_WEIGHTS)))


def test_numbers_of_a_questionnaire_are_taken_as_they_were_written() -> None:
    """A file says 0.1, and 0.1 has no end as a binary fraction."""
    form = json.loads(json.dumps(questionnaire(weights=dict.fromkeys(CODES, 0.1))))
    instrument = knee("%questionnaire.item.item.answerOption.extension.value.sum()", form)

    assert total(instrument, *ANSWERS) == Fraction(8, 5)


def test_an_item_that_is_asked_besides_is_not_seen() -> None:
    instrument = knee("%resource.item.item.answer.count()", links=CODED)

    assert total(instrument, *ANSWERS, 7) == 4


def test_a_file_says_one_or_the_other() -> None:
    both = toml("1").replace('formula = "expression"', 'formula = "expression"\ncalculated_by = "knee-total"')

    with pytest.raises(ContractError, match="is needed, or else `calculated_by`"):
        read(Document("knee.toml", tomllib.loads(both)))
