"""The strict front door: what it lets through stays exact; attacks on the parser end quickly."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from beklijf_intake import front_door
from beklijf_intake.domain.problem import Refused


def sentence(body: bytes, **how: int) -> str:
    with pytest.raises(Refused) as refused:
        front_door.parse(body, **how)
    return refused.value.problems[0].sentence


def test_decimals_keep_the_digits_that_were_sent() -> None:
    parsed = front_door.parse(b'{"a": 1.50, "b": 1.00E2, "c": 7, "d": -0.00000001, "e": -0}')

    assert parsed == {"a": Decimal("1.50"), "b": Decimal("1.00E2"), "c": 7, "d": Decimal("-0.00000001"), "e": Decimal("-0")}
    assert [str(parsed[name]) for name in "abe"] == ["1.50", "100", "-0"]
    assert type(parsed["c"]) is int


def test_the_bounds_of_numbers_are_inside() -> None:
    parsed = front_door.parse(b'{"a": 123456789012345678, "b": 123456789012345678.12345678, "c": 0e5}')

    assert parsed["a"] == 123456789012345678
    assert str(parsed["b"]) == "123456789012345678.12345678"


def test_depth_64_is_accepted_and_65_is_not() -> None:
    accepted = front_door.parse(b'{"a":' * 64 + b"1" + b"}" * 64)

    assert "a" in accepted
    assert sentence(b'{"a":' * 65 + b"1" + b"}" * 65) == "The JSON is nested deeper than 64 levels."
    assert sentence(b'{"a":' * 33 + b"[" * 33 + b"]" * 33 + b"}" * 33) == "The JSON is nested deeper than 64 levels."


def test_brackets_and_backslashes_within_strings_are_no_depth() -> None:
    body = b'{"a": "' + b"[{" * 100 + b'", "b": "\\\\", "c": "\\"' + b"[" * 100 + b'"}'

    parsed = front_door.parse(body)

    assert parsed["b"] == "\\"
    assert parsed["c"] == '"' + "[" * 100


def test_the_limit_is_inside() -> None:
    body = b'{"a": "' + b"x" * 91 + b'"}'

    parsed = front_door.parse(body, limit=100)

    assert len(body) == 100
    assert len(parsed["a"]) == 91
    assert sentence(body, limit=99) == "The body is larger than 99 bytes. Send several smaller requests."


def test_a_refusal_names_the_place_and_not_the_content() -> None:
    assert sentence(b'{"a": 1,\n "secret" 2}') == "This is not JSON: line 2, column 11 (expecting ':' delimiter)."
    assert sentence(b'{"a": "secret}') == "This is not JSON: line 1, column 7 (unterminated string starting at)."


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 1_000_000,
        b'"\\"' * 600_000,
        b"[" * 2_000_000,
        b"{" * 1_000_000 + b"}" * 1_000_000,
        b"[]" * 1_000_000,
        b'{"a": ' + b"9" * 2_000_000 + b"}",
        b'{"a": 1e' + b"9" * 2_000_000 + b"}",
    ],
    ids=["escapes", "quotes", "open", "nested", "flat", "digits", "exponent"],
)
def test_attacks_on_the_parser_end_quickly(body: bytes) -> None:
    began = time.process_time()

    with pytest.raises(Refused):
        front_door.parse(body, limit=3_000_000)

    assert time.process_time() - began < 2
