"""Scoring places and judges the reference cohort as the cohort was made: every disposition, every number improved (Table 3)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC

from beklijf.reference.imsr import cohort
from beklijf_scoring.domain.derive import Derived
from beklijf_shared import events
from tests.lib import received, reference
from tests.lib.builders import QBPDS_LINKS, VAS_LINK, episode_changed, response_accepted
from tests.lib.subjects import derived

RULE = "imsr-30-percent"


def episode_event(episode: reference.Episode) -> events.EpisodeChanged:
    return episode_changed(episode.id, organisation=episode.organisation, t0=episode.t0.isoformat(), treatment=episode.treatment)


def answer_event(answer: reference.Answer) -> events.ResponseAccepted:
    links = (VAS_LINK,) if answer.instrument == "vas-pain" else QBPDS_LINKS
    given = tuple(
        events.Answer(link=link, integer=item) if answer.instrument == "vas-pain" else events.Answer(link=link, code=str(item))
        for link, item in zip(links, answer.items, strict=True)
        if item is not None
    )
    return response_accepted(
        answer.id,
        instrument=answer.instrument,
        organisation=answer.organisation,
        status=answer.status,
        measured=answer.measured.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        stated_episode=answer.stated_episode,
        stated_moment=answer.stated_moment,
        answers=given,
    )


def scored(arrived: received.Received, subject: str) -> Derived:
    """What scoring derives of one subject, from its scores alone."""
    answers = [answer for answer in arrived.answers[subject] if answer.instrument in reference.INSTRUMENTS]
    return derived(*map(episode_event, arrived.episodes.get(subject, ())), *map(answer_event, answers))


def test_scoring_says_of_every_score_what_the_cohort_expects() -> None:
    arrived = received.read((letter.hospital, letter.resource) for letter in cohort.sent())
    responders = {one.episode for one in cohort.truth() if one.group == "responders"}
    expected = {name: (one.counts, one.moment if one.counts == "counted" else None) for name, one in received.placed(arrived).items()}
    found: dict[str, tuple[str, str | None]] = {}
    improved: Counter[tuple[str, str]] = Counter()

    for subject in arrived.answers:
        of_subject = scored(arrived, subject)
        found |= {one.answer.response: (one.counts, one.moment if one.counts == "counted" else None) for one in of_subject.answers}
        for pair in of_subject.pairs:
            if pair.key.episode in responders and any(one.rule == RULE and one.verdict == "improved" for one in pair.verdicts):
                improved[pair.key.instrument, pair.key.moment] += 1

    assert found == {name: expected[name] for name in found}
    assert len(found) == 13860
    assert [improved["qbpds", "t1"], improved["qbpds", "t4"], improved["vas-pain", "t1"], improved["vas-pain", "t4"]] == [
        446,
        418,
        432,
        462,
    ]
