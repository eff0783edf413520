"""What answers can give: unreachable values and groups are found, and nothing is claimed of what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from beklijf_domain.document import Document
from beklijf_domain.instrument import Instrument, read
from beklijf_domain.reachable import unreached_groups, unreached_values
from beklijf_shared import contracts

ABOUT = dict.fromkeys(("code", "title", "questionnaire", "recall_period", "licence", "citation"), "x") | {"version": "1", "scores": ["1"]}


def instrument(groups: list[dict[str, Any]]) -> Instrument:
    """Four items of 0 or 2: a total of 0 to 8, the last two of them 0 to 4; and groups by both."""
    number = {"en": "N", "nl": "N", "formula": "sum", "low": 0, "direction": "high-is-worse"}
    named = [{"code": code, "en": code, "nl": code, **limits} for code, limits in ((each.pop("code"), each) for each in groups)]
    measures = [
        number | {"code": "total", "high": 8},
        number | {"code": "part", "high": 4, "links": ["c", "d"]},
        {"code": "group", "en": "G", "nl": "G", "formula": "groups", "of": ["total", "part"], "groups": named},
    ]
    items = [{"links": ["a", "b", "c", "d"], "codes": {"no": 0, "yes": 2}}]
    return read(Document("x", ABOUT | {"items": items, "measures": measures, "missing_items": {"rule": "all-required", "source": "x"}}))


@pytest.mark.parametrize(
    ("groups", "never"),
    [
        ([{"code": "high", "at_least": {"total": 6}}, {"code": "low"}], []),
        ([{"code": "high", "at_least": {"total": 4}}, {"code": "medium", "at_least": {"total": 6}}, {"code": "low"}], ["medium"]),
        ([{"code": "odd", "at_least": {"total": 0}}, {"code": "low"}], ["low"]),
        # a part of 4 is a total of at least 4: never together with less
        ([{"code": "all", "at_least": {"total": 4}}, {"code": "part", "at_least": {"part": 4}}, {"code": "low"}], ["part"]),
    ],
)
def test_a_group_that_nobody_comes_into_is_found(groups: list[dict[str, Any]], never: list[str]) -> None:
    made = instrument(groups)

    assert unreached_groups(made, made.measures[2]) == never


def test_a_value_that_no_answers_give_is_found() -> None:
    made = instrument([{"code": "high", "at_least": {"total": 6}}, {"code": "low"}])

    assert unreached_values(made, made.measures[0]) == [1, 3, 5, 7]


def test_every_group_that_ships_is_reached() -> None:
    known = contracts.load().instruments.values()

    assert [(each.code, measure.code) for each in known for measure in each.measures if unreached_groups(each, measure)] == []
    assert [(each.code, measure.code) for each in known for measure in each.measures if unreached_values(each, measure)] == []
