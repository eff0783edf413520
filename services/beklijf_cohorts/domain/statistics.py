"""Numbers from integer counts: mean, SD, quantiles, intervals and tests that see a histogram and never a row (design, section 5).

What is undefined is `None` with a reason (M34), never 0, NaN or 1. Means, SDs and Wilson limits are computed in Decimal at 50 digits
and cut half up to 15 significant digits; what passed through a special function is cut to 10 (M35).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor

from scipy.special import bdtr, stdtrit

from beklijf_domain.exact import SNAPSHOT_DIGITS, SPECIAL_FUNCTION_DIGITS, cut_digits, decimal, exactly

Histogram = Mapping[int, int]
"""Value -> how many episodes have it. A value is an integer on the grid of its scale: the number it stands for is value / 10**scale."""

Z_95 = Decimal("1.959963984540054")
"""The 97.5th percentile of the normal distribution, as M31 writes it."""

TOO_FEW = "needs-two"
NOTHING = "none"
NO_VARIANCE = "no-variance"
NO_DISCORDANT_PAIRS = "no-discordant-pairs"


@dataclass(frozen=True, slots=True)
class Number:
    """A derived number as decimal text, or the reason why there is none (M34); exactly one of both."""

    text: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Moments:
    """n, sum and sum of squares of a histogram, exact integers on the grid of the scale."""

    n: int
    total: int
    squares: int

    @property
    def mean(self) -> Fraction | None:
        """The mean on the grid; None for no rows."""
        return Fraction(self.total, self.n) if self.n else None

    @property
    def variance(self) -> Fraction | None:
        """The variance with n - 1 (M32), exact; None for fewer than two rows."""
        return Fraction(self.n * self.squares - self.total**2, self.n * (self.n - 1)) if self.n > 1 else None


def moments(histogram: Histogram) -> Moments:
    """n, sum and sum of squares. Raises ValueError for a negative count."""
    if any(count < 0 for count in histogram.values()):
        raise ValueError("a histogram has no negative counts")
    return Moments(
        n=sum(histogram.values()),
        total=sum(value * count for value, count in histogram.items()),
        squares=sum(value * value * count for value, count in histogram.items()),
    )


def mean(of: Moments, scale: int = 0) -> Number:
    """The mean, 15 significant digits."""
    return Number(reason=NOTHING) if of.mean is None else exact(of.mean / 10**scale)


def standard_deviation(of: Moments, scale: int = 0) -> Number:
    """The standard deviation with n - 1 (M32), 15 significant digits; 0 when all values are equal."""
    if of.variance is None:
        return Number(reason=TOO_FEW)
    return Number(cut_digits(root(of.variance / 10 ** (2 * scale)), SNAPSHOT_DIGITS))


def mean_interval(of: Moments, scale: int = 0) -> tuple[Number, Number]:
    """The 95 % confidence interval of the mean by Student's t, 10 significant digits."""
    if of.mean is None or of.variance is None:
        return Number(reason=TOO_FEW), Number(reason=TOO_FEW)
    if of.variance == 0:
        return Number(reason=NO_VARIANCE), Number(reason=NO_VARIANCE)
    quantile_t = Decimal(float(stdtrit(of.n - 1, 0.975)))
    with exactly():
        middle = decimal(of.mean / 10**scale)
        margin = quantile_t * root(of.variance / 10 ** (2 * scale) / of.n)
        return special(middle - margin), special(middle + margin)


def quantile(histogram: Histogram, probability: Fraction, scale: int = 0) -> Number:
    """A quantile by Hyndman and Fan's type 7 (M32), linear between the two values beside it; exact.

    `probability` from 0 to 1; raises ValueError outside.
    """
    if not 0 <= probability <= 1:
        raise ValueError("a probability lies between 0 and 1")
    n = sum(histogram.values())
    if n == 0:
        return Number(reason=NOTHING)
    position = (n - 1) * probability
    low, high = _value_at(histogram, floor(position)), _value_at(histogram, ceil(position))
    return exact((low + (high - low) * (position - floor(position))) / 10**scale)


def _value_at(histogram: Histogram, index: int) -> Fraction:
    """The value with so many rows before it, in ascending order."""
    for value in sorted(histogram):
        index -= histogram[value]
        if index < 0:
            return Fraction(value)
    raise IndexError("beyond the last row")


@lru_cache(maxsize=8192)
def share(part: int, whole: int) -> Number:
    """A proportion, 15 significant digits; `none` for an empty whole."""
    _check_part(part, whole)
    return exact(Fraction(part, whole)) if whole else Number(reason=NOTHING)


@lru_cache(maxsize=8192)
def wilson(part: int, whole: int) -> tuple[Number, Number]:
    """Wilson's 95 % interval of a proportion, no continuity correction (M31), 15 significant digits."""
    _check_part(part, whole)
    if whole == 0:
        return Number(reason=NOTHING), Number(reason=NOTHING)
    with exactly():
        z_squared = Z_95 * Z_95
        centre = (2 * part + z_squared) / (2 * (whole + z_squared))
        half = Z_95 * (4 * part * (whole - part) / Decimal(whole) + z_squared).sqrt() / (2 * (whole + z_squared))
        # At 0 of n and n of n the limit is 0 and 1 by algebra; 50 digits would leave a trace of the root.
        low = Decimal(0) if part == 0 else centre - half
        high = Decimal(1) if part == whole else centre + half
        return Number(cut_digits(low, SNAPSHOT_DIGITS)), Number(cut_digits(high, SNAPSHOT_DIGITS))


@lru_cache(maxsize=1024)
def mcnemar(first_only: int, second_only: int) -> Number:
    """The two-sided p of McNemar's exact test on the discordant pairs (M27, M33), 10 significant digits."""
    if first_only < 0 or second_only < 0:
        raise ValueError("counts are not negative")
    discordant = first_only + second_only
    if discordant == 0:
        return Number(reason=NO_DISCORDANT_PAIRS)
    if first_only == second_only:
        return Number("1")
    return special(Decimal(min(1.0, 2 * float(bdtr(min(first_only, second_only), discordant, 0.5)))))


def _check_part(part: int, whole: int) -> None:
    if not 0 <= part <= whole:
        raise ValueError("a part lies between 0 and its whole")


def root(value: Fraction) -> Decimal:
    """The square root at 50 digits."""
    with exactly():
        return decimal(value).sqrt()


def exact(value: Fraction) -> Number:
    """A number that is exact, at 15 significant digits (M35)."""
    return Number(cut_digits(value, SNAPSHOT_DIGITS))


def special(value: Decimal) -> Number:
    """A number that passed through a special function, at 10 significant digits (M35)."""
    return Number(cut_digits(value, SPECIAL_FUNCTION_DIGITS))
