"""The windows of iMSR and the day of an answer (M1, M2, M4): first and last day inside, first and last day outside."""

from __future__ import annotations

from datetime import date

import pytest

from beklijf_domain.calendar import add_months
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.subjects import CONTRACTS, placed

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


EDGES = [  # measured, moment, how it counts; t0 is 2014-03-03
    ("2014-01-19T12:00:00Z", None, "off-window"),
    ("2014-01-20T12:00:00Z", "t0", "counted"),
    ("2014-03-17T12:00:00Z", "t0", "counted"),
    ("2014-03-17T22:59:59Z", "t0", "counted"),  # 17 March, a second to midnight in Amsterdam
    ("2014-03-17T23:00:00Z", None, "off-window"),  # 18 March, midnight in Amsterdam
    ("2014-04-04T21:59:59Z", None, "off-window"),
    ("2014-04-04T22:00:00Z", "t1", "counted"),  # summer time: 5 April begins two hours before that of Greenwich
    ("2014-06-07T12:00:00Z", "t1", "counted"),
    ("2014-06-08T12:00:00Z", None, "off-window"),
    ("2018-05-05T12:00:00Z", "t4", "counted"),
    ("2018-05-06T12:00:00Z", None, "off-window"),
]


@pytest.mark.parametrize(("measured", "moment", "counts"), EDGES)
def test_an_answer_belongs_to_the_window_that_holds_its_local_day(measured: str, moment: str | None, counts: str) -> None:
    answer = placed(episode_changed(t0="2014-03-03"), response_accepted(measured=measured, stated_episode="e1"))

    assert (answer.moment, answer.counts) == (moment, counts)


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
