"""The closed vocabularies agree with those of the events, and keep the order in which the rules ask."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from beklijf_domain import states
from beklijf_shared import events


@pytest.mark.parametrize("name", ["Counts", "Verdict", "Treatment", "Participation", "FollowUpState", "ResponseStatus"])
def test_events_say_the_same_words(name: str) -> None:
    assert set(get_args(getattr(states, name))) == set(get_args(getattr(events, name)))


def test_why_there_is_no_verdict_is_said_in_the_same_words() -> None:
    words, nothing = get_args(get_type_hints(events.McicChanged)["none_because"])

    assert (get_args(words), nothing) == (get_args(states.NoVerdict), type(None))


def test_answers_are_judged_in_this_order() -> None:
    assert states.COUNTS == ("retracted", "waiting", "after-end", "off-window", "unscheduled", "surplus", "counted")  # M8


def test_pairs_are_judged_in_this_order() -> None:  # M19
    assert states.PAIR_STATES == (
        "ineligible",
        "not-due",
        "awaiting",
        "no-response",
        "not-scorable",
        "no-baseline",
        "not-evaluable",
        "improved",
        "unchanged",
        "deteriorated",
    )
