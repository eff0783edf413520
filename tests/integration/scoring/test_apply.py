"""What scoring tells after it was told something: verdicts, corrections, moves, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from beklijf_scoring.usecases import Scoring
from beklijf_shared import contracts, db, events
from beklijf_shared.events import EpisodeScored, McicChanged, ScoreComputed
from tests.integration.scoring.conftest import Service
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.events import message

AT_T1 = "2014-05-03T09:00:00Z"


def baseline(value: int | None = 90, **facts: Any) -> events.ResponseAccepted:
    return response_accepted("r0", value, **facts)


def follow_up(value: int | None = 63, **facts: Any) -> events.ResponseAccepted:
    return response_accepted("r1", value, **({"measured": AT_T1} | facts))


def verdicts(service: Service) -> dict[str, str]:
    """Of the only pair: each rule's verdict."""
    (pair,) = service.told(McicChanged)
    return {each.rule: each.verdict for each in pair.verdicts}


def test_an_episode_is_told_whole(service: Service) -> None:
    service.apply(episode_changed(), baseline(), follow_up(received="2014-05-04T10:00:00Z"))

    (told,) = service.told(EpisodeScored)
    assert (told.episode, told.programme, told.protocol_version, told.received) == ("e1", "imsr", "1.0.0", "2014-05-04T10:00:00Z")
    assert [(each.response, each.moment, each.day, each.results[0].integer) for each in told.results] == [
        ("r0", "t0", "2014-03-03", 90),
        ("r1", "t1", "2014-05-03", 63),
    ]
    (pair,) = told.verdicts
    assert (pair.instrument, pair.moment, pair.change) == ("vas-pain", "t1", "-27")
    assert [(each.rule, each.rule_version, each.verdict, each.margin) for each in pair.verdicts] == [
        ("imsr-30-percent", "1.0.0", "improved", "0"),
        ("ostelo-2008", "1.0.0", "improved", "12"),
    ]


def test_an_answer_is_told_with_where_its_score_comes_from(service: Service) -> None:
    service.apply(episode_changed(), response_accepted("r0", 55, instrument="qbpds"))

    (told,) = service.told(ScoreComputed)
    assert (told.instrument, told.instrument_version, told.questionnaire_version) == ("qbpds", "1.0.0", "1.0.0")
    assert (told.algorithm, told.results) == ("sum/all-required", (events.Result(measure="total", integer=55),))
    assert (told.episode, told.moment, told.moment_stated, told.in_window, told.counts) == ("e1", "t0", False, True, "counted")


def test_answers_that_come_before_their_episode_wait_for_it(service: Service) -> None:
    service.apply(baseline(), follow_up())
    waiting = [each.counts for each in service.told(ScoreComputed)]

    service.apply(episode_changed())

    assert waiting == ["waiting", "waiting"]
    assert [each.counts for each in service.told(ScoreComputed)] == ["counted", "counted"]
    assert verdicts(service) == {"imsr-30-percent": "improved", "ostelo-2008": "improved"}


def test_a_late_baseline_brings_the_verdict(service: Service) -> None:
    service.apply(episode_changed(), follow_up())
    (before,) = service.told(McicChanged)

    service.apply(baseline())

    assert before.none_because == "no-baseline"
    assert verdicts(service) == {"imsr-30-percent": "improved", "ostelo-2008": "improved"}


def test_an_amended_baseline_judges_anew(service: Service) -> None:
    service.apply(episode_changed(), baseline(90), follow_up(63))

    service.apply(baseline(70, version=2, status="amended"))

    assert verdicts(service) == {"imsr-30-percent": "unchanged", "ostelo-2008": "unchanged"}


def test_a_retracted_follow_up_takes_its_verdict_back(service: Service) -> None:
    service.apply(episode_changed(), baseline(), follow_up())

    service.apply(follow_up(version=2, status="entered-in-error"))

    (pair,) = service.told(McicChanged)
    (told,) = service.told(EpisodeScored)
    assert (pair.none_because, pair.verdicts, told.verdicts) == ("no-follow-up", (), ())
    assert [(each.counts, each.scorable, each.results) for each in service.told(ScoreComputed)][1] == ("retracted", False, ())


def test_an_episode_entered_in_error_has_nothing_left(service: Service) -> None:
    service.apply(episode_changed(), baseline(), follow_up())

    service.apply(episode_changed(version=2, treatment="entered-in-error"))

    (told,) = service.told(EpisodeScored)
    assert (told.treatment, told.results, told.verdicts) == ("entered-in-error", (), ())
    assert [each.counts for each in service.told(ScoreComputed)] == ["waiting", "waiting"]
    assert [each.none_because for each in service.told(McicChanged)] == ["retracted-episode"]


def test_the_same_again_and_older_versions_change_nothing(service: Service) -> None:
    service.apply(episode_changed(), baseline(80, version=3), follow_up())
    before, unsent = service.state_hash(), service.unsent()

    refused = service.apply(episode_changed(), baseline(10, version=2), baseline(80, version=3), follow_up())

    assert (refused, service.state_hash(), service.unsent()) == ([], before, unsent)


def test_the_newest_version_within_a_batch_counts(service: Service) -> None:
    service.apply(episode_changed(), baseline(30, version=3), baseline(10, version=1), baseline(20, version=2))

    assert [each.results[0].integer for each in service.told(ScoreComputed)] == [30]


def test_the_same_version_with_another_content_is_refused(service: Service) -> None:
    service.apply(baseline(80))

    refused = service.apply(baseline(81))

    assert refused == ["conflict: this version was heard with another content"]
    assert [each.results[0].integer for each in service.told(ScoreComputed)] == [80]


WRONG: list[tuple[events.Event, str]] = [
    (baseline(101), "answer-out-of-range"),
    (baseline(answers=(events.Answer(link="vas-pain", decimal="1" * 18 + "." + "1" * 18),)), "answer-wrong-type"),
    (baseline(answers=(events.Answer(link="nose", integer=1),)), "answer-unknown-item"),
    (baseline(measured="2014-02-30T09:00:00Z", received="2014-03-01T09:00:00Z"), "impossible-date"),
    (baseline(received="2014-03-01T25:00:00Z"), "impossible-date"),
    (episode_changed(programme="nobody"), "unknown-programme"),
    (episode_changed(t0="2014-02-30"), "impossible-date"),
    (episode_changed(t0="9999-12-31"), "impossible-date"),
    (episode_changed(t0="0001-01-01"), "impossible-date"),
    (episode_changed(participation="withdrawn", participation_since="2014-99-01"), "impossible-date"),
]


@pytest.mark.parametrize(("wrong", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_what_cannot_be_applied_is_refused_and_the_rest_goes_on(service: Service, wrong: events.Event, reason: str) -> None:
    good = response_accepted("good", 40)

    refused = service.apply(wrong, good)

    assert [each.partition(":")[0] for each in refused] == [reason]
    assert [each.response for each in service.told(ScoreComputed)] == ["good"]


@pytest.mark.parametrize(
    ("stated", "counts", "moment"),
    [
        ({}, "waiting", None),
        ({"stated_episode": "e1"}, "unscheduled", "t0"),
        ({"stated_episode": "e1", "stated_moment": "t1"}, "unscheduled", "t1"),
        ({"stated_episode": "e1", "measured": "2030-03-03T09:00:00Z"}, "off-window", None),
        ({"stated_episode": "e1", "status": "entered-in-error"}, "retracted", None),
    ],
)
def test_a_form_that_no_instrument_scores_is_kept_and_placed(
    service: Service, stated: dict[str, str], counts: str, moment: str | None
) -> None:
    form = {"questionnaire": "https://example.org/other", "answers": (events.Answer(link="nose", integer=1),)}

    refused = service.apply(episode_changed(), baseline(**form, **stated))

    (told,) = service.told(ScoreComputed)
    assert refused == []
    assert (told.instrument, told.questionnaire, told.scorable, told.results) == ("no-instrument", "https://example.org/other", False, ())
    assert (told.counts, told.moment) == (counts, moment)
    assert told.not_scorable_reason == ("retracted" if counts == "retracted" else "no-instrument")
    assert [each.results for each in service.told(EpisodeScored)] == [()]


def test_a_retraction_is_taken_whatever_its_answers_say(service: Service) -> None:
    refused = service.apply(baseline(101, status="entered-in-error"))

    assert (refused, [each.counts for each in service.told(ScoreComputed)]) == ([], ["retracted"])


def test_a_merge_derives_both_patients_anew(service: Service) -> None:
    service.apply(episode_changed(), baseline(), follow_up(subject="s2"))

    service.apply(follow_up(version=2, subject="s1"))

    assert service.told(ScoreComputed, "s2") == []
    assert [each.counts for each in service.told(ScoreComputed, "s1")] == ["counted", "counted"]
    assert verdicts(service) == {"imsr-30-percent": "improved", "ostelo-2008": "improved"}


def test_an_episode_that_moves_takes_its_pairs_with_it(service: Service) -> None:
    service.apply(episode_changed(), baseline(), follow_up())

    service.apply(episode_changed(version=2, subject="s2"))

    (pair,) = service.told(McicChanged, "s2")
    assert (pair.subject, pair.none_because, service.told(McicChanged, "s1")) == ("s2", "no-follow-up", [])
    assert [each.counts for each in service.told(ScoreComputed, "s1")] == ["waiting", "waiting"]
    assert [each.subject for each in service.told(EpisodeScored, "s1", "s2")] == ["s2"]


def test_versions_grow_with_the_clock_and_outrank_what_was_told_before(service: Service) -> None:
    service.apply(episode_changed())
    service.empty()

    service.apply(episode_changed())

    with service.engine.begin() as connection:
        versions = connection.exec_driver_sql("SELECT version FROM told").scalars().all()
    assert versions == [1583150402000000]  # the second second after noon of 2 March 2020, in microseconds


def test_an_instrument_that_comes_later_scores_what_was_kept_and_one_that_goes_takes_no_score_away(service: Service) -> None:
    known = contracts.load()
    without = Scoring(replace(known, by_questionnaire={}))
    rescored = service.clock()
    with db.transaction(service.engine) as connection:
        without.apply(connection, [message(event) for event in (episode_changed(), baseline(80))], rescored)
    kept = service.told(ScoreComputed)

    with db.transaction(service.engine) as connection:
        service.scoring.rescore(connection, ["s1"], rescored)
    scored = service.told(ScoreComputed)
    with db.transaction(service.engine) as connection:
        without.rescore(connection, ["s1"], rescored)

    assert [(each.instrument, each.counts, each.scorable) for each in kept] == [("no-instrument", "waiting", False)]
    assert [(each.instrument, each.counts, each.results[0].integer) for each in scored] == [("vas-pain", "counted", 80)]
    assert service.told(ScoreComputed) == scored
