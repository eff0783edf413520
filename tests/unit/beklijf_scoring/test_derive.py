"""The whole of a subject: the order of what is told, the data time, and two episodes beside each other."""

from __future__ import annotations

from beklijf_domain.formula import Value
from beklijf_scoring.domain.facts import PairKey
from beklijf_shared import events
from tests.lib.builders import by_code, episode_changed, response_accepted
from tests.lib.subjects import counts, derived

DAYS = {"t0": "2014-03-03", "t1": "2014-05-03", "t2": "2014-08-03", "t3": "2015-06-03", "t4": "2017-09-03"}


def test_results_are_told_in_the_order_of_the_protocol() -> None:
    answers = [
        response_accepted(f"{moment}-{instrument}", 40, instrument=instrument, measured=f"{day}T09:00:00Z")
        for moment, day in reversed(DAYS.items())
        for instrument in ("vas-pain", "qbpds")
    ]

    (scored,) = derived(episode_changed(), *answers).episodes

    assert [each.answer.response for each in scored.results] == [f"{moment}-{name}" for moment in DAYS for name in ("qbpds", "vas-pain")]
    assert [(each.key.moment, each.key.instrument) for each in scored.pairs] == [
        (moment, name) for moment in list(DAYS)[1:] for name in ("qbpds", "vas-pain")
    ]


def test_the_data_time_is_that_of_the_newest_that_it_rests_on() -> None:
    episode = episode_changed(received="2014-03-10T09:00:00Z")
    counted = response_accepted("r1", 40, received="2014-03-10T09:00:00.5Z")
    surplus = response_accepted("r2", 40, measured="2014-03-04T09:00:00Z", received="2015-01-01T09:00:00Z")

    times = [derived(*given).episodes[0].received for given in ((episode,), (episode, counted), (episode, counted, surplus))]

    assert times == ["2014-03-10T09:00:00Z", "2014-03-10T09:00:00.5Z", "2014-03-10T09:00:00.5Z"]


def test_episodes_beside_each_other_keep_their_own_answers() -> None:
    second = episode_changed("e2", t0="2015-03-03")
    answers = [
        response_accepted("a0", 80),
        response_accepted("a1", 40, measured="2014-05-03T09:00:00Z"),
        response_accepted("b0", 60, measured="2015-03-03T09:00:00Z", stated_moment="t0"),
        response_accepted("b1", 60, measured="2015-05-03T09:00:00Z", stated_moment="t1"),
    ]

    result = derived(episode_changed(), second, *answers)

    assert {pair.key: pair.change for pair in result.pairs} == {
        PairKey("e1", "vas-pain", "t1"): "-40",
        PairKey("e2", "vas-pain", "t1"): "0",
    }


def test_a_pair_that_is_still_there_is_told_once() -> None:
    key = PairKey("e1", "vas-pain", "t1")
    answers = response_accepted("r0", 80), response_accepted("r1", 40, measured="2014-05-03T09:00:00Z")

    result = derived(episode_changed(), *answers, published=[key])

    assert [(pair.key, pair.none_because) for pair in result.pairs] == [(key, None)]


def test_nothing_known_gives_nothing() -> None:
    result = derived()

    assert (result.episodes, result.answers, result.pairs) == ([], [], [])


def coded(response: str, instrument: str, moment: str, **codes: str) -> events.ResponseAccepted:
    """An answer by code on the target day of a moment; links are named by what stands behind the instrument's code."""
    given = {f"{instrument}-{name}": code for name, code in codes.items()}
    return response_accepted(response, instrument=instrument, measured=f"{DAYS[moment]}T09:00:00Z", answers=by_code(given))


def test_an_instrument_of_categories_has_results_and_no_pairs() -> None:
    before, after = coded("c0", "care-use", "t0", paramedical="regular", aids="no"), coded("c4", "care-use", "t4", paramedical="none")

    result = derived(episode_changed(), before, after, response_accepted("v0", 80))

    assert [(each.answer.response, each.moment, each.answer.scorable) for each in result.episodes[0].results] == [
        ("c0", "t0", True),
        ("v0", "t0", True),
        ("c4", "t4", True),
    ]
    assert result.episodes[0].results[0].answer.values == (
        Value("care-use-paramedical", None, 0, "regular"),
        Value("care-use-aids", None, 0, "no"),
    )
    assert (result.pairs, result.episodes[0].pairs) == ([], ())


def test_perceived_effect_counts_only_at_the_moment_that_asks_for_it() -> None:
    placed = counts(
        episode_changed(),
        response_accepted("v1", 40, measured=f"{DAYS['t1']}T09:00:00Z", stated_episode="e1"),
        *(
            response_accepted(
                f"{instrument}-{moment}",
                instrument=instrument,
                measured=f"{DAYS[moment]}T09:00:00Z",
                stated_episode="e1",
                answers=by_code({instrument: "same"}),
            )
            for instrument in ("gpe-6", "gpe-3")
            for moment in ("t1", "t4")
        ),
    )

    assert placed == {
        "v1": "counted",
        "gpe-6-t1": "counted",
        "gpe-6-t4": "unscheduled",
        "gpe-3-t1": "unscheduled",
        "gpe-3-t4": "counted",
    }


def test_an_empty_form_counts_and_gives_no_result() -> None:
    (scored,) = derived(episode_changed(), coded("c0", "care-use", "t0")).episodes

    (result,) = scored.results
    assert (result.counts, result.answer.scorable, result.answer.not_scorable_reason) == ("counted", False, "no-answers")
    assert result.answer.values == ()


def test_of_two_forms_on_care_the_one_with_an_answer_counts() -> None:
    empty, full = coded("a", "care-use", "t0"), coded("b", "care-use", "t0", imaging="yes")

    assert counts(episode_changed(), empty, full) == {"a": "surplus", "b": "counted"}
