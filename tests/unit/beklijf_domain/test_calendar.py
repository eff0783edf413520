"""Days and months (M1, M2, M4, M22)."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from beklijf_domain.calendar import add_months, age, local_date, treatment_year


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2014-01-31T22:59:59+00:00", "2014-01-31"),
        ("2014-01-31T23:00:00+00:00", "2014-02-01"),
        ("2014-03-30T00:59:59+00:00", "2014-03-30"),  # the night in which summer time begins
        ("2014-10-25T22:00:00+00:00", "2014-10-26"),  # the night in which it ends
        ("2014-10-26T23:00:00+00:00", "2014-10-27"),
        ("2014-06-01T01:00:00+05:00", "2014-05-31"),
    ],
)
def test_an_instant_falls_on_the_day_of_amsterdam(instant: str, day: str) -> None:
    assert local_date(datetime.fromisoformat(instant), "Europe/Amsterdam") == date.fromisoformat(day)


def test_an_instant_without_offset_has_no_day() -> None:
    with pytest.raises(ValueError, match="has no offset"):
        local_date(datetime(2014, 1, 1), "Europe/Amsterdam")  # noqa: DTZ001


def test_the_calendar_ends() -> None:
    with pytest.raises(OverflowError):
        add_months(date(9999, 12, 1), 1)


def test_treatment_year_and_age_follow_from_t0() -> None:
    assert (treatment_year(date(2012, 12, 31)), age(date(2012, 12, 31), 1970), age(date(2012, 1, 1), 1970)) == (2012, 42, 42)
