"""Comparisons from integer counts: two or more histograms, or a table of counts, and never a row (M31, M33).

Two-sided, no correction for many tests. A statistic is exact or computed in Decimal at 50 digits; a probability passed through a special
function and has 10 digits (M35). What is undefined has a reason instead (M34).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from scipy.special import chdtrc, fdtrc, ndtr, stdtr

from beklijf_cohorts.domain.statistics import NO_VARIANCE, NOTHING, TOO_FEW, Histogram, Moments, Number, exact, root, special
from beklijf_domain.exact import SNAPSHOT_DIGITS, cut_digits, decimal, exactly

ALPHA = Decimal("0.05")
"""Marked when p is below this (M31)."""

ONE_GROUP = "needs-two-groups"
ALL_ZERO = "no-change"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test: its statistic, its degrees of freedom where it has some, its two-sided p."""

    statistic: Number
    p: Number
    degrees: tuple[Number, ...] = ()

    @property
    def significant(self) -> Number:
        """`yes` or `no`: the mark (M31)."""
        return mark(self.p)


def mark(p: Number) -> Number:
    """`yes` where p is below 0.05, `no` where it is not (M31); without p, why."""
    return p if p.text is None else Number("yes" if Decimal(p.text) < ALPHA else "no")


def undefined(reason: str, degrees: int = 0) -> Comparison:
    """A test that cannot be done."""
    return Comparison(Number(reason=reason), Number(reason=reason), (Number(reason=reason),) * degrees)


def student(first: Moments, second: Moments) -> Comparison:
    """Student's t of two independent groups, equal variances; positive when the first mean is greater."""
    if first.n < 2 or second.n < 2:
        return undefined(TOO_FEW, 1)
    degrees = first.n + second.n - 2
    pooled = (_deviations(first) + _deviations(second)) / degrees
    return _t(first, second, pooled * (Fraction(1, first.n) + Fraction(1, second.n)), Fraction(degrees))


def welch(first: Moments, second: Moments) -> Comparison:
    """Welch's t: Student's without the assumption of equal variances; degrees of freedom by Satterthwaite."""
    if first.variance is None or second.variance is None:
        return undefined(TOO_FEW, 1)
    shares = first.variance / first.n, second.variance / second.n
    squared = sum(shares)
    if not squared:
        return undefined(NO_VARIANCE, 1)
    degrees = squared**2 / (shares[0] ** 2 / (first.n - 1) + shares[1] ** 2 / (second.n - 1))
    return _t(first, second, Fraction(squared), degrees)


def difference(first: Moments, second: Moments, scale: int = 0) -> Number:
    """The first mean minus the second, 15 significant digits."""
    if first.mean is None or second.mean is None:
        return Number(reason=NOTHING)
    return exact((first.mean - second.mean) / 10**scale)


def standardised(first: Moments, second: Moments) -> Number:
    """The standardised mean difference: first minus second, in units of the root of the mean variance (M31), 15 significant digits."""
    if first.variance is None or second.variance is None or first.mean is None or second.mean is None:
        return Number(reason=TOO_FEW)
    squared = (first.variance + second.variance) / 2
    if not squared:
        return Number(reason=NO_VARIANCE)
    with exactly():
        return Number(cut_digits(decimal(first.mean - second.mean) / root(squared), SNAPSHOT_DIGITS))


def anova(groups: Iterable[Moments]) -> Comparison:
    """One-way analysis of variance between groups; empty groups are left out. Degrees of freedom: between, within."""
    there = [group for group in groups if group.n]
    n, total = sum(group.n for group in there), sum(group.total for group in there)
    if len(there) < 2:
        return undefined(ONE_GROUP, 2)
    between, within = len(there) - 1, n - len(there)
    if within < 1:
        return undefined(TOO_FEW, 2)
    inside = sum((_deviations(group) for group in there), Fraction(0))
    if not inside:
        return undefined(NO_VARIANCE, 2)
    outside = sum((Fraction(group.total**2, group.n) for group in there), Fraction(0)) - Fraction(total**2, n)
    f = (outside / between) / (inside / within)
    return Comparison(
        exact(f), special(Decimal(float(fdtrc(between, within, float(f))))), (exact(Fraction(between)), exact(Fraction(within)))
    )


def mann_whitney(first: Histogram, second: Histogram) -> Comparison:
    """Mann-Whitney's U of the first group; normal approximation, corrected for ties, not for continuity (M33)."""
    sizes = sum(first.values()), sum(second.values())
    n = sum(sizes)
    if not all(sizes):
        return undefined(NOTHING)
    both = Counter(first)
    both.update(second)
    ranks = _doubled_ranks(both)
    u = Fraction(sum(ranks[value] * count for value, count in first.items()) - sizes[0] * (sizes[0] + 1), 2)
    ties = sum(count**3 - count for count in both.values())
    variance = Fraction(sizes[0] * sizes[1], 12) * (n + 1 - Fraction(ties, n * (n - 1)))
    return _normal(u, Fraction(sizes[0] * sizes[1], 2), variance)


def wilcoxon(changes: Histogram) -> Comparison:
    """Wilcoxon's signed ranks of paired changes: the sum of positive ranks. Zeros are dropped; otherwise as `mann_whitney` (M33)."""
    sizes: Counter[int] = Counter()
    for value, count in changes.items():
        if value and count:
            sizes[abs(value)] += count
    n = sum(sizes.values())
    if not n:
        return undefined(ALL_ZERO if sum(changes.values()) else NOTHING)
    ranks = _doubled_ranks(sizes)
    positive = Fraction(sum(ranks[value] * count for value, count in changes.items() if value > 0 and count), 2)
    ties = sum(count**3 - count for count in sizes.values())
    return _normal(positive, Fraction(n * (n + 1), 4), Fraction(n * (n + 1) * (2 * n + 1), 24) - Fraction(ties, 48))


@dataclass(frozen=True, slots=True)
class ChiSquared:
    """Pearson's test, and the least count that it expects: below 5 the approximation is poor."""

    test: Comparison
    least_expected: Number


def chi_squared(table: Sequence[Sequence[int]]) -> ChiSquared:
    """Pearson's chi-squared, uncorrected; empty rows and columns are dropped (M33)."""
    rows = [row for row in table if any(row)]
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    if not rows:
        return ChiSquared(undefined(NOTHING, 1), Number(reason=NOTHING))
    down, across = [sum(column) for column in columns], [sum(row) for row in zip(*columns, strict=True)]
    n = sum(down)
    expected = [[Fraction(row * column, n) for row in across] for column in down]
    least = exact(min(min(column) for column in expected))
    degrees = (len(down) - 1) * (len(across) - 1)
    if not degrees:
        return ChiSquared(undefined(ONE_GROUP, 1), least)
    pairs = [(count, at) for column, of in zip(columns, expected, strict=True) for count, at in zip(column, of, strict=True)]
    statistic = sum(((count - at) ** 2 / at for count, at in pairs), Fraction(0))
    p = special(Decimal(float(chdtrc(degrees, float(statistic)))))
    return ChiSquared(Comparison(exact(statistic), p, (exact(Fraction(degrees)),)), least)


def _deviations(of: Moments) -> Fraction:
    """The sum of squared deviations from the mean."""
    return of.squares - Fraction(of.total**2, of.n)


def _t(first: Moments, second: Moments, squared_error: Fraction, degrees: Fraction) -> Comparison:
    assert first.mean is not None
    assert second.mean is not None
    if not squared_error:
        return undefined(NO_VARIANCE, 1)
    with exactly():
        t = decimal(first.mean - second.mean) / root(squared_error)
    p = 2 * float(stdtr(float(degrees), -abs(float(t))))
    return Comparison(Number(cut_digits(t, SNAPSHOT_DIGITS)), special(Decimal(p)), (exact(degrees),))


def _doubled_ranks(counts: Counter[int]) -> dict[int, int]:
    """Twice the middle rank of every value: twice, so that it is an integer."""
    before, ranks = 0, {}
    for value in sorted(counts):
        ranks[value] = 2 * before + counts[value] + 1
        before += counts[value]
    return ranks


def _normal(statistic: Fraction, expected: Fraction, variance: Fraction) -> Comparison:
    if not variance:
        return Comparison(exact(statistic), Number(reason=NO_VARIANCE))
    with exactly():
        z = decimal(statistic - expected) / root(variance)
    return Comparison(exact(statistic), special(Decimal(min(1.0, 2 * float(ndtr(-abs(float(z))))))))
