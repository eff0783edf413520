"""Numbers from counts: literal examples, and what is undefined (M31 to M35)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from beklijf_cohorts.domain.statistics import (
    Number,
    mcnemar,
    mean,
    mean_interval,
    moments,
    quantile,
    share,
    standard_deviation,
    wilson,
)


def test_mean_and_sd_of_a_small_histogram() -> None:
    of = moments({2: 1, 4: 3, 5: 2, 7: 1, 9: 1})

    assert (of.n, of.total, of.squares) == (8, 40, 232)
    assert mean(of) == Number("5")
    assert standard_deviation(of) == Number("2.1380899352994")


def test_a_scale_moves_the_decimal_point() -> None:
    of = moments({10: 1, 25: 1})

    assert mean(of, 1) == Number("1.75")
    assert standard_deviation(of, 1) == Number("1.06066017177982")


def test_the_interval_of_a_mean_is_students() -> None:
    low, high = mean_interval(moments({1: 1, 2: 1, 3: 1}))

    assert (low, high) == (Number("-0.4841377118"), Number("4.484137712"))


@pytest.mark.parametrize(
    ("probability", "value"),
    [(Fraction(0), "1"), (Fraction(1, 4), "1.75"), (Fraction(1, 2), "2.5"), (Fraction(3, 4), "4.75"), (Fraction(1), "10")],
)
def test_quantiles_are_of_type_7(probability: Fraction, value: str) -> None:
    assert quantile({1: 1, 2: 1, 3: 1, 10: 1}, probability) == Number(value)


def test_wilson_as_newcombe_prints_it() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, table I, method 3: 0.2553 to 0.3662

    assert (low, high) == (Number("0.255288519878274"), Number("0.3662095769828"))
    assert wilson(0, 20)[0] == Number("0")
    assert wilson(20, 20)[1] == Number("1")


def test_mcnemar_is_exact_and_two_sided() -> None:
    assert mcnemar(1, 9) == Number("0.021484375")
    assert mcnemar(5, 5) == Number("1")
    assert mcnemar(0, 1) == Number("1")


def test_what_is_undefined_is_none_with_a_reason() -> None:
    nobody, alone, equal = moments({}), moments({7: 1}), moments({7: 4})

    assert mean(nobody) == Number(reason="none")
    assert standard_deviation(alone) == Number(reason="needs-two")
    assert standard_deviation(equal) == Number("0")
    assert mean_interval(alone) == (Number(reason="needs-two"),) * 2
    assert mean_interval(equal) == (Number(reason="no-variance"),) * 2
    assert quantile({}, Fraction(1, 2)) == Number(reason="none")
    assert share(0, 0) == Number(reason="none")
    assert wilson(0, 0) == (Number(reason="none"),) * 2
    assert mcnemar(0, 0) == Number(reason="no-discordant-pairs")


@pytest.mark.parametrize(
    "call",
    [lambda: moments({1: -1}), lambda: share(2, 1), lambda: wilson(-1, 1), lambda: mcnemar(-1, 1), lambda: quantile({}, Fraction(2))],
)
def test_impossible_counts_raise(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"negative|between"):
        call()
