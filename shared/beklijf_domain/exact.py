"""Exact numbers: scaled integers, decimals at 50 digits, and text cut half up (M35). No binary fraction anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

PRECISION_DIGITS = 50
"""Digits of every intermediate result (M35)."""

SNAPSHOT_DIGITS = 15
"""Significant digits of sums, means, SDs, SMDs and Wilson limits in a snapshot (M35)."""

SPECIAL_FUNCTION_DIGITS = 10
"""Significant digits of whatever passed through a special function (M35)."""

EXACT = Context(prec=PRECISION_DIGITS, rounding=ROUND_HALF_UP)


@contextmanager
def exactly() -> Iterator[Context]:
    """A block in which Decimal computes with 50 digits and rounds half up."""
    with localcontext(EXACT) as context:
        yield context


def scaled(integer: int, scale: int) -> Fraction:
    """The value of a scaled integer: integer / 10**scale."""
    return Fraction(integer, 10**scale) if scale else Fraction(integer)


def decimal(value: Fraction | int) -> Decimal:
    """A fraction as a decimal of 50 digits, rounded half up."""
    value = Fraction(value)
    return EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def is_finite(value: Fraction) -> bool:
    """Whether the value can be written as a decimal that ends."""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1


def exact_text(value: Fraction | int) -> str:
    """A value that ends as decimal text, without exponent and without needless zeros: 27/2 is "13.5".

    Raises ValueError for a value that does not end, such as one third: it would have to be rounded, and nobody said how.
    """
    if isinstance(value, int) or value.denominator == 1:
        return str(int(value))
    if not is_finite(value):
        raise ValueError(f"{value} has no finite decimal text")
    return plain(decimal(value))


def cut_digits(value: Decimal | Fraction | int, digits: int) -> str:
    """The value cut half up to so many significant digits, as plain text without needless zeros (M35)."""
    number = value if isinstance(value, Decimal) else decimal(value)
    return plain(Context(prec=digits, rounding=ROUND_HALF_UP).plus(number))


def cut_decimals(value: Decimal | Fraction | int | str, decimals: int) -> str:
    """The value rounded half up (away from zero) to so many decimals, all of them written: "28.0"."""
    number = Decimal(value) if isinstance(value, str) else value if isinstance(value, Decimal) else decimal(value)
    rounded = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=EXACT)
    return format(rounded or abs(rounded), "f")  # no negative zero


def plain(number: Decimal) -> str:
    """A finite decimal without exponent, trailing zeros or negative zero. Raises ValueError for NaN and infinity (M34)."""
    if not number.is_finite():
        raise ValueError(f"{number} is no number; an undefined result is null with a reason")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
