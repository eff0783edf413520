"""The windows of iMSR (M1, M4): first and last day inside. The day of an answer (M2) is in the cases of `test_placement`."""

from __future__ import annotations

from datetime import date

import pytest

from beklijf_domain.calendar import add_months
from tests.lib.subjects import CONTRACTS

IMSR = CONTRACTS.protocols["imsr"]

WINDOWS = [  # t0, moment, opens, target, closes
    ("2014-03-03", "t0", "2014-01-20", "2014-03-03", "2014-03-17"),
    ("2014-03-03", "t1", "2014-04-05", "2014-05-03", "2014-06-07"),
    ("2014-03-03", "t2", "2014-06-19", "2014-08-03", "2014-10-02"),
    ("2014-03-03", "t3", "2015-03-05", "2015-06-03", "2015-10-01"),
    ("2014-03-03", "t4", "2017-02-01", "2017-09-03", "2018-05-05"),
    ("2012-12-31", "t1", "2013-01-31", "2013-02-28", "2013-04-04"),
    ("2015-12-31", "t1", "2016-02-01", "2016-02-29", "2016-04-04"),
    ("2012-02-29", "t3", "2013-02-28", "2013-05-29", "2013-09-26"),
    ("2012-06-15", "t4", "2017-05-15", "2017-12-15", "2018-08-16"),
    ("2013-06-15", "t4", "2017-05-15", "2017-12-15", "2018-08-16"),
    ("2014-06-15", "t4", "2017-05-15", "2017-12-15", "2018-08-16"),
    ("2015-06-15", "t4", "2017-05-15", "2017-12-15", "2018-08-16"),
]


@pytest.mark.parametrize(("t0", "moment", "opens", "target", "closes"), WINDOWS)
def test_a_window_opens_and_closes_on_these_days(t0: str, moment: str, opens: str, target: str, closes: str) -> None:
    window = IMSR.windows(date.fromisoformat(t0))[moment]

    assert (window.opens.isoformat(), window.target.isoformat(), window.closes.isoformat()) == (opens, target, closes)


@pytest.mark.parametrize("t0", ["2011-12-31", "2016-01-01"])
def test_t4_is_not_scheduled_outside_the_protocols_years(t0: str) -> None:
    assert list(IMSR.windows(date.fromisoformat(t0))) == ["t0", "t1", "t2", "t3"]


CLAMPED = [  # day, months, the same day then
    ("2015-12-31", 2, "2016-02-29"),
    ("2014-12-31", 2, "2015-02-28"),
    ("2014-01-31", 1, "2014-02-28"),
    ("2014-08-31", 13, "2015-09-30"),
    ("2012-02-29", 12, "2013-02-28"),
    ("2012-02-29", 48, "2016-02-29"),
    ("2014-11-30", 0, "2014-11-30"),
    ("2014-11-15", 14, "2016-01-15"),
    ("2014-01-31", -1, "2013-12-31"),
    ("2014-03-31", -1, "2014-02-28"),
]


@pytest.mark.parametrize(("day", "months", "then"), CLAMPED)
def test_months_are_added_by_the_calendar_and_clamped_at_the_end_of_the_month(day: str, months: int, then: str) -> None:
    assert add_months(date.fromisoformat(day), months).isoformat() == then
