"""Whole numbers with a wanted mean and standard deviation, that look as if people had given them.

First a sample of a beta distribution with about that mean and deviation (skewed where the mean is near an end of the scale), pain
heaped on fives and tens; then small moves until the sum is exact and the sum of squares lies where the printed deviation needs it.
Everything is in whole numbers, fractions and decimals, so every machine finds the same values.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate

from beklijf.reference.imsr.dice import Dice
from beklijf.reference.imsr.targets import AGE, NON_RESPONDERS, QBPDS, RESPONDERS, VAS, Cell, Interval, Target

RANGES = {AGE: (18, 79), QBPDS: (0, 100), VAS: (0, 100)}
HEAPED_PERCENT = {AGE: 0, QBPDS: 0, VAS: 60}
HALF_UP: dict[Cell, Fraction] = {
    (VAS, NON_RESPONDERS, 2013, "t0"): Fraction("52.05"),
    (QBPDS, NON_RESPONDERS, 2014, "t3"): Fraction("28.5"),
}
"""Means that lie exactly between two printed numbers: whoever rounds half to even prints another one."""
BASELINES_ZERO = {
    (VAS, RESPONDERS, 2012, "t0"): 1,
    (VAS, RESPONDERS, 2013, "t0"): 1,
    (VAS, RESPONDERS, 2014, "t0"): 1,
    (VAS, RESPONDERS, 2015, "t0"): 2,
}
"""No pain at the start: no share of it can be gained, so these pairs are not evaluable (M25)."""
LOW_IN_DEVIATION = Fraction(3, 10)
"""How far into its interval a deviation lies: low enough that dividing by n instead of n - 1 (M32) prints another one."""
_STEPS = 400_000
_NEARLY = 300
"""So near the wanted sum of squares, round numbers are moved as well."""
_GRAIN = 1_000_000


def values(cell: Cell, target: Target) -> list[int]:
    """The values of one cell, in no particular order. Raises ValueError when there are none."""
    instrument, lowest, highest = cell[0], *RANGES[cell[0]]
    dice = Dice("imsr", "values", *cell)
    mean = HALF_UP.get(cell, target.mean.at(_share(target.mean, dice)))
    total = round(mean * target.n)
    deviation = target.sd.at(LOW_IN_DEVIATION)
    squares = (target.n - 1) * deviation**2 + Fraction(total * total, target.n)
    found = _sample(target.n, mean, deviation, (lowest, highest), dice)
    found = [_heaped(value, HEAPED_PERCENT[instrument], dice) for value in found]
    fixed = BASELINES_ZERO.get(cell, 0)
    found = [0] * fixed + sorted(found)[fixed:]
    _reach_total(found, total, (lowest, highest), fixed, dice)
    _reach_squares(found, squares, (lowest, highest), fixed, dice)
    _check(cell, target, found)
    return found


def _share(interval: Interval, dice: Dice) -> Fraction:
    """Where a mean lies: in the middle where the interval is narrow (the marks hang on it), else somewhere about there."""
    return Fraction(1, 2) if interval.high - interval.low < Fraction(1, 2) else Fraction(30 + dice.below(41), 100)


def _sample(n: int, mean: Fraction, deviation: Fraction, ends: tuple[int, int], dice: Dice) -> list[int]:
    """One value from each of n equally likely slices of a beta distribution."""
    lowest, width = ends[0], ends[1] - ends[0] + 1
    middle = (mean + Fraction(1, 2) - lowest) / width
    concentration = middle * (1 - middle) * width**2 / deviation**2 - 1
    edges = _beta(width, middle * concentration, (1 - middle) * concentration)
    places = [(slice_ * _GRAIN + dice.below(_GRAIN)) * edges[-1] // (n * _GRAIN) for slice_ in range(n)]
    return [lowest + bisect_right(edges, place) for place in places]


def _beta(width: int, first: Fraction, second: Fraction) -> list[int]:
    """Upper edges of `width` equal steps under the density x^(first - 1) (1 - x)^(second - 1), as whole numbers."""
    with localcontext() as context:
        context.prec = 24
        powers = [Decimal(part.numerator) / Decimal(part.denominator) - 1 for part in (first, second)]
        logs = [(Decimal(2 * step + 1) / Decimal(2 * width)).ln() for step in range(width)]
        heights = [(powers[0] * log + powers[1] * other).exp() for log, other in zip(logs, reversed(logs), strict=True)]
        return list(accumulate(int(height * 10**12) for height in heights))


def _heaped(value: int, chance: int, dice: Dice) -> int:
    """People like round numbers."""
    if not chance or not dice.percent(chance):
        return value
    grid = 10 if dice.percent(40) else 5
    return (value + grid // 2) // grid * grid


def _reach_total(found: list[int], total: int, ends: tuple[int, int], fixed: int, dice: Dice) -> None:
    """Move single values by one until the sum is exact; round numbers are mostly left alone."""
    missing = total - sum(found)
    for _ in range(_STEPS):
        if not missing:
            return
        step = 1 if missing > 0 else -1
        place = fixed + dice.below(len(found) - fixed)
        if ends[0] <= found[place] + step <= ends[1] and (found[place] % 5 or dice.percent(25)):
            found[place] += step
            missing -= step


def _reach_squares(found: list[int], squares: Fraction, ends: tuple[int, int], fixed: int, dice: Dice) -> None:
    """Move two values apart or together, which keeps the sum, until the sum of squares is as near as it can be."""
    missing = squares - sum(value * value for value in found)
    for _ in range(_STEPS):
        if abs(missing) <= 1:
            return
        upper, lower = fixed + dice.below(len(found) - fixed), fixed + dice.below(len(found) - fixed)
        if upper == lower:
            continue
        if found[upper] < found[lower]:
            upper, lower = lower, upper
        step = 1 if missing > 0 else -1
        gain = 2 * step * (found[upper] - found[lower]) + 2
        inside = step < 0 or (ends[0] < found[lower] and found[upper] < ends[1])
        untouched = abs(missing) >= _NEARLY and (found[upper] % 5 == 0 or found[lower] % 5 == 0)
        if inside and abs(missing - gain) < abs(missing) and (not untouched or dice.percent(20)):
            found[upper] += step
            found[lower] -= step
            missing -= gain


def _check(cell: Cell, target: Target, found: list[int]) -> None:
    mean = Fraction(sum(found), len(found))
    variance = (sum(value * value for value in found) - mean * sum(found)) / (len(found) - 1)
    if not (target.mean.holds(mean) and target.sd.low**2 <= variance < target.sd.high**2):
        raise ValueError(f"no values with the printed mean and deviation were found for {cell}")
