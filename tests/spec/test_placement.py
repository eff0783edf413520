"""Which episode and which moment an answer belongs to, and how it counts (M5, M7, M8, M14, M16)."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from beklijf_shared import contracts
from beklijf_shared.events import Event
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.subjects import counts, derived, placed

AT_T0, AT_T1 = "2014-03-03T09:00:00Z", "2014-05-03T09:00:00Z"
FIRST = episode_changed("e1", t0="2014-03-03")


CASES = tomllib.loads((contracts.shipped_folder() / "placement" / "cases.toml").read_text(encoding="utf-8"))["cases"]
"""The cases that the pages show."""


def episode(facts: dict[str, Any]) -> Event:
    return episode_changed(facts["episode"], **{key: value for key, value in facts.items() if key != "episode"})


def told(name: str, facts: dict[str, Any]) -> Event:
    return response_accepted(name, None if facts.get("empty") else 50, **{key: value for key, value in facts.items() if key != "empty"})


@pytest.mark.parametrize("case", CASES, ids=[case["says"] for case in CASES])
def test_an_answer_has_this_place(case: dict[str, Any]) -> None:
    answers = [told(f"r{number}", facts) for number, facts in enumerate(case["answers"], start=1)]

    found = {each.answer.response: each for each in derived(*map(episode, case["episodes"]), *reversed(answers)).answers}

    places = [{"episode": each.episode, "moment": each.moment, "counts": each.counts} for _, each in sorted(found.items())]
    assert [{key: value for key, value in place.items() if value is not None} for place in places] == case["places"]


def test_a_window_of_another_instrument_does_not_find_the_episode() -> None:
    late = "2016-03-03T09:00:00Z"  # between t3 and t4 of the first episode

    assert counts(FIRST, response_accepted(measured=late)) == {"r1": "waiting"}


def test_in_window_is_said_of_stated_moments_too() -> None:
    inside = placed(FIRST, response_accepted(measured=AT_T1, stated_episode="e1", stated_moment="t1"))
    outside = placed(FIRST, response_accepted(measured=AT_T0, stated_episode="e1", stated_moment="t1"))

    assert (inside.in_window, outside.in_window) == (True, False)


def test_a_corrected_t0_moves_everything() -> None:
    answers = [response_accepted("r1", 80, measured=AT_T0), response_accepted("r2", 40, measured=AT_T1)]

    before = derived(episode_changed(t0="2014-03-03"), *answers)
    after = derived(episode_changed(t0="2014-05-03"), *answers)

    assert [(each.answer.response, each.moment) for each in before.answers] == [("r1", "t0"), ("r2", "t1")]
    assert {each.answer.response: (each.moment, each.counts) for each in after.answers} == {
        "r1": (None, "waiting"),
        "r2": ("t0", "counted"),
    }
