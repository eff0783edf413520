"""Rounding is half up on decimal text; what is no number is a word."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from beklijf_reporting import formats
from beklijf_reporting.formats import Kind
from beklijf_shared.events import Cell, Missing


@pytest.mark.parametrize(
    ("text", "places", "expected"),
    [
        ("45.25", 1, "45.3"),
        ("45.249999999999999", 1, "45.2"),
        ("-14.55", 1, "-14.6"),
        ("-0.04", 1, "0.0"),
        ("0.5", 0, "1"),
        ("2.5", 0, "3"),
        ("1814", 0, "1,814"),
        ("1234567.05", 1, "1,234,567.1"),
        ("0.0000000000000000000000000000000000000000000000000001", 2, "0.00"),
    ],
)
def test_decimal_text_is_cut_half_up(text: str, places: int, expected: str) -> None:
    assert formats.rounded(text, places) == expected


@pytest.mark.parametrize(
    ("cell", "kind", "text", "state"),
    [
        (1814, "count", "1,814", "number"),
        (0, "count", "0", "number"),
        ("-12.35", "score", "\N{MINUS SIGN}12.4", "number"),
        ("0.40463065", "share", "40.5 %", "number"),
        ("0.9995", "share", "100.0 %", "number"),
        ("0.0004", "probability", "< 0.001", "number"),
        ("0.001", "probability", "0.001", "number"),
        ("0.0506", "probability", "0.051", "number"),
        (Missing(suppressed=True), "count", "suppressed", "suppressed"),
        (Missing(reason="no-variance"), "score", "none", "none"),
        (Missing(), "score", "none", "none"),
        ("not-yet", "score", "not yet", "text"),
    ],
)
def test_a_cell_is_a_number_in_the_manner_of_its_kind_or_a_word(cell: Cell, kind: Kind, text: str, state: str) -> None:
    shown = formats.shown(cell, kind)

    assert (shown.text, shown.state) == (text, state)


def test_why_there_is_no_number_is_said() -> None:
    assert formats.shown(Missing(reason="needs-two"), "score").title == "fewer than two"
    assert formats.shown(Missing(reason="no-such-code"), "score").title == "no such code"
    assert formats.shown(Missing(suppressed=True), "count").title == "too few episodes to show without saying something about one of them"


@pytest.mark.parametrize(("p", "marked"), [("0.0499999999", True), ("0.05", False), ("0.0500000001", False)])
def test_the_mark_is_decided_on_the_exact_number_before_any_rounding(p: str, marked: bool) -> None:
    assert formats.is_marked(p) is marked


def test_instants_are_told_in_the_zone_of_the_programme() -> None:
    assert formats.instant("2019-07-14T22:05:07.120394Z", ZoneInfo("Europe/Amsterdam")) == "15 July 2019, 00:05:07 CEST"
    assert formats.day("2019-03-04") == "4 March 2019"
