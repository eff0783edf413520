"""Exact numbers and how they are cut (M35)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from beklijf_domain.exact import cut_decimals, cut_digits, decimal, exact_text, exactly, scaled


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(27), "27"),
        (Fraction(27, 2), "13.5"),
        (Fraction(-3, 10), "-0.3"),
        (0, "0"),
        (Fraction(1, 1024), "0.0009765625"),
        (-5, "-5"),
    ],
)
def test_a_value_that_ends_is_written_whole(value: Fraction | int, text: str) -> None:
    assert exact_text(value) == text


def test_a_value_that_does_not_end_is_refused() -> None:
    with pytest.raises(ValueError, match="no finite decimal"):
        exact_text(Fraction(1, 3))


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (Fraction(1, 3), 15, "0.333333333333333"),
        (Fraction(2, 3), 15, "0.666666666666667"),
        (Decimal("0.0000000000000000123456"), 4, "0.00000000000000001235"),
        (Decimal(12345), 3, "12300"),
        (Decimal("2.5"), 1, "3"),  # half up, not to even
        (Decimal("-2.5"), 1, "-3"),
        (Decimal("45.30"), 15, "45.3"),
        (0, 15, "0"),
    ],
)
def test_significant_digits_are_cut_half_up(value: Decimal | Fraction | int, digits: int, text: str) -> None:
    assert cut_digits(value, digits) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        ("28", 1, "28.0"),
        ("0.25", 1, "0.3"),
        ("0.35", 1, "0.4"),
        ("-0.25", 1, "-0.3"),
        ("-0.04", 1, "0.0"),
        ("46.45", 1, "46.5"),
        ("99.5", 0, "100"),
    ],
)
def test_decimals_are_rounded_half_up_and_all_written(value: str, decimals: int, text: str) -> None:
    assert cut_decimals(value, decimals) == text


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_what_is_undefined_is_no_number(value: str) -> None:
    with pytest.raises(ValueError, match="undefined"):
        cut_digits(Decimal(value), 15)


def test_scaled_integers_are_exact() -> None:
    assert (scaled(415, 1), scaled(45, 0)) == (Fraction(83, 2), Fraction(45))


def test_fifty_digits_inside_the_block() -> None:
    with exactly():
        third = Decimal(1) / Decimal(3)

    assert third == decimal(Fraction(1, 3)) == Decimal("0." + "3" * 50)
