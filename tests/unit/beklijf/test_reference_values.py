"""Whole numbers with a wanted mean and deviation."""

from __future__ import annotations

import statistics
from collections import Counter
from fractions import Fraction

import pytest

from beklijf.reference.imsr.dice import Dice
from beklijf.reference.imsr.targets import AGE, NON_RESPONDERS, QBPDS, RESPONDERS, VAS, Target, behind, targets
from beklijf.reference.imsr.values import RANGES, values


@pytest.mark.parametrize("cell", sorted(targets()), ids=lambda cell: "-".join(map(str, cell)))
def test_every_cell_has_values_with_the_printed_mean_and_deviation(cell: tuple[str, str, int, str]) -> None:
    target = targets()[cell]

    found = values(cell, target)

    assert len(found) == target.n
    assert target.mean.holds(Fraction(sum(found), len(found)))
    assert target.sd.low < statistics.stdev(found) < target.sd.high
    assert RANGES[cell[0]][0] <= min(found) <= max(found) <= RANGES[cell[0]][1]


def test_the_same_cell_has_the_same_values() -> None:
    cell = VAS, RESPONDERS, 2012, "t0"

    assert values(cell, targets()[cell]) == values(cell, targets()[cell])


def test_means_on_the_border_are_on_the_border() -> None:
    pain = values((VAS, NON_RESPONDERS, 2013, "t0"), targets()[VAS, NON_RESPONDERS, 2013, "t0"])
    disability = values((QBPDS, NON_RESPONDERS, 2014, "t3"), targets()[QBPDS, NON_RESPONDERS, 2014, "t3"])

    assert Fraction(sum(pain), len(pain)) == Fraction("52.05")
    assert Fraction(sum(disability), len(disability)) == Fraction("28.5")


def test_people_like_round_numbers_for_pain_and_not_for_a_sum_of_items() -> None:
    pain = values((VAS, NON_RESPONDERS, 2015, "t0"), targets()[VAS, NON_RESPONDERS, 2015, "t0"])
    disability = values((QBPDS, NON_RESPONDERS, 2015, "t0"), targets()[QBPDS, NON_RESPONDERS, 2015, "t0"])

    def round_share(found: list[int]) -> float:
        return sum(value % 5 == 0 for value in found) / len(found)

    assert round_share(pain) > 0.4
    assert round_share(disability) < 0.3


def test_five_baselines_of_pain_are_zero() -> None:
    zeros = Counter(
        year
        for year in (2012, 2013, 2014, 2015)
        for value in values((VAS, RESPONDERS, year, "t0"), targets()[VAS, RESPONDERS, year, "t0"])
        if not value
    )

    assert sum(zeros.values()) >= 5


def test_what_no_values_can_have_is_refused() -> None:
    impossible = Target(10, behind("99.0"), behind("30.0"))

    with pytest.raises(ValueError, match="no values"):
        values((AGE, RESPONDERS, 2012, "t0"), impossible)


def test_dice_throw_the_same_for_the_same_names() -> None:
    first, second, other = Dice("a", 1), Dice("a", 1), Dice("a", 2)

    throws = [[dice.below(1000) for _ in range(5)] for dice in (first, second, other)]

    assert throws[0] == throws[1] != throws[2]
