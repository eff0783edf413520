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
    "score": {"measure": "total", "formula": "sum", "low": 1, "high": 7, "direction": "high-is-worse"},
    "missing_items": {"rule": "all-required", "source": "none"},
}


def instrument(**facts: Any) -> Instrument:
    return read(Document("i.toml", WHOLE | facts))


@pytest.mark.parametrize(
    ("version", "pooled"),
    [("1", True), ("1.0.0", True), ("1.9.3", True), ("10.0", False), ("2.1.0", True), ("2.1.1", False), ("0.9", False)],
)
def test_versions_are_pooled_within_what_the_rule_calls_comparable(version: str, pooled: bool) -> None:
    assert instrument().scores_version(version) is pooled


def test_a_score_says_how_it_was_computed() -> None:
    assert instrument().algorithm == "sum/all-required"


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"score": WHOLE["score"] | {"high": 8}}, "says 1 to 8, but the items give 1 to 7"),
        ({"score": WHOLE["score"] | {"formula": "value"}}, "`value` needs exactly one item"),
        ({"score": WHOLE["score"] | {"formula": "mean"}}, "'mean' is not one of sum, value"),
        ({"items": [{"links": ["a"], "low": 1, "high": 3}, {"links": ["a"], "low": 0, "high": 4}]}, "names a link twice"),
        ({"questionnaire": "https://example.org/i|1"}, "is written without version"),
        ({"colour": "red"}, "colour: is not a key"),
    ],
)
def test_an_instrument_that_cannot_hold_is_refused(facts: dict[str, Any], problem: str) -> None:
    with pytest.raises(ContractError, match=problem.replace("|", r"\|")):
        instrument(**facts)
