"""Scoring places and judges the reference cohort as it was made: every disposition, every result, who improved (Table 3)."""

from __future__ import annotations

from collections import Counter

import pytest

from beklijf.reference.imsr import cohort
from beklijf_scoring.domain.derive import Derived
from tests.lib import received
from tests.lib.course import answer_event, episode_event
from tests.lib.subjects import derived

RULE = "imsr-30-percent"


@pytest.fixture(scope="module")
def arrived() -> received.Received:
    return received.read((letter.hospital, letter.resource) for letter in cohort.sent())


@pytest.fixture(scope="module")
def scored(arrived: received.Received) -> list[Derived]:
    """What scoring derives of every subject."""
    return [
        derived(
            *map(episode_event, arrived.episodes.get(subject, ())),
            *(answer_event(answer, arrived.codes.get(answer.id)) for answer in answers),
        )
        for subject, answers in arrived.answers.items()
    ]


def test_scoring_places_every_answer_as_the_cohort_expects(arrived: received.Received, scored: list[Derived]) -> None:
    expected = {name: (one.counts, one.moment if one.counts == "counted" else None) for name, one in received.placed(arrived).items()}

    found = {one.answer.response: (one.counts, one.moment if one.counts == "counted" else None) for each in scored for one in each.answers}

    assert found == expected
    assert Counter(counts for counts, _ in found.values()) == {
        "counted": 18797, "off-window": 14, "retracted": 29, "surplus": 44, "unscheduled": 4, "waiting": 34,
    }  # fmt: skip


def test_the_results_of_all_five_instruments_are_those_that_the_cohort_was_made_of(scored: list[Derived]) -> None:
    truth = {one.episode: one for one in cohort.truth()}
    results = [
        (episode.episode.episode, placed.answer.instrument, placed.moment or "", value)
        for each in scored
        for episode in each.episodes
        for placed in episode.results
        for value in placed.answer.values
    ]

    numbers = {(name, instrument, moment): value.integer for name, instrument, moment, value in results if value.code is None}
    codes = {(name, instrument, moment, value.measure): value.code for name, instrument, moment, value in results if value.code is not None}

    assert numbers == {(name, *at): score for name, one in truth.items() for at, score in one.scores.items()}
    assert codes == {(name, *at): code for name, one in truth.items() for at, code in one.codes.items()}
    assert Counter(instrument for _, instrument, _ in numbers) == Counter(at[0] for one in truth.values() for at in one.scores)
    assert {instrument for _, instrument, *_ in codes} == {"gpe-6", "gpe-3", "care-use"}


def test_numbers_alone_are_judged_and_so_many_improved(scored: list[Derived]) -> None:
    responders = {one.episode for one in cohort.truth() if one.group == "responders"}
    pairs = [pair for each in scored for pair in each.pairs]

    improved = Counter(
        (pair.key.instrument, pair.key.moment)
        for pair in pairs
        if pair.key.episode in responders and any(one.rule == RULE and one.verdict == "improved" for one in pair.verdicts)
    )

    assert {pair.key.instrument for pair in pairs} == {"qbpds", "vas-pain"}
    assert [improved["qbpds", "t1"], improved["qbpds", "t4"], improved["vas-pain", "t1"], improved["vas-pain", "t4"]] == [
        446,
        418,
        432,
        462,
    ]
