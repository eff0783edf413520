"""Several answers for one episode, moment and instrument: which one counts (M6); never the one that merely arrived first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.lib.builders import episode_changed, response_accepted
from tests.lib.subjects import counts, derived

EPISODE = episode_changed()
EARLY, LATE = "2014-04-20T09:00:00Z", "2014-05-20T09:00:00Z"
CONTESTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [  # why, the winner, the loser
    ("states the moment, though later", {"measured": LATE, "stated_moment": "t1"}, {"measured": EARLY}),
    ("states the moment, though not scorable", {"value": None, "measured": LATE, "stated_moment": "t1"}, {"measured": EARLY}),
    ("scorable, though later", {"measured": LATE}, {"value": None, "measured": EARLY}),
    ("measured earlier", {"measured": EARLY}, {"measured": LATE}),
    ("measured earlier by half a second", {"measured": "2014-05-03T09:00:00Z"}, {"measured": "2014-05-03T09:00:00.5Z"}),
    ("measured earlier by a twentieth", {"measured": "2014-05-03T09:00:00.45Z"}, {"measured": "2014-05-03T09:00:00.5Z"}),
    ("smaller identifier", {"measured": EARLY, "tie_break": "a"}, {"measured": EARLY, "tie_break": "b"}),
    (
        "smaller identifier at the same instant",
        {"measured": "2014-05-03T09:00:00.5Z", "tie_break": "a"},
        {"measured": "2014-05-03T09:00:00.50Z", "tie_break": "b"},
    ),
    ("received later makes no difference", {"measured": EARLY, "received": LATE}, {"measured": LATE, "received": EARLY}),
]


@pytest.mark.parametrize(("winner", "loser"), [each[1:] for each in CONTESTS], ids=[each[0] for each in CONTESTS])
@pytest.mark.parametrize("names", [("r1", "r2"), ("r2", "r1")])
def test_this_one_counts_and_the_other_is_surplus(winner: dict[str, Any], loser: dict[str, Any], names: tuple[str, str]) -> None:
    first = response_accepted(names[0], **({"value": 10} | winner))
    second = response_accepted(names[1], **({"value": 20} | loser))

    assert counts(EPISODE, first, second) == counts(EPISODE, second, first) == {names[0]: "counted", names[1]: "surplus"}


def test_one_of_three_counts_in_any_order() -> None:
    three = [response_accepted(f"r{n}", n, measured=f"2014-05-{10 + n:02d}T09:00:00Z") for n in (1, 2, 3)]

    results = [counts(EPISODE, *order) for order in permutations(three)]

    assert results == [{"r1": "counted", "r2": "surplus", "r3": "surplus"}] * 6


def test_a_retracted_winner_promotes_the_next() -> None:
    winner = response_accepted("r1", 10, measured=EARLY, status="entered-in-error", version=2)

    assert counts(EPISODE, winner, response_accepted("r2", 20, measured=LATE)) == {"r1": "retracted", "r2": "counted"}


def test_a_surplus_answer_is_not_offered_to_another_moment() -> None:
    stated = response_accepted("r1", 10, measured="2014-04-20T09:00:00Z", stated_moment="t1")
    also_near_t2 = response_accepted("r2", 20, measured="2014-06-07T09:00:00Z")

    result = derived(EPISODE, stated, also_near_t2)

    assert [(each.answer.response, each.moment, each.counts) for each in result.answers] == [
        ("r1", "t1", "counted"),
        ("r2", "t1", "surplus"),
    ]


def test_instruments_do_not_compete() -> None:
    pain, disability = response_accepted("r1", 10), response_accepted("r2", 20, instrument="qbpds")

    assert counts(EPISODE, pain, disability) == {"r1": "counted", "r2": "counted"}


def test_episodes_do_not_compete() -> None:
    second = episode_changed("e2", t0="2015-03-03")
    answers = response_accepted("r1", 10), response_accepted("r2", 20, measured="2015-03-03T09:00:00Z", stated_episode="e2")

    assert counts(EPISODE, second, *answers) == {"r1": "counted", "r2": "counted"}
