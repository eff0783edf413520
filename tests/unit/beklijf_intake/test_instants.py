"""Dates and instants as FHIR writes them (M2), where common parsers are more lenient or less exact."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from beklijf_intake.domain.instants import When, instant, is_time, when

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014-03-03T10:00:00Z", datetime(2014, 3, 3, 10, 0, tzinfo=UTC)),
        ("2014-03-03T10:00:00+01:00", datetime(2014, 3, 3, 9, 0, tzinfo=UTC)),
        ("2014-03-03T23:30:00-13:59", datetime(2014, 3, 4, 13, 29, tzinfo=UTC)),
        ("2014-03-03T10:00:00+14:00", datetime(2014, 3, 2, 20, 0, tzinfo=UTC)),
        ("2014-03-03T10:00:00.123456789Z", datetime(2014, 3, 3, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2014-03-03T10:00:00.5Z", datetime(2014, 3, 3, 10, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_instants_become_utc(text: str, expected: datetime) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize(
    "text",
    ["2014-03-03T10:00Z", "2014-03-03T10:00:00", "2014-03-03 10:00:00Z", "20140303T100000Z", "2014-03-03T10:00:00+15:00",
     "2014-02-29T10:00:00Z",
     "2014-03-03T10:00:00-00:00", "2014-03-03T24:00:00Z", "2014-03-03T10:00:60Z", "0001-01-01T00:00:00+14:00", "2014-03-03T10:00:00Z\n",
     "２014-03-03T10:00:00Z", "2014-03-03T10:00:00+14:30", "2014-03-03t10:00:00z", "0000-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_instant(text: str) -> None:
    assert instant(text) is None


def test_whole_days_and_less() -> None:
    assert when("2014-03-03") == When(2014, day=date(2014, 3, 3))
    assert when("2014-03") == when("2014") == When(2014)
    assert [when(text) for text in ("2014-02-29", "0000", "2014-13", "2014-3-3", "20140303", "14", "")] == [None] * 7


def test_an_instant_becomes_a_day_in_the_registrys_zone() -> None:
    late = when("2014-03-03T23:30:00Z")

    assert late is not None
    assert late.day_in(AMSTERDAM) == date(2014, 3, 4)


def test_a_whole_day_begins_at_local_midnight() -> None:
    summer = when("2014-07-01")

    assert summer is not None
    assert summer.instant_in(AMSTERDAM) == datetime(2014, 6, 30, 22, 0, tzinfo=UTC)
    assert When(2014).instant_in(AMSTERDAM) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("00:00:00", True), ("23:59:59.9", True), ("24:00:00", False), ("10:00", False), ("10:00:00Z", False)]
)
def test_times(text: str, expected: bool) -> None:
    assert is_time(text) is expected
