"""From what was derived to events: only what somebody may know, with version 0, and what data quality counts of it."""

from __future__ import annotations

import pytest

from beklijf_scoring import telling
from beklijf_scoring.domain.derive import Pair
from beklijf_scoring.domain.facts import PairKey
from beklijf_shared import topics
from beklijf_shared.events import encode
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.subjects import derived

AT_T1 = "2014-05-03T09:00:00Z"


def test_everything_about_a_subject_is_told_under_its_key() -> None:
    told = list(
        telling.tellings("s1", derived(episode_changed(), response_accepted("r0", 80), response_accepted("r1", 40, measured=AT_T1)))
    )

    assert [topic.name for topic, _ in told] == [
        "beklijf.episode-scored.v1",
        "beklijf.score-computed.v1",
        "beklijf.score-computed.v1",
        "beklijf.mcic-changed.v1",
    ]
    assert {topic.key_of(event) for topic, event in told} == {"s1"}
    assert {event.version for _, event in told} == {0}


def test_a_pair_is_found_again_by_its_entity() -> None:
    key = PairKey("e/1", "vas-pain", "t1")  # an id may hold what separates; codes may not
    event = telling.mcic_changed("s1", Pair(key))

    assert telling.pair_key(topics.MCIC_CHANGED.entity_of(event)) == key


COUNTED = [
    ({}, [("o1", "counted")]),
    ({"value": None}, [("o1", "counted"), ("o1", "not-scorable"), ("o1", "counted-not-scorable")]),
    ({"status": "entered-in-error"}, [("o1", "retracted")]),  # that it has no score is no fault
    ({"stated_moment": "t3", "stated_episode": "e1"}, [("o1", "counted"), ("o1", "moment-stated-off-window")]),
    ({"stated_moment": "t0", "stated_episode": "e1"}, [("o1", "counted")]),
    ({"stated_moment": "t9", "stated_episode": "e1"}, [("o1", "unscheduled")]),
    ({"stated_episode": "e9"}, [("o1", "waiting")]),
]


@pytest.mark.parametrize(("facts", "expected"), COUNTED)
def test_data_quality_counts_an_answer_by_what_was_told_of_it(facts: dict[str, object], expected: list[tuple[str, str]]) -> None:
    (placed,) = derived(episode_changed(), response_accepted("r1", **({"value": 50} | facts))).answers

    body = encode(telling.score_computed("s1", placed))

    assert [(organisation, name) for (organisation, receipt), name in telling.dispositions(body) if receipt == "all"] == expected


def test_an_answer_is_counted_in_each_of_its_receipts_too() -> None:
    (placed,) = derived(episode_changed(), response_accepted("r1", None, receipts=("2020-03-02", "b1"))).answers

    counted = list(telling.dispositions(encode(telling.score_computed("s1", placed))))

    names = ("counted", "not-scorable", "counted-not-scorable")
    assert counted == [(("o1", receipt), name) for receipt in ("all", "2020-03-02", "b1") for name in names]


@pytest.mark.parametrize(("because", "gone"), [("no-follow-up", True), ("retracted-episode", True), ("no-baseline", False), (None, False)])
def test_a_pair_that_only_says_that_it_is_gone_depends_on_what_was_told_before(because: str | None, gone: bool) -> None:
    event = telling.mcic_changed("s1", Pair(PairKey("e1", "vas-pain", "t1"), none_because=because))  # type: ignore[arg-type]

    assert telling.is_gone("beklijf.mcic-changed.v1", encode(event)) is gone


def test_counts_that_are_zero_are_told_too() -> None:
    told = telling.data_quality("o1", {"counted": 3, "not-scorable": 1})

    assert told.counts == {"retracted": 0, "waiting": 0, "after-end": 0, "off-window": 0, "unscheduled": 0, "surplus": 0, "counted": 3}
    assert (told.not_scorable, told.moment_stated_off_window, told.episode_of_another_patient) == (1, 0, 0)
