"""Counts against rows: every statistic equals what scipy and statsmodels compute from the raw rows, to 1e-9."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.proportion import proportion_confint

from beklijf_cohorts.domain import statistics
from beklijf_cohorts.domain.statistics import Number

HISTOGRAMS = st.dictionaries(st.integers(-100, 100), st.integers(0, 40), max_size=12)
SCALES = st.sampled_from((0, 1, 3))


def rows(histogram: dict[int, int], scale: int) -> np.ndarray:
    return np.repeat(np.array(list(histogram), dtype=float) / 10**scale, list(histogram.values()))


def close(number: Number, reference: float) -> bool:
    return number.text is not None and math.isclose(float(number.text), reference, rel_tol=1e-9, abs_tol=1e-9)


@given(HISTOGRAMS, SCALES)
def test_mean_sd_and_interval(histogram: dict[int, int], scale: int) -> None:
    data, of = rows(histogram, scale), statistics.moments(histogram)

    if len(data) == 0:
        assert statistics.mean(of, scale) == Number(reason="none")
        return
    assert close(statistics.mean(of, scale), float(data.mean()))
    if len(data) == 1:
        assert statistics.standard_deviation(of, scale) == Number(reason="needs-two")
        return
    assert close(statistics.standard_deviation(of, scale), float(data.std(ddof=1)))
    low, high = statistics.mean_interval(of, scale)
    if data.min() == data.max():
        assert low == high == Number(reason="no-variance")
        return
    expected = stats.t.interval(0.95, len(data) - 1, loc=data.mean(), scale=stats.sem(data))
    assert close(low, float(expected[0]))
    assert close(high, float(expected[1]))


@given(HISTOGRAMS, SCALES, st.fractions(0, 1, max_denominator=40))
def test_quantiles(histogram: dict[int, int], scale: int, probability: Fraction) -> None:
    data, found = rows(histogram, scale), statistics.quantile(histogram, probability, scale)

    if len(data) == 0:
        assert found == Number(reason="none")
        return
    assert close(found, float(np.quantile(data, float(probability), method="linear")))


@given(st.integers(0, 400), st.integers(0, 400))
def test_wilson(first: int, second: int) -> None:
    part, whole = min(first, second), max(first, second)
    low, high = statistics.wilson(part, whole)

    if whole == 0:
        assert low == high == Number(reason="none")
        return
    expected = proportion_confint(part, whole, method="wilson")
    assert close(low, float(expected[0]))
    assert close(high, float(expected[1]))


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar(first: int, second: int) -> None:
    found = statistics.mcnemar(first, second)

    if first + second == 0:
        assert found == Number(reason="no-discordant-pairs")
        return
    assert close(found, float(reference_mcnemar([[0, first], [second, 0]], exact=True).pvalue))


@given(HISTOGRAMS, HISTOGRAMS)
def test_counts_add(first: dict[int, int], second: dict[int, int]) -> None:
    both = {value: first.get(value, 0) + second.get(value, 0) for value in first.keys() | second.keys()}

    a, b, together = (statistics.moments(each) for each in (first, second, both))

    assert (together.n, together.total, together.squares) == (a.n + b.n, a.total + b.total, a.squares + b.squares)
