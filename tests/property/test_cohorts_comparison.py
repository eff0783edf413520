"""Comparisons from counts equal what scipy and statsmodels compute from the raw rows, to 1e-9; what is undefined says why (M31 to M34)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttest_ind

from beklijf_cohorts.domain import comparison
from beklijf_cohorts.domain.comparison import Comparison
from beklijf_cohorts.domain.figures.planned import needed_of
from beklijf_cohorts.domain.statistics import Histogram, Number, moments

HISTOGRAMS = st.dictionaries(st.integers(-60, 100), st.integers(0, 30), max_size=10)
TIED = st.dictionaries(st.integers(-3, 3), st.integers(0, 30), max_size=7)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 60), min_size=width, max_size=width), min_size=1, max_size=4)
)


def rows(histogram: Histogram) -> np.ndarray:
    return np.repeat(np.array(list(histogram), dtype=float), list(histogram.values()))


pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # scipy warns of nearly equal values and of few rows


def close(number: Number, reference: float) -> bool:
    return number.text is not None and math.isclose(float(number.text), reference, rel_tol=1e-9, abs_tol=1e-12)


def is_undefined(found: Comparison, reason: str) -> bool:
    return {number.reason for number in (found.p, found.significant, *found.degrees)} == {reason}


def same(found: Comparison, statistic: float, p: float) -> bool:
    return close(found.statistic, statistic) and close(found.p, p) and found.significant.text in ("yes", "no")


@given(HISTOGRAMS, HISTOGRAMS)
@example({5: 3}, {5: 4})
@example({5: 3}, {6: 4})
@example({1: 1}, {6: 1, 7: 1})
def test_student_and_welch(first: dict[int, int], second: dict[int, int]) -> None:
    one, other = rows(first), rows(second)
    student, welch = comparison.student(moments(first), moments(second)), comparison.welch(moments(first), moments(second))

    if min(len(one), len(other)) < 2:
        assert is_undefined(student, "needs-two")
        assert is_undefined(welch, "needs-two")
        return
    if one.var() == other.var() == 0:
        assert is_undefined(student, "no-variance")
        assert is_undefined(welch, "no-variance")
        return
    expected = stats.ttest_ind(one, other)
    assert same(student, expected.statistic, expected.pvalue)
    assert close(student.degrees[0], len(one) + len(other) - 2)
    t, p, degrees = ttest_ind(one, other, usevar="unequal")
    assert same(welch, t, p)
    assert close(welch.degrees[0], degrees)


@given(HISTOGRAMS, HISTOGRAMS, st.sampled_from((0, 1, 2)))
def test_difference_and_its_size(first: dict[int, int], second: dict[int, int], scale: int) -> None:
    one, other = rows(first) / 10**scale, rows(second) / 10**scale
    difference = comparison.difference(moments(first), moments(second), scale)
    standardised = comparison.standardised(moments(first), moments(second))

    if min(len(one), len(other)) == 0:
        assert difference == Number(reason="none")
    else:
        assert difference.text is not None
        assert math.isclose(float(difference.text), one.mean() - other.mean(), rel_tol=1e-9, abs_tol=1e-9)
    if min(len(one), len(other)) < 2:
        assert standardised == Number(reason="needs-two")
    elif one.min() == one.max() and other.min() == other.max():
        assert standardised == Number(reason="no-variance")
    else:
        expected = (one.mean() - other.mean()) / math.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
        assert standardised.text is not None
        assert math.isclose(float(standardised.text), expected, rel_tol=1e-9, abs_tol=1e-9)


@given(st.lists(HISTOGRAMS, max_size=5))
@example([{1: 4}, {1: 3}])
@example([{1: 1}, {2: 1}])
def test_analysis_of_variance(histograms: list[dict[int, int]]) -> None:
    found = comparison.anova(moments(histogram) for histogram in histograms)
    groups = [rows(histogram) for histogram in histograms if sum(histogram.values())]

    if len(groups) < 2:
        assert is_undefined(found, "needs-two-groups")
    elif sum(map(len, groups)) == len(groups):
        assert is_undefined(found, "needs-two")
    elif all(group.min() == group.max() for group in groups):
        assert is_undefined(found, "no-variance")
    elif len({Fraction(int(group.sum()), len(group)) for group in groups}) == 1:
        assert (found.statistic.text, found.p.text, found.significant.text) == ("0", "1", "no"), "scipy gets lost in rounding here"
    else:
        expected = stats.f_oneway(*groups)
        assert same(found, expected.statistic, expected.pvalue)
        assert [number.text for number in found.degrees] == [str(len(groups) - 1), str(sum(map(len, groups)) - len(groups))]


@given(TIED | HISTOGRAMS, TIED | HISTOGRAMS)
@example({2: 5}, {2: 3})
@example({2: 1}, {3: 1})
def test_mann_whitney_with_ties(first: dict[int, int], second: dict[int, int]) -> None:
    found = comparison.mann_whitney(first, second)
    one, other = rows(first), rows(second)

    if min(len(one), len(other)) == 0:
        assert is_undefined(found, "none")
    elif len(set(one) | set(other)) == 1:
        assert is_undefined(found, "no-variance")
    else:
        expected = stats.mannwhitneyu(one, other, use_continuity=False, method="asymptotic")
        assert same(found, expected.statistic, expected.pvalue)


@given(TIED | HISTOGRAMS)
@example({0: 9})
@example({0: 9, 4: 1})
@example({-3: 2, 3: 2})
def test_wilcoxon_drops_zeros_and_corrects_for_ties(changes: dict[int, int]) -> None:
    found, data = comparison.wilcoxon(changes), rows(changes)

    if len(data) == 0:
        assert is_undefined(found, "none")
    elif not data.any():
        assert is_undefined(found, "no-change")
    else:
        expected = stats.wilcoxon(data, zero_method="wilcox", correction=False, method="approx", alternative="two-sided")
        signed = stats.rankdata(np.abs(data[data != 0])) * np.sign(data[data != 0])
        assert same(found, float(signed[signed > 0].sum()), expected.pvalue)


@given(TABLES)
@example([[3, 0], [0, 0]])
@example([[3, 4], [0, 0], [5, 1]])
def test_chi_squared_drops_what_is_empty(table: list[list[int]]) -> None:
    found = comparison.chi_squared(table)
    kept = np.array(table, dtype=float)
    kept = kept[kept.sum(axis=1) > 0][:, kept.sum(axis=0) > 0]

    if kept.size == 0:
        assert is_undefined(found.test, "none")
        assert found.least_expected == Number(reason="none")
    elif min(kept.shape) == 1:
        assert is_undefined(found.test, "needs-two-groups")
    else:
        expected = stats.chi2_contingency(kept, correction=False)
        assert same(found.test, expected.statistic, expected.pvalue)
        assert close(found.least_expected, expected.expected_freq.min())


def test_the_mark_is_below_a_twentieth_and_not_at_it() -> None:
    assert comparison.mark(Number("0.04999999999")).text == "yes"
    assert comparison.mark(Number("0.05")).text == "no"
    assert comparison.mark(Number(reason="none")) == Number(reason="none")


@pytest.mark.parametrize(("population", "needed"), [(1814, 452), (433, 252), (1, 1), (600, 301), (10**9, 601)])
def test_a_sample_that_suffices_for_four_percent(population: int, needed: int) -> None:
    assert needed_of(population, Fraction(4, 100)) == needed
