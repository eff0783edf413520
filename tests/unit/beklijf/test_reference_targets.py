"""Reading what was printed, and what may stand behind it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from beklijf.reference.imsr.targets import NON_RESPONDERS, QBPDS, RESPONDERS, VAS, Interval, Target, behind, perceived, targets, women


@pytest.mark.parametrize(
    ("printed", "low", "high"), [("28", "27.5", "28.5"), ("45.5", "45.45", "45.55"), ("8", "7.5", "8.5"), ("0", "-0.5", "0.5")]
)
def test_a_printed_number_stands_for_what_rounds_to_it_half_up(printed: str, low: str, high: str) -> None:
    interval = behind(printed)

    assert interval == Interval(Fraction(low), Fraction(high))
    assert interval.holds(Fraction(low))
    assert not interval.holds(Fraction(high))


def test_two_tables_that_agree_leave_what_fits_both() -> None:
    narrow = targets()[QBPDS, NON_RESPONDERS, 2015, "t0"].mean

    assert narrow == Interval(Fraction("46.45"), Fraction("46.5"))


@pytest.mark.parametrize(
    ("cell", "table_2"),
    [
        ((QBPDS, RESPONDERS, 2013, "t0"), {"n": 152}),
        ((QBPDS, NON_RESPONDERS, 2013, "t0"), {"n": 259}),
        ((QBPDS, NON_RESPONDERS, 2013, "t1"), {"sd": behind("15.1")}),
        ((QBPDS, NON_RESPONDERS, 2014, "t1"), {"sd": behind("15.6")}),
        ((VAS, NON_RESPONDERS, 2012, "t1"), {"n": 292}),
        ((VAS, NON_RESPONDERS, 2013, "t1"), {"sd": behind("26.5")}),
        ((VAS, NON_RESPONDERS, 2015, "t1"), {"mean": behind("40.7"), "sd": behind("23.6")}),
    ],
    ids=str,
)
def test_table_2_wins_where_table_4_excludes_it(cell: tuple[str, str, int, str], table_2: dict[str, object]) -> None:
    target = targets()[cell]

    assert {name: getattr(target, name) for name in table_2} == table_2


def test_eight_cells_leave_half_of_the_usual_room() -> None:
    usual = Fraction(1, 10)

    tight = [cell for cell, target in targets().items() if min(target.mean.high - target.mean.low, target.sd.high - target.sd.low) < usual]

    assert len(tight) == 8
    assert len(targets()) == 80


def test_table_4_fills_the_rest() -> None:
    assert targets()[VAS, RESPONDERS, 2012, "t4"] == Target(139, behind("24"), behind("23"))


def test_the_men_of_2014_are_read_as_eleven_percent() -> None:
    assert women()[RESPONDERS, 2014] == 158
    assert women() == {
        (RESPONDERS, 2012): 106, (NON_RESPONDERS, 2012): 223, (RESPONDERS, 2013): 124, (NON_RESPONDERS, 2013): 184,
        (RESPONDERS, 2014): 158, (NON_RESPONDERS, 2014): 183, (RESPONDERS, 2015): 158, (NON_RESPONDERS, 2015): 177,
    }  # fmt: skip


def test_table_5_counts_those_without_an_answer_at_long_term() -> None:
    everybody = [pair for pairs in perceived().values() for pair in pairs]

    assert len(everybody) == 731
    assert sum(later is None for _, later in everybody) == 8
    assert everybody.count(("much-better", "better")) == 262
