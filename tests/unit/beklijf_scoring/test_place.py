"""Places that the tables of `tests/spec` do not reach: other time zones, overlapping windows, no windows at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from beklijf_domain.protocol import Moment, Protocol
from beklijf_scoring.domain.place import Course, course_of, day_of, nearest_of, place
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.subjects import CONTRACTS, HEARING

EPISODE = HEARING.episode(episode_changed())
IMSR = CONTRACTS.protocols["imsr"]


def course(protocol: Protocol) -> Course:
    return course_of(EPISODE, protocol, protocol.windows(date(2014, 3, 3)))


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Amsterdam", "2014-03-18"), ("UTC", "2014-03-17"), ("America/New_York", "2014-03-17"), ("Pacific/Auckland", "2014-03-18")],
)
def test_the_day_is_that_of_the_programme(zone: str, day: str) -> None:
    answer = HEARING.answer(response_accepted(measured="2014-03-17T23:30:00Z"))

    assert day_of(answer, zone).isoformat() == day


def test_a_programme_elsewhere_places_by_its_own_days() -> None:
    last_minutes = HEARING.answer(response_accepted(measured="2014-03-17T23:30:00Z", stated_episode="e1"))

    at_home = place(last_minutes, {"e1": course(IMSR)})
    elsewhere = place(last_minutes, {"e1": course(replace(IMSR, time_zone="UTC"))})

    assert (at_home.counts, elsewhere.counts, elsewhere.moment) == ("off-window", "counted", "t0")


def test_the_nearest_target_decides_should_windows_overlap() -> None:
    moments = tuple(Moment(code, code, months, 40, 40, ("vas-pain",), None) for code, months in (("a", 1), ("b", 2)))
    both = course(Protocol("p", "1", "P", "UTC", (2014,), moments, (), "-"))

    found = [nearest_of(both, date.fromisoformat(day)) for day in ("2014-04-03", "2014-04-18", "2014-04-19", "2014-05-03", "2016-01-01")]

    assert [each.code if each else None for each in found] == ["a", "a", "b", "b", None]


def test_an_episode_without_end_of_participation_has_no_end() -> None:
    stated = HEARING.episode(episode_changed(participation="withdrawn", participation_since=None))

    assert (course(IMSR).ended, course_of(stated, IMSR, {}).ended) == (None, None)
