"""Instruments: what the data must say, and which versions of a Questionnaire are pooled (M24, M30)."""

from __future__ import annotations

from typing import Any

import pytest

from beklijf_domain.document import ContractError, Document
from beklijf_domain.instrument import Instrument, read

WHOLE: dict[str, Any] = {
    "code": "i",
    "version": "1.0.0",
    "title": "I",
    "questionnaire": "https://example.org/i",
    "scores": ["1", "2.1.0"],
    "recall_period": "none",
    "licence": "free",
    "citation": "none",
    "items": [{"links": ["a", "b"], "codes": {"no": 0, "yes": 2}}, {"links": ["c"], "low": 1, "high": 3}],
    "judged": "total",
    "measures": [{"code": "total", "en": "T", "nl": "T", "formula": "sum", "low": 1, "high": 7, "direction": "high-is-worse"}],
    "missing_items": {"rule": "all-required", "source": "none"},
}
TOTAL = WHOLE["measures"][0]
LESS = {"code": "less", "en": "Less", "nl": "Minder"}
MORE = {"code": "more", "en": "More", "nl": "Meer"}
CARE: dict[str, Any] = {
    "items": [{"links": ["d", "e"], "categories": [LESS, MORE]}],
    "judged": None,
    "measures": [
        {"code": "use", "en": "Use", "nl": "Gebruik", "links": ["d"], "formula": "category"},
        {"code": "worry", "en": "Worry", "nl": "Zorg", "links": ["e"], "formula": "category", "direction": "high-is-worse"},
    ],
    "missing_items": {"rule": "by-measure", "source": "none"},
}
MIXED: dict[str, Any] = {
    "items": [*WHOLE["items"], *CARE["items"]],
    "measures": [TOTAL | {"links": ["a", "b", "c"]}, *CARE["measures"]],
}


def instrument(**facts: Any) -> Instrument:
    return read(Document("i.toml", {name: value for name, value in (WHOLE | facts).items() if value is not None}))


@pytest.mark.parametrize(
    ("version", "pooled"),
    [("1", True), ("1.0.0", True), ("1.9.3", True), ("10.0", False), ("2.1.0", True), ("2.1.1", False), ("0.9", False)],
)
def test_versions_are_pooled_within_what_the_rule_calls_comparable(version: str, pooled: bool) -> None:
    assert instrument().scores_version(version) is pooled


def test_a_score_says_how_it_was_computed() -> None:
    assert instrument().algorithm == "sum/all-required"


def test_a_number_is_what_rules_judge() -> None:
    made = instrument()

    assert made.judged == made.measure("total")
    assert [(one.code, one.links, one.low, one.high, one.direction) for one in made.measures] == [
        ("total", ("a", "b", "c"), 1, 7, "high-is-worse")
    ]


def test_categories_keep_their_order_and_their_names() -> None:
    made = instrument(**CARE, reference_point="end-of-treatment")

    assert (made.judged, made.reference_point, made.algorithm) == (None, "end-of-treatment", "category/by-measure")
    assert [(one.code, one.links, one.direction) for one in made.measures] == [("use", ("d",), None), ("worry", ("e",), "high-is-worse")]
    assert [(one.code, one.labels["en"], one.labels["nl"]) for one in made.measures[0].categories] == [
        ("less", "Less", "Minder"),
        ("more", "More", "Meer"),
    ]


def test_numbers_and_categories_may_stand_beside_each_other() -> None:
    made = instrument(**MIXED)

    assert (made.algorithm, [one.code for one in made.measures]) == ("sum+category/all-required", ["total", "use", "worry"])
    assert made.measure("other") is None


def changed(measure: dict[str, Any]) -> dict[str, Any]:
    return {"measures": [TOTAL | measure]}


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (changed({"high": 8}), "says 1 to 8, but the items give 1 to 7"),
        (changed({"formula": "value"}), "`value` needs exactly one item"),
        (changed({"formula": "median"}), "'median' is not one of value, category, sum"),
        (changed({"links": ["z"]}), "names an item that is not there"),
        (changed({"links": ["a"], "formula": "category", "low": None}), "`category` does not fit"),
        ({"measures": [TOTAL, TOTAL]}, "names a code twice"),
        ({"judged": "other"}, "only that can be judged"),
        (MIXED | {"judged": "worry"}, "only that can be judged"),
        (CARE | {"judged": "use"}, "only that can be judged"),
        (CARE | {"items": [{"links": ["d", "e"], "categories": [LESS, LESS]}]}, "names a code twice"),
        (CARE | {"measures": [CARE["measures"][0] | {"low": 0}]}, "low: is not a key"),
        (CARE | {"measures": [TOTAL]}, "`sum` does not fit"),
        ({"reference_point": "t1"}, "'t1' is not one of baseline, end-of-treatment"),
        ({"items": [{"links": ["a"], "low": 1, "high": 3}, {"links": ["a"], "low": 0, "high": 4}]}, "names a link twice"),
        ({"questionnaire": "https://example.org/i|1"}, "is written without version"),
        ({"colour": "red"}, "colour: is not a key"),
        ({"code": "no-instrument"}, "says that there is none"),
        (changed({"sent_as": "a"}), "is an item of the instrument itself"),
    ],
)
def test_an_instrument_that_cannot_hold_is_refused(facts: dict[str, Any], problem: str) -> None:
    with pytest.raises(ContractError, match=problem.replace("|", r"\|")):
        instrument(**facts)
