"""Windows for any t0 at all: inside the protocol's order, never overlapping; overlaps are found wherever they are (M1)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from beklijf_domain.calendar import add_months
from beklijf_domain.protocol import Moment, Protocol, find_overlap
from tests.lib.subjects import CONTRACTS

DAYS = st.dates(date(1600, 1, 1), date(2900, 1, 1))


@given(DAYS)
def test_windows_of_imsr_follow_each_other(t0: date) -> None:
    windows = list(CONTRACTS.protocols["imsr"].windows(t0).values())

    assert all(earlier.closes < later.opens for earlier, later in pairwise(windows))
    assert all(each.opens <= each.target <= each.closes for each in windows)


@given(DAYS, st.integers(0, 120), st.integers(0, 120))
def test_adding_months_keeps_the_order_and_the_month(day: date, fewer: int, more: int) -> None:
    first, second = add_months(day, min(fewer, more)), add_months(day, max(fewer, more))

    assert first <= second
    assert (first.year * 12 + first.month) - (day.year * 12 + day.month) == min(fewer, more)


@given(st.integers(0, 80), st.integers(1, 30), st.integers(0, 40), st.integers(0, 40), DAYS)
def test_no_day_overlaps_that_the_proof_did_not_find(start: int, between: int, after: int, before: int, t0: date) -> None:
    def moment(code: str, months: int, ahead: int, behind: int) -> Moment:
        return Moment(code, code, months, ahead, behind, ("x",), None)

    protocol = Protocol(
        "p", "1", "P", "Europe/Amsterdam", (2014,), (moment("a", start, 0, after), moment("b", start + between, before, 0)), (), "-"
    )
    windows = protocol.windows(t0)

    if find_overlap(protocol) is None:
        assert windows["a"].closes < windows["b"].opens
