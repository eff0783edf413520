"""Which episode and which moment an answer belongs to, and how it counts (M5, M7, M8, M14, M16)."""

from __future__ import annotations

from typing import Any

import pytest

from beklijf_shared.events import Event
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.subjects import counts, derived, placed

AT_T0, AT_T1, BETWEEN = "2014-03-03T09:00:00Z", "2014-05-03T09:00:00Z", "2014-04-01T09:00:00Z"
FIRST = episode_changed("e1", t0="2014-03-03")
SECOND = episode_changed("e2", t0="2014-04-20")  # its t0 is open from 9 March to 4 May: inside t1 of the first


def answer(**facts: Any) -> Event:
    return response_accepted(**facts)


PLACES: list[tuple[str, list[Event], str | None, str | None, str]] = [
    ("by window alone", [FIRST, answer(measured=AT_T0)], "e1", "t0", "counted"),
    ("no episode known", [answer(measured=AT_T0)], None, None, "waiting"),
    ("in no window, no episode stated", [FIRST, answer(measured=BETWEEN)], None, None, "waiting"),
    ("in no window, episode stated", [FIRST, answer(measured=BETWEEN, stated_episode="e1")], "e1", None, "off-window"),
    ("stated episode unknown", [FIRST, answer(measured=AT_T0, stated_episode="e9")], None, None, "waiting"),
    ("two episodes fit", [FIRST, SECOND, answer(measured=AT_T1)], None, None, "waiting"),
    ("two fit, one is stated", [FIRST, SECOND, answer(measured=AT_T1, stated_episode="e2")], "e2", "t0", "counted"),
    ("two fit, the stated moment tells them apart", [FIRST, SECOND, answer(measured=AT_T1, stated_moment="t1")], "e1", "t1", "counted"),
    (
        "the other is another organisation's",
        [FIRST, episode_changed("e2", t0="2014-04-20", organisation="o2"), answer(measured=AT_T1)],
        "e1",
        "t1",
        "counted",
    ),
    ("the only one is another organisation's", [episode_changed(organisation="o2"), answer(measured=AT_T0)], None, None, "waiting"),
    ("stated moment outside its window, no episode stated", [FIRST, answer(measured=AT_T0, stated_moment="t1")], None, None, "waiting"),
    (
        "stated moment holds however far off",
        [FIRST, answer(measured=AT_T0, stated_episode="e1", stated_moment="t3")],
        "e1",
        "t3",
        "counted",
    ),
    (
        "stated moment this programme lacks",
        [FIRST, answer(measured=AT_T0, stated_episode="e1", stated_moment="t9")],
        "e1",
        "t9",
        "unscheduled",
    ),
    (
        "stated t4 of a year without t4",
        [episode_changed(t0="2016-03-03"), answer(measured="2016-03-03T09:00:00Z", stated_episode="e1", stated_moment="t4")],
        "e1",
        "t4",
        "unscheduled",
    ),
    ("entered in error", [FIRST, answer(measured=AT_T0, status="entered-in-error")], None, None, "retracted"),
    ("entered in error without episode", [answer(measured=AT_T0, status="entered-in-error")], None, None, "retracted"),
    (
        "episode entered in error",
        [episode_changed(treatment="entered-in-error"), answer(measured=AT_T0, stated_episode="e1")],
        None,
        None,
        "waiting",
    ),
    (
        "the one that fits besides an error",
        [FIRST, episode_changed("e2", treatment="entered-in-error"), answer(measured=AT_T0)],
        "e1",
        "t0",
        "counted",
    ),
    ("empty form", [FIRST, answer(value=None, measured=AT_T0)], "e1", "t0", "counted"),
]


@pytest.mark.parametrize(("given", "episode", "moment", "counting"), [each[1:] for each in PLACES], ids=[each[0] for each in PLACES])
def test_an_answer_has_this_place(given: list[Event], episode: str | None, moment: str | None, counting: str) -> None:
    answer = placed(*given)

    assert (answer.episode, answer.moment, answer.counts) == (episode, moment, counting)


ENDS = [  # participation, since, measured, how it counts
    ("withdrawn", "2014-05-03", "2014-05-03T09:00:00Z", "counted"),  # the end date itself still counts
    ("withdrawn", "2014-05-02", "2014-05-03T09:00:00Z", "after-end"),
    ("deceased", "2014-05-02", "2014-05-03T09:00:00Z", "after-end"),
    ("deceased", "2014-05-02", "2014-04-01T09:00:00Z", "off-window"),
    ("withdrawn", "2014-03-20", "2014-04-01T09:00:00Z", "after-end"),  # before off-window in the order of judgement
    ("objected", "2014-03-20", "2014-05-03T09:00:00Z", "counted"),  # leaves every figure elsewhere; it is no end
    ("following", None, "2014-05-03T09:00:00Z", "counted"),
]


@pytest.mark.parametrize(("participation", "since", "measured", "counting"), ENDS)
def test_an_answer_after_the_end_of_participation_does_not_count(
    participation: str, since: str | None, measured: str, counting: str
) -> None:
    episode = episode_changed(participation=participation, participation_since=since)

    assert placed(episode, response_accepted(measured=measured, stated_episode="e1")).counts == counting


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
