"""Verdicts over all scores: exact, monotone, and never both ways at once (M25, M26)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from beklijf_domain.exact import cut_decimals, cut_digits, exact_text, is_finite
from beklijf_domain.formula import Value
from beklijf_domain.rule import Judgement, Threshold
from beklijf_scoring.domain.change import why_not_evaluable
from tests.lib.subjects import KNOWLEDGE

RANK = {"deteriorated": 0, "unchanged": 1, "improved": 2, "not-acceptable": 0, "acceptable": 1}
scores = st.integers(0, 100)


judged = st.sampled_from(sorted(KNOWLEDGE.judges))
"""A version of a programme, and an instrument: all that are judged have high for worse."""
OF_A_SHARE = {"imsr-30-percent", "qbpds-chronic-2010", "qbpds-chronic-2022"}


def number(score: int) -> Value:
    return Value("any", score, 0, None)


NUMBERS = st.fractions(min_value=Fraction(1, 20), max_value=50, max_denominator=20)


@given(
    st.sampled_from(["relative", "absolute", "both"]),
    NUMBERS,
    st.none() | st.fractions(min_value=-20, max_value=60, max_denominator=10),
)
def test_a_rule_is_not_evaluable_for_one_reason_only_whatever_was_answered(
    kind: str, threshold: Fraction, minimum: Fraction | None
) -> None:
    """Decision 0031. Shares are taken only of instruments that do not go below zero (`consistency`)."""
    asked = Threshold(">=", None if kind == "absolute" else threshold, None if kind == "relative" else threshold)
    lowest = -50 if kind == "absolute" else 0

    found = {why_not_evaluable(Judgement(asked, asked, minimum), Fraction(tenths, 10)) for tenths in range(lowest * 10, 1001)} - {None}

    assert len(found) <= 1
    assert "baseline-zero" not in found or minimum is None or minimum <= 0


@given(judged, st.integers(1, 100), scores, scores)
def test_a_lower_follow_up_is_never_judged_worse(place: tuple[str, str], baseline: int, one: int, other: int) -> None:
    judge = KNOWLEDGE.judges[place]

    lower, higher = (judge(number(baseline), number(score)).verdicts for score in sorted((one, other)))

    assert all(RANK[a.verdict] >= RANK[b.verdict] for a, b in zip(lower, higher, strict=True))


@given(judged, scores, scores)
def test_a_margin_that_is_not_negative_is_an_improvement(place: tuple[str, str], baseline: int, follow_up: int) -> None:
    change = KNOWLEDGE.judges[place](number(baseline), number(follow_up))

    assert change.difference == str(follow_up - baseline)
    for each in change.verdicts:
        assert (each.margin is None) == (each.verdict == "not-evaluable") == (each.rule in OF_A_SHARE and baseline == 0)
        if each.margin is not None:
            assert (Decimal(each.margin) >= 0) == (each.verdict in ("improved", "acceptable"))


@given(judged, scores, scores)
def test_a_state_is_judged_alike_whatever_it_was_before(place: tuple[str, str], baseline: int, follow_up: int) -> None:
    judge = KNOWLEDGE.judges[place]

    alone, after = judge(None, number(follow_up)), judge(number(baseline), number(follow_up))

    assert alone.difference is None
    assert alone.verdicts == tuple(each for each in after.verdicts if each.verdict in ("acceptable", "not-acceptable"))


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
