"""Dates in searches: what each covers, and the table of prefixes of FHIR R4 (search, 3.1.1.4.5) with literal expectations."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from beklijf_intake.domain.search.dates import LATEST, Asked, Stretch, asked, covered, searchable
from beklijf_intake.domain.submission import Searchable
from tests.lib import builders

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2020, 3, 2, 12, 0, tzinfo=UTC)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2014", at(2013, 12, 31, 23), at(2014, 12, 31, 23)),
        ("2014-03", at(2014, 2, 28, 23), at(2014, 3, 31, 22)),  # the clocks go forward in it
        ("2014-12", at(2014, 11, 30, 23), at(2014, 12, 31, 23)),
        ("2014-03-30", at(2014, 3, 29, 23), at(2014, 3, 30, 22)),  # a day of 23 hours
        ("2014-10-26", at(2014, 10, 25, 22), at(2014, 10, 26, 23)),  # and one of 25
        ("2014-03-03T10:00Z", at(2014, 3, 3, 10), at(2014, 3, 3, 10, 1)),
        ("2014-03-03T10:00", at(2014, 3, 3, 9), at(2014, 3, 3, 9, 1)),
        ("2014-03-03T10:00:00+02:00", at(2014, 3, 3, 8), at(2014, 3, 3, 8, 0, 1)),
        ("2014-03-03T10:00:00 02:00", at(2014, 3, 3, 8), at(2014, 3, 3, 8, 0, 1)),
        ("2014-03-03T10:00:00-05:00", at(2014, 3, 3, 15), at(2014, 3, 3, 15, 0, 1)),
        ("2014-03-03T10:00:00.5Z", at(2014, 3, 3, 10, 0, 0, 500_000), at(2014, 3, 3, 10, 0, 0, 600_000)),
        ("2014-03-03T10:00:00.123Z", at(2014, 3, 3, 10, 0, 0, 123_000), at(2014, 3, 3, 10, 0, 0, 124_000)),
        ("2014-03-03T10:00:00.123456789Z", at(2014, 3, 3, 10, 0, 0, 123_456), at(2014, 3, 3, 10, 0, 0, 123_457)),
        ("9999", at(9998, 12, 31, 23), LATEST),
        ("9999-12-31", at(9999, 12, 30, 23), LATEST),
        ("0001", at(1, 1, 1), at(1, 12, 31, 23, 40, 28)),  # before the railways every town had its own time
    ],
)
def test_a_date_covers_what_its_digits_leave_open(text: str, since: datetime, until: datetime) -> None:
    assert covered(text, AMSTERDAM) == Stretch(since, until)


@pytest.mark.parametrize(
    "text",
    [
        "", "14", "20140303", "2014-3-3", "2014-02-30", "2014-13", "0000", "2014-03-03T10", "2014-03-03T24:00:00Z", "2014-03-03T10:00:60Z",
        "2014-03-03T10:00:00+15:00", "2014-03-03 10:00:00Z", "2014-03-03T10:00:00z", "2014-W10", "２０１４", "2014\n",
        "0001-01-01T00:00+14:00",
    ],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    assert covered(text, AMSTERDAM) is None


# What stands in a resource, and whether each prefix before 2014-03-03 (a day of Amsterdam) finds it.
DAY_BEFORE, THE_DAY, DAY_AFTER = covered("2014-03-02", AMSTERDAM), covered("2014-03-03", AMSTERDAM), covered("2014-03-04", AMSTERDAM)
INSTANT_WITHIN = covered("2014-03-03T10:00:00Z", AMSTERDAM)
LAST_SECOND, NEXT_SECOND = covered("2014-03-03T23:59:59+01:00", AMSTERDAM), covered("2014-03-04T00:00:00+01:00", AMSTERDAM)
ROUND_ABOUT = Stretch(at(2014, 3, 1), at(2014, 3, 5))
INTO = Stretch(at(2014, 3, 1), at(2014, 3, 3, 12))
OUT_OF = Stretch(at(2014, 3, 3, 12), at(2014, 3, 5))
ENDLESS = Stretch(at(2014, 3, 1), None)


@pytest.mark.parametrize(
    ("found", "prefixes"),
    [
        (DAY_BEFORE, "ne lt le eb"),
        (THE_DAY, "eq ge le"),
        (INSTANT_WITHIN, "eq ge le"),
        (LAST_SECOND, "eq ge le"),
        (NEXT_SECOND, "ne gt ge sa"),
        (DAY_AFTER, "ne gt ge sa"),
        (ROUND_ABOUT, "ne gt lt ge le"),
        (INTO, "ne lt le"),
        (OUT_OF, "ne gt ge"),
        (ENDLESS, "ne gt lt ge le"),
    ],
)
def test_the_table_of_prefixes(found: Stretch, prefixes: str) -> None:
    fitting = []
    for prefix in ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"):
        one = asked(f"{prefix}2014-03-03", AMSTERDAM, NOW)
        assert one is not None
        if one.fits(found):
            fitting.append(prefix)

    assert fitting == prefixes.split()
    assert asked("2014-03-03", AMSTERDAM, NOW) == asked("eq2014-03-03", AMSTERDAM, NOW)


def test_examples_of_the_specification() -> None:
    """R4, 3.1.1.4.5: eq2013-01-14, ne2013-01-14, lt2013-01-14T10:00, gt2013-01-14T10:00, ge2013-03-14, le2013-03-14, sa, eb."""
    midnight, ten_to_ten = covered("2013-01-14T00:00", AMSTERDAM), covered("2013-01-14T10:00", AMSTERDAM)
    next_day, from_january = covered("2013-01-15T00:00", AMSTERDAM), Stretch(at(2013, 1, 21), None)
    until_january, from_the_15th = Stretch(at(2012, 12, 1), at(2013, 1, 21)), Stretch(at(2013, 3, 15), None)

    def fits(text: str, found: Stretch | None) -> bool:
        one = asked(text, AMSTERDAM, NOW)
        assert one is not None
        assert found is not None
        return one.fits(found)

    assert (fits("eq2013-01-14", midnight), fits("eq2013-01-14", ten_to_ten), fits("eq2013-01-14", next_day)) == (True, True, False)
    assert (fits("ne2013-01-14", midnight), fits("ne2013-01-14", ten_to_ten), fits("ne2013-01-14", next_day)) == (False, False, True)
    assert (fits("lt2013-01-14T10:00", midnight), fits("lt2013-01-14T10:00", ten_to_ten)) == (True, False)
    assert (fits("gt2013-01-14T10:00", midnight), fits("gt2013-01-14T10:00", next_day)) == (False, True)
    assert fits("ge2013-03-14", from_january)
    assert fits("le2013-03-14", from_january)
    assert (fits("sa2013-03-14", from_the_15th), fits("sa2013-03-14", from_january)) == (True, False)
    assert (fits("eb2013-03-14", until_january), fits("eb2013-03-14", from_january)) == (True, False)


def test_about_is_a_tenth_of_the_distance_to_now() -> None:
    about = asked("ap2020-03-02T11:00:00Z", AMSTERDAM, NOW)  # an hour ago, so six minutes either way

    assert about == Asked("ap", at(2020, 3, 2, 10, 54, 0, 50_000), at(2020, 3, 2, 11, 6, 0, 950_000))
    assert about.fits(Stretch(at(2020, 3, 2, 11, 6), at(2020, 3, 2, 11, 7)))
    assert not about.fits(Stretch(at(2020, 3, 2, 11, 7), at(2020, 3, 2, 11, 8)))
    assert asked("ap0001", AMSTERDAM, NOW) is not None
    assert asked("ap9999", AMSTERDAM, NOW) is not None


@pytest.mark.parametrize("text", ["ge", "gt 2014", "GE2014", "zz2014", "eqeq2014"])
def test_what_is_no_date_with_a_prefix(text: str) -> None:
    assert asked(text, AMSTERDAM, NOW) is None


def test_what_resources_are_found_by() -> None:
    answer = searchable(builders.vas("a", 1, authored="2014-03-03"), AMSTERDAM)
    going_on = searchable(builders.episode("e", t0="2014-03-03"), AMSTERDAM)
    ended = searchable(builders.episode("e", t0="2014-03-03", ended="2014-06-30", status="finished"), AMSTERDAM)

    vas = "https://w3id.org/beklijf/fhir/Questionnaire/vas-pain|1.0.0"
    assert answer == Searchable(at(2014, 3, 2, 23), at(2014, 3, 3, 23), vas, "completed", ())
    programme = ("https://w3id.org/beklijf/fhir/CodeSystem/programme|imsr",)
    assert going_on == Searchable(at(2014, 3, 2, 23), None, None, "active", programme)
    assert ended == Searchable(at(2014, 3, 2, 23), at(2014, 6, 30, 22), None, "finished", programme)
    assert searchable(builders.consent(since="2014-06-01"), AMSTERDAM).since == at(2014, 5, 31, 22)
    assert searchable(builders.patient(), AMSTERDAM) == Searchable()
