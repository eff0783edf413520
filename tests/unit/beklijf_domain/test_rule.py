"""Rules as data: thresholds by instrument, of one kind or both (M25)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from beklijf_domain.document import ContractError, Document
from beklijf_domain.rule import Cutoff, Rule, Threshold, read

HEAD: dict[str, Any] = {"code": "r", "version": "2", "title": "R", "population": "all", "citation": "none", "operator": ">="}


def rule(**facts: Any) -> Rule:
    return read(Document("r.toml", HEAD | facts))


def test_a_rule_for_every_instrument_says_something_about_each() -> None:
    judgement = rule(kind="relative", relative={"every": "0.30"}).judgement("whatever")

    assert judgement is not None
    assert judgement.improvement == judgement.deterioration == Threshold(">=", relative=Fraction(3, 10))


def test_a_rule_for_some_instruments_says_nothing_about_others() -> None:
    made = rule(kind="absolute", absolute={"a": 15})

    assert (made.judgement("b"), made.name) == (None, "r@2")


def test_a_rule_of_both_kinds_says_something_only_where_it_has_both() -> None:
    made = rule(kind="both", relative={"every": "0.30"}, absolute={"a": 15})
    judgement = made.judgement("a")

    assert judgement is not None
    assert judgement.improvement == Threshold(">=", relative=Fraction(3, 10), absolute=Fraction(15))
    assert made.judgement("b") is None


def test_a_rule_of_states_has_cutoffs_and_judges_no_change() -> None:
    made = rule(kind="state", purpose="acceptable-state", operator="<=", cutoff={"a": "39.3"})

    assert made.cutoffs == {"a": Cutoff("<=", Fraction(393, 10))}
    assert (made.is_of_states, made.instruments, made.judgement("a")) == (True, {"a"}, None)


def test_a_minimum_for_one_instrument_leaves_the_others_alone() -> None:
    made = rule(kind="relative", relative={"every": "0.30"}, minimal_baseline={"a": 15})

    assert [judgement and judgement.minimal_baseline for judgement in (made.judgement("a"), made.judgement("b"))] == [Fraction(15), None]


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"kind": "relative"}, "relative: is missing"),
        ({"kind": "relative", "relative": {"a": "0.3"}, "absolute": {"a": 1}}, "absolute: is not a key"),
        ({"kind": "absolute", "absolute": {"a": 0}}, "a: must be greater than zero"),
        ({"kind": "absolute", "absolute": {}}, "names no instrument"),
        (
            {"kind": "absolute", "absolute": {"a": 1}, "deterioration": {"operator": ">=", "absolute": {"b": 1}}},
            "must name the same instruments",
        ),
        ({"kind": "absolute", "absolute": {"a": 1}, "minimal_baseline": {"b": 1}}, "of which the rule says nothing"),
        ({"kind": "median", "absolute": {"a": 1}}, "'median' is not one of"),
        ({"kind": "absolute", "absolute": {"a": 1}, "purpose": "acceptable-state"}, "a change is none"),
        ({"kind": "absolute", "absolute": {"a": 1}, "operator": "<="}, "'<=' is not one of >=, >"),
        ({"kind": "state", "purpose": "acceptable-state"}, "cutoff: is missing"),
        ({"kind": "state", "cutoff": {"a": 1}}, "purpose: is missing"),
        ({"kind": "state", "purpose": "important-change", "cutoff": {"a": 1}}, "of a rule of kind `state` is `acceptable-state`"),
        ({"kind": "state", "purpose": "acceptable-state", "cutoff": {}}, "must name the instruments"),
        ({"kind": "state", "purpose": "acceptable-state", "cutoff": {"every": 1}}, "must name the instruments"),
        ({"kind": "state", "purpose": "acceptable-state", "cutoff": {"a": 1}, "absolute": {"a": 1}}, "absolute: is not a key"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(facts: dict[str, Any], problem: str) -> None:
    with pytest.raises(ContractError, match=problem):
        rule(**facts)
