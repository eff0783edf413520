"""Who has which value, when, and what goes wrong."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from beklijf.reference.imsr import cohort
from beklijf.reference.imsr.affairs import TIMES, affairs, wrong
from beklijf.reference.imsr.arrangement import EXACTLY_THIRTY_PERCENT, IMPROVED, improved
from beklijf.reference.imsr.categories import SHARES, shared_out
from beklijf.reference.imsr.days import BEFORE_AND_AFTER_DAYS, closes, opens
from beklijf.reference.imsr.histories import EARLY, Story, stories
from beklijf_shared import contracts


def value(story: Story, instrument: str, moment: str) -> int | None:
    one = story.measurement(instrument, moment)
    return None if one is None else sum(one.items) if one.items else one.value


def pairs(instrument: str, moment: str) -> list[tuple[int, int]]:
    found = [(value(story, instrument, "t0"), value(story, instrument, moment)) for story in stories() if story.group == "responders"]
    return [(before, after) for before, after in found if before is not None and after is not None]


@pytest.mark.parametrize(("instrument", "moment"), sorted(IMPROVED))
def test_as_many_improve_as_table_3_says_and_some_by_exactly_thirty_percent(instrument: str, moment: str) -> None:
    found = pairs(instrument, moment)

    assert sum(improved(*pair) for pair in found) == IMPROVED[instrument, moment]
    assert sum(before > 0 and 10 * (before - after) == 3 * before for before, after in found) >= EXACTLY_THIRTY_PERCENT


@pytest.mark.parametrize(
    ("before", "after", "better"), [(10, 7, True), (10, 8, False), (50, 35, True), (50, 36, False), (0, 0, False), (3, 2, True)]
)
def test_improved_is_at_least_thirty_percent_of_the_baseline(before: int, after: int, better: bool) -> None:
    assert improved(before, after) is better


def test_the_windows_of_the_study_are_those_of_the_protocol() -> None:
    protocol = contracts.load().protocols["imsr"]

    for t0 in (date(2012, 1, 1), date(2012, 2, 29), date(2013, 8, 31), date(2014, 10, 26), date(2015, 12, 31)):
        windows = {moment: (window.opens, window.closes) for moment, window in protocol.windows(t0).items()}
        assert windows == {moment: (opens(t0, moment), closes(t0, moment)) for moment in BEFORE_AND_AFTER_DAYS}


def test_every_answer_that_counts_lies_in_its_window() -> None:
    outside = [
        (story.person, one.moment)
        for story in stories()
        for one in story.history.measurements
        if not opens(story.history.t0, one.moment) <= one.day <= closes(story.history.t0, one.moment)
    ]

    assert outside == []


def test_every_window_is_touched_on_its_first_and_last_day_in_every_year() -> None:
    touched = set()
    for story in stories():
        for one in story.history.measurements:
            t0 = story.history.t0
            if one.day in (opens(t0, one.moment), closes(t0, one.moment)):
                touched.add((t0.year, one.moment, "opens" if one.day == opens(t0, one.moment) else "closes"))

    assert touched >= {
        (year, moment, side) for year in (2012, 2013, 2014, 2015) for moment in BEFORE_AND_AFTER_DAYS for side in ("opens", "closes")
    }


def test_the_survey_was_answered_in_one_winter() -> None:
    days = Counter(one.day for story in stories() for one in story.history.measurements if one.moment == "t4")

    ordinary = [day for day in days if date(2017, 12, 1) <= day <= date(2018, 2, 28)]
    edges = sorted(set(days) - set(ordinary))
    assert edges == [date(2017, 11, 28), date(2018, 3, 2)]


def test_every_kind_of_dirt_happens_as_often_as_promised() -> None:
    found = affairs(stories())

    assert Counter(affair.kind for affair in found.values()) == TIMES
    assert all(stories()[number].group != EARLY for number in found)


def test_a_wrong_answer_is_thirty_points_off() -> None:
    for story in stories()[:200]:
        for instrument in ("qbpds", "vas-pain"):
            one = story.measurement(instrument, "t0")
            if one is not None:
                other = wrong(one)
                assert abs(sum(one.items) + one.value - sum(other.items) - other.value) == 30
                assert all(0 <= item <= 5 for item in other.items)
                assert 0 <= other.value <= 100


@pytest.mark.parametrize("n", [724, 734, 1071])
def test_shares_add_up_to_everybody(n: int) -> None:
    for shares in (shares for moments in SHARES.values() for shares in moments.values()):
        codes = Counter(shared_out(shares, n))

        assert codes.total() == n
        assert all(abs(codes[code] - n * share / 1000) < 1 for code, share in shares.items())


def test_who_stopped_early_is_in_the_flow_only() -> None:
    early = [one for one in cohort.truth() if one.stopped_early]

    assert len(early) == 15
    assert {moment for one in early for _, moment in one.scores} == {"t0"}
    assert Counter(one.year for one in early) == {2012: 4, 2013: 4, 2014: 4, 2015: 3}


def test_perceived_effect_goes_with_the_scores() -> None:
    by_effect: dict[str, list[int]] = {}
    for one in cohort.truth():
        effect = one.codes.get(("gpe-6", "t1", "gpe-6"))
        if effect and ("qbpds", "t0") in one.scores and ("qbpds", "t1") in one.scores:
            by_effect.setdefault(effect, []).append(one.scores["qbpds", "t1"] - one.scores["qbpds", "t0"])

    means = {effect: sum(changes) / len(changes) for effect, changes in by_effect.items()}

    assert means["much-better"] < means["slightly-better"] < means["same"] < means["slightly-worse"]
