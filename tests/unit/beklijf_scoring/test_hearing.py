"""What is kept of an event: facts that read back as they were, scored, with the instants compared as what they are."""

from __future__ import annotations

import pytest

from beklijf_scoring.hearing import Inapplicable, answer_of, episode_of, event_of
from beklijf_shared import topics
from beklijf_shared.events import DataQuality, encode
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.subjects import HEARING


def test_an_answer_reads_back_as_it_was_kept() -> None:
    event = response_accepted("r1", 55, instrument="qbpds", stated_episode="e1", stated_moment="t1", received="2014-03-04T00:00:00.25Z")

    answer = answer_of(HEARING.facts(event))

    assert answer == HEARING.answer(event)
    assert (answer.instrument, answer.values[0].integer, answer.scorable, answer.stated_moment) == ("qbpds", 55, True, "t1")
    assert (answer.measured_microseconds, answer.received_microseconds) == (1393837200000000, 1393891200250000)


def test_an_episode_reads_back_as_it_was_kept() -> None:
    event = episode_changed(birth_year=None, participation="withdrawn", participation_since="2014-06-01")

    assert episode_of(HEARING.facts(event)) == HEARING.episode(event)


@pytest.mark.parametrize(("measured", "day"), [("2014-03-03T22:59:59Z", "2014-03-03"), ("2014-03-03T23:00:00Z", "2014-03-04")])
def test_the_day_is_that_of_the_registry(measured: str, day: str) -> None:
    assert HEARING.answer(response_accepted(measured=measured)).day == day


def test_what_was_entered_in_error_keeps_no_score() -> None:
    answer = HEARING.answer(response_accepted("r1", 55, status="entered-in-error"))

    assert (answer.retracted, answer.scorable, answer.not_scorable_reason, answer.values) == (True, False, "retracted", ())


def test_what_scoring_is_not_told_is_refused() -> None:
    event = DataQuality(version=1, organisation="o1", counts={}, not_scorable=0, moment_stated_off_window=0, episode_of_another_patient=0)

    with pytest.raises(Inapplicable, match="unexpected-event"):
        HEARING.facts(event)


def test_a_reason_never_holds_what_was_answered() -> None:
    with pytest.raises(Inapplicable) as raised:
        HEARING.facts(response_accepted("r1", 4711))

    assert "4711" not in str(raised.value)


def test_an_event_is_read_back_from_its_text() -> None:
    event = response_accepted("r1", 55)

    assert event_of(topics.RESPONSE_ACCEPTED.name, encode(event)) == event
