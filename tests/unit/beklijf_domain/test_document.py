"""Reading a contract: every error names the file and the key."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from beklijf_domain.document import ContractError, Document

WRONG: list[tuple[dict[str, Any], Callable[[Document], object], str]] = [
    ({}, lambda d: d.text("a"), "f.toml: a: is missing"),
    ({"a": 1}, lambda d: d.text("a"), 'f.toml: a: 1 is not text in quotes, such as "one"'),
    ({"a": " "}, lambda d: d.text("a"), "f.toml: a: must not be blank"),
    ({"a": True}, lambda d: d.integer("a"), "f.toml: a: True is not a whole number without quotes, such as 5"),
    ({"a": 1}, lambda d: d.integer("a", low=2), "f.toml: a: 1 is less than 2"),
    ({"a": "x"}, lambda d: d.one_of("a", ("y", "z")), "f.toml: a: 'x' is not one of y, z"),
    ({"a": ["x", "x"]}, lambda d: d.texts("a"), "f.toml: a: has an entry twice"),
    ({"a": ["x", 1]}, lambda d: d.texts("a"), "f.toml: a: every entry must be of type str"),
    (
        {"a": 0.3},
        lambda d: d.number("a"),
        'f.toml: a: 0.3 is not a whole number, or a decimal number in quotes, such as "0.30"',
    ),  # a binary fraction is not exact
    ({"a": "1/3"}, lambda d: d.number("a"), "f.toml: a: '1/3' has no finite decimal text"),
    ({"a": "1/0"}, lambda d: d.number("a"), "f.toml: a: '1/0' is not a number"),
    ({"a": {"b": 1}}, lambda d: d.table("a").text("b"), 'f.toml: a.b: 1 is not text in quotes, such as "one"'),
    ({"a": [{"b": 1}]}, lambda d: d.tables("a")[0].text("b"), 'f.toml: a[0].b: 1 is not text in quotes, such as "one"'),
    ({"a": []}, lambda d: d.tables("a"), "f.toml: a: must be a list of tables, at least one"),
    ({"a": 1}, lambda d: d.finish(), "f.toml: a: is not a key that is known here"),
]


@pytest.mark.parametrize(("data", "read", "message"), WRONG)
def test_what_is_wrong_is_said_with_file_and_key(data: dict[str, Any], read: Callable[[Document], object], message: str) -> None:
    with pytest.raises(ContractError) as raised:
        read(Document("f.toml", data))

    assert str(raised.value) == message


def test_numbers_are_exact() -> None:
    document = Document("f.toml", {"share": "0.30", "points": 15})

    assert (document.number("share"), document.number("points")) == (Fraction(3, 10), Fraction(15))


def test_what_is_optional_may_be_absent() -> None:
    document = Document("f.toml", {})

    assert (document.optional_text("a"), document.integer("b", default=3), document.texts("c", default=())) == (None, 3, ())
    assert document.table("d", optional=True).names() == ()
