"""The cost of one check, counted in steps: linear in the items and conditions of a form, and bounded whatever is sent."""

from __future__ import annotations

from typing import Any

import pytest

from beklijf_intake import forms
from beklijf_intake.domain.answers import PROBLEMS_LIMIT, STEPS_LIMIT, _TooCostly, _Walk, check
from beklijf_intake.domain.questionnaire import compile_form
from tests.lib.hospital_forms import LARGE, extended, filled, form, given, group, item, large, large_filled, when


def steps(questionnaire: dict[str, Any], response: dict[str, Any]) -> int:
    walk = _Walk(compile_form(questionnaire, forms.surroundings([])), complete=True)
    assert walk.response(response) == []
    return walk.steps


def test_a_form_of_808_items_takes_fewer_than_four_steps_an_item() -> None:
    assert len(compile_form(LARGE).above) == 808
    assert steps(LARGE, large_filled(LARGE)) == 2976


def test_twice_the_form_is_twice_the_steps() -> None:
    once, twice = large(10, 40), large(20, 40)

    assert steps(twice, large_filled(twice)) == 2 * steps(once, large_filled(once))


def test_a_chain_of_conditions_costs_what_it_is_long() -> None:
    def chain(length: int) -> tuple[dict[str, Any], dict[str, Any]]:
        rest = [item(f"q{n}", "boolean", enableWhen=[when(f"q{n - 1}", "=", answerBoolean=True)]) for n in range(1, length)]
        questionnaire = form("chain", item("q0", "boolean"), *rest)
        return questionnaire, filled(questionnaire, *(given(f"q{n}", True) for n in range(length)))

    short, long = steps(*chain(500)), steps(*chain(2_000))

    assert 3.99 < long / short < 4.01


def hostile_repetitions() -> tuple[dict[str, Any], dict[str, Any]]:
    """A group of many conditional, required items, repeated ten thousand times with nothing in it that helps."""
    inner = [item(f"q{n}", "boolean", required=True, enableWhen=[when("a", "!=", answerBoolean=False)]) for n in range(800)]
    questionnaire = form("hostile", group("g", item("a", "boolean"), *inner, repeats=True))
    return questionnaire, filled(questionnaire, *(given("g", item=[given("a", True)]) for _ in range(10_000)))


def hostile_answers() -> tuple[dict[str, Any], dict[str, Any]]:
    """Many conditions that all look at one question, answered ten thousand times."""
    looking = [item(f"q{n}", "boolean", enableWhen=[when("a", "=", answerInteger=-1)]) for n in range(800)]
    questionnaire = form("hostile", item("a", "integer", repeats=True), *looking)
    return questionnaire, filled(questionnaire, given("a", *range(10_000)))


@pytest.mark.parametrize("hostile", [hostile_repetitions, hostile_answers])
def test_what_would_cost_too_much_is_refused_before_it_does(hostile: Any) -> None:
    questionnaire, response = hostile()
    compiled = compile_form(questionnaire)

    problems, answers = check(compiled, response)

    assert [(problem.code, problem.status) for problem in problems] == [("too-costly", 422)]
    assert answers == ()
    walk = _Walk(compiled, complete=True)
    with pytest.raises(_TooCostly):
        walk.response(response)
    assert walk.steps <= STEPS_LIMIT + 10_000 + 800


def test_problems_are_told_up_to_a_limit() -> None:
    questionnaire = form("many", item("a", "integer", repeats=True, extension=extended(minValue__valueInteger=0)))

    problems, _ = check(compile_form(questionnaire), filled(questionnaire, given("a", *[-1] * 5_000)))

    assert len(problems) == PROBLEMS_LIMIT


def test_a_pattern_cannot_keep_a_process_busy() -> None:
    nasty = item("a", "string", extension=extended(regex__valueString="(x+x+)+y"))
    compiled = compile_form(form("nasty", nasty), forms.surroundings([]))

    problems, _ = check(compiled, filled(form("nasty", nasty), given("a", {"valueString": "x" * 500_000})))

    assert [problem.code for problem in problems] == ["value"]
