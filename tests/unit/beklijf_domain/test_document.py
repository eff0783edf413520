"""Reading a contract: every error names the file and the key."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from beklijf_domain.document import ContractError, Document

WRONG: list[tuple[dict[str, Any], Callable[[Document], object], str]] = [
    ({}, lambda d: d.text("a"), 'f.toml: a: is missing; give text in quotes, such as "one"'),
    ({"a": 1}, lambda d: d.text("a"), 'f.toml: a: 1 is not text in quotes, such as "one"'),
    ({"a": " "}, lambda d: d.text("a"), "f.toml: a: must not be blank"),
    ({"a": True}, lambda d: d.integer("a"), "f.toml: a: True is not a whole number without quotes, such as 5"),
    ({"a": 1}, lambda d: d.integer("a", low=2), "f.toml: a: 1 is less than 2"),
    ({"a": "x"}, lambda d: d.one_of("a", ("y", "z")), "f.toml: a: 'x' is not one of y, z"),
    ({"a": ["x", "x"]}, lambda d: d.texts("a"), "f.toml: a: has an entry twice"),
    ({"a": ["x", 1]}, lambda d: d.texts("a"), 'f.toml: a: every entry must be text in quotes, such as "one"'),
    (
        {"a": 0.3},
        lambda d: d.number("a"),
        'f.toml: a: 0.3 is not a whole number, or a decimal number in quotes, such as "0.30"',
    ),  # a binary fraction is not exact
    ({"a": "1/3"}, lambda d: d.number("a"), "f.toml: a: '1/3' has no finite decimal text"),
    ({"a": "1/0"}, lambda d: d.number("a"), "f.toml: a: '1/0' is not a number; write it like 5, or \"0.30\" in quotes"),
    ({"a": {"b": 1}}, lambda d: d.table("a").text("b"), 'f.toml: a.b: 1 is not text in quotes, such as "one"'),
    ({"a": [{"b": 1}]}, lambda d: d.tables("a")[0].text("b"), 'f.toml: a[0].b: 1 is not text in quotes, such as "one"'),
    ({"a": []}, lambda d: d.tables("a"), "f.toml: a: must be a list of tables, at least one"),
    ({"a": 1}, lambda d: d.finish(), "f.toml: a: is not a key that is known here"),
]


@pytest.mark.parametrize(("data", "read", "message"), WRONG)
def test_what_is_wrong_is_said_with_file_and_key(data: dict[str, Any], read: Callable[[Document], object], message: str) -> None:
    with pytest.raises(ContractError) as raised:
        Document("f.toml", data).read_by(read)

    assert str(raised.value) == message


def of_measures(document: Document) -> list[int]:
    """Tables that each have a name and a range; and a total of the file's own, which rests on them."""

    def one(entry: Document) -> int:
        entry.text("name")
        low, high = entry.integer("low"), entry.integer("high")
        if low >= high:
            entry.fail("high", f"{high} is not above {low}")
        entry.finish()
        return high

    found = document.each("measures", one)
    if document.integer("total") != sum(found):
        document.complain("total", "is not the sum of them", rests=("measures",))
    document.finish()
    return found


SOUND = {"name": "x", "low": 0, "high": 4}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"measures": [SOUND], "total": 5}, ["f.toml: total: is not the sum of them"]),
        (
            {"measures": [SOUND | {"low": "0"}, SOUND | {"high": 0}, SOUND | {"hihg": 4, "name": ""}], "citaton": "x"},
            [
                "f.toml: measures[0].low: '0' is not a whole number without quotes, such as 5",
                "f.toml: measures[1].high: 0 is not above 0",
                "f.toml: measures[2].name: must not be blank",
                "f.toml: measures[2].hihg: is not a key that is known here",
                "f.toml: total: is missing; give a whole number without quotes, such as 5",
                "f.toml: citaton: is not a key that is known here",
            ],
        ),
        (
            {"measures": [{"name": "x", "low": 0, "hihg": 4}], "total": 4},
            [
                "f.toml: measures[0].high: is missing; give a whole number without quotes, such as 5",
            ],
        ),
        ({"measures": {}, "total": 4}, ["f.toml: measures: {} is not a list"]),
    ],
)
def test_everything_is_said_at_once_and_nothing_that_only_follows_from_it(data: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ContractError) as raised:
        Document("f.toml", data).read_by(of_measures)

    assert list(raised.value.faults) == said


def test_what_trips_over_a_value_that_stands_in_is_no_error_of_its_own() -> None:
    with pytest.raises(ContractError, match=r"f.toml: a: 'x' is not a number"):
        Document("f.toml", {"a": "x"}).read_by(lambda document: [1][int(document.number("a"))])
    with pytest.raises(IndexError):
        Document("f.toml", {"a": 1}).read_by(lambda document: [1][int(document.number("a"))])


def test_a_misspelt_key_is_told_what_it_is_like() -> None:
    document = Document("f.toml", {"citaton": "x"})
    assert document.optional_text("citation") is None

    with pytest.raises(ContractError) as raised:
        document.finish()

    assert raised.value.faults == ("f.toml: citaton: is not a key that is known here; did you mean citation?",)


def test_numbers_are_exact() -> None:
    document = Document("f.toml", {"share": "0.30", "points": 15})

    assert (document.number("share"), document.number("points")) == (Fraction(3, 10), Fraction(15))


def test_what_is_optional_may_be_absent() -> None:
    document = Document("f.toml", {})

    assert (document.optional_text("a"), document.integer("b", default=3), document.texts("c", default=())) == (None, 3, ())
    assert document.table("d", optional=True).names() == ()
