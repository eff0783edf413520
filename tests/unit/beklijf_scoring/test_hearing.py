"""What is kept of an event: facts that read back as they were, scored, with the instants compared as what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from beklijf_scoring.domain import facts
from beklijf_scoring.hearing import Hearing, Inapplicable, encoded, event_of, fact_of
from beklijf_shared import contracts, topics
from beklijf_shared.events import Answer, DataQuality, encode
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.site_forms import add_to, qbpds_with_total
from tests.lib.subjects import HEARING


def test_an_answer_reads_back_as_it_was_kept() -> None:
    event = response_accepted("r1", 55, instrument="qbpds", stated_episode="e1", stated_moment="t1", received="2014-03-04T00:00:00.25Z")

    answer = fact_of(topics.RESPONSE_ACCEPTED.name, encoded(HEARING.fact(event)))

    assert answer == HEARING.answer(event)
    assert isinstance(answer, facts.Answer)
    assert (answer.instrument, answer.values[0].integer, answer.scorable, answer.stated_moment) == ("qbpds", 55, True, "t1")
    assert (answer.measured_microseconds, answer.received_microseconds) == (1393837200000000, 1393891200250000)


def test_an_episode_reads_back_as_it_was_kept() -> None:
    event = episode_changed(birth_year=None, participation="withdrawn", participation_since="2014-06-01")

    assert fact_of(topics.EPISODE_CHANGED.name, encoded(HEARING.fact(event))) == HEARING.episode(event)


@pytest.mark.parametrize(("measured", "day"), [("2014-03-03T22:59:59Z", "2014-03-03"), ("2014-03-03T23:00:00Z", "2014-03-04")])
def test_the_day_is_that_of_the_registry(measured: str, day: str) -> None:
    assert HEARING.answer(response_accepted(measured=measured)).day == day


def test_what_was_entered_in_error_keeps_no_score() -> None:
    answer = HEARING.answer(response_accepted("r1", 55, status="entered-in-error"))

    assert (answer.retracted, answer.scorable, answer.not_scorable_reason, answer.values) == (True, False, "retracted", ())


def test_what_scoring_is_not_told_is_refused() -> None:
    event = DataQuality(version=1, organisation="o1", counts={}, not_scorable=0, moment_stated_off_window=0, episode_of_another_patient=0)

    with pytest.raises(Inapplicable, match="unexpected-event"):
        HEARING.fact(event)


def test_a_reason_never_holds_what_was_answered() -> None:
    with pytest.raises(Inapplicable) as raised:
        HEARING.fact(response_accepted("r1", 4711))

    assert "4711" not in str(raised.value)


def test_an_event_is_read_back_from_its_text() -> None:
    event = response_accepted("r1", 55)

    assert event_of(topics.RESPONSE_ACCEPTED.name, encode(event)) == event


def test_what_a_form_asks_besides_its_instrument_is_no_part_of_the_score(tmp_path: Path) -> None:
    hearing = Hearing(contracts.load(add_to(tmp_path, qbpds_with_total())))
    given = response_accepted("r1", 55, instrument="qbpds")
    more = (*given.answers, Answer(link="tired", boolean=True))

    assert hearing.answer(replace(given, questionnaire_version="1.1.0", answers=more)).values[0].integer == 55
    with pytest.raises(Inapplicable, match="answer-unknown-item"):
        hearing.fact(replace(given, answers=more))


def test_a_form_that_nobody_scores_is_kept_without_a_score() -> None:
    answer = HEARING.answer(replace(response_accepted("r1", 55), questionnaire="https://example.org/q", questionnaire_version="2.1"))

    assert (answer.instrument, answer.questionnaire, answer.scorable) == ("no-instrument", "https://example.org/q", False)
    assert (answer.not_scorable_reason, answer.values) == ("no-instrument", ())
