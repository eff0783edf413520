"""Verdicts over all scores: exact, monotone, and never both ways at once (M25, M26)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from beklijf_domain.exact import cut_decimals, cut_digits, exact_text, is_finite
from tests.lib.subjects import KNOWLEDGE

RANK = {"deteriorated": 0, "unchanged": 1, "improved": 2}
scores = st.integers(0, 100)


@given(st.sampled_from(sorted(KNOWLEDGE.judges)), st.integers(1, 100), scores, scores)
def test_a_lower_follow_up_is_never_judged_worse(instrument: str, baseline: int, one: int, other: int) -> None:
    lower, higher = (KNOWLEDGE.judges[instrument](baseline, score).verdicts for score in sorted((one, other)))

    assert all(RANK[a.verdict] >= RANK[b.verdict] for a, b in zip(lower, higher, strict=True))


@given(st.sampled_from(sorted(KNOWLEDGE.judges)), scores, scores)
def test_a_margin_that_is_not_negative_is_an_improvement(instrument: str, baseline: int, follow_up: int) -> None:
    change = KNOWLEDGE.judges[instrument](baseline, follow_up)

    assert int(change.difference) == follow_up - baseline
    for each in change.verdicts:
        assert (each.margin is None) == (each.verdict == "not-evaluable") == (each.rule == "imsr-30-percent" and baseline == 0)
        if each.margin is not None:
            assert (Decimal(each.margin) >= 0) == (each.verdict == "improved")


@given(st.fractions(max_denominator=10**6), st.integers(1, 20))
def test_a_cut_is_less_than_half_a_last_digit_away(value: Fraction, digits: int) -> None:
    text = cut_digits(value, digits)

    size = Fraction(10) ** (Decimal(text).adjusted() - digits + 1) if value else Fraction(1)
    assert abs(Fraction(text) - value) <= size / 2


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9), st.integers(0, 5))
def test_rounding_is_symmetric_and_never_moves_more_than_a_half(value: Decimal, decimals: int) -> None:
    text = cut_decimals(value, decimals)

    assert abs(Decimal(text) - value) <= Decimal(1).scaleb(-decimals) / 2
    assert Decimal(cut_decimals(-value, decimals)) == -Decimal(text)


@given(st.integers(-(10**9), 10**9), st.integers(0, 9))
def test_exact_text_reads_back_as_the_same_value(integer: int, scale: int) -> None:
    value = Fraction(integer, 10**scale)

    assert is_finite(value)
    assert Fraction(exact_text(value)) == value
