"""From what was derived to what is told: the three events about a subject, and the counts of data quality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import cast

import msgspec

from beklijf_domain.formula import Value
from beklijf_domain.states import COUNTS, Counts, Participation, Treatment
from beklijf_scoring.domain.change import Judged
from beklijf_scoring.domain.derive import Derived, Pair, Scored
from beklijf_scoring.domain.facts import PairKey
from beklijf_scoring.domain.place import Placed
from beklijf_shared import topics
from beklijf_shared.events import (
    EVERY_RECEIPT,
    DataQuality,
    EpisodeScored,
    Event,
    McicChanged,
    NotEvaluable,
    PlacedResult,
    PlacedVerdict,
    Result,
    RuleVerdict,
    ScoreComputed,
    Sex,
)
from beklijf_shared.topics import Topic

ABOUT_SUBJECTS = (topics.EPISODE_SCORED, topics.SCORE_COMPUTED, topics.MCIC_CHANGED)
"""What is told under a subject's key."""

NOT_SCORABLE = "not-scorable"
COUNTED_NOT_SCORABLE = "counted-not-scorable"
STATED_OFF_WINDOW = "moment-stated-off-window"
OF_ANOTHER_PATIENT = "episode-of-another-patient"
"""What data quality counts besides the seven ways in which an answer counts (M8): it may hold together with any of them."""


DISPOSITIONS = (*COUNTS, NOT_SCORABLE, COUNTED_NOT_SCORABLE, STATED_OFF_WINDOW, OF_ANOTHER_PATIENT)

Scope = tuple[str, str]
"""Whose answers are counted: all of an organisation (EVERY_RECEIPT), or those of one of its receipts."""


class HowItCounts(msgspec.Struct, frozen=True):
    """The part of a stored score-computed that data quality counts."""

    organisation: str
    counts: Counts
    scorable: bool
    moment_stated: bool
    in_window: bool
    receipts: tuple[str, ...] = ()


class WhyNone(msgspec.Struct, frozen=True):
    """The part of a stored mcic-changed that says whether the pair is still there."""

    none_because: str | None


class WhatCounts(msgspec.Struct, frozen=True):
    """The part of a stored data-quality that says whether any answer is left."""

    counts: dict[str, int]


class Results(msgspec.Struct, frozen=True):
    """The part of a stored score-computed on which somebody may rely."""

    said: msgspec.Raw = msgspec.field(name="results")


class Verdicts(msgspec.Struct, frozen=True):
    """The part of a stored mcic-changed on which somebody may rely."""

    said: msgspec.Raw = msgspec.field(name="verdicts")


RELIED_ON = {topics.SCORE_COMPUTED.name: "results", topics.MCIC_CHANGED.name: "verdicts"}
"""What somebody who reads a told score or pair goes by: when it changes, the former state stays readable."""

NOTHING = {topic: f'"{element}":[]' for topic, element in RELIED_ON.items()}
"""What the text of a score or a pair has where there is nothing to rely on."""

_RELIED_ON: Mapping[str, msgspec.json.Decoder[Results] | msgspec.json.Decoder[Verdicts]] = {
    topics.SCORE_COMPUTED.name: msgspec.json.Decoder(Results),
    topics.MCIC_CHANGED.name: msgspec.json.Decoder(Verdicts),
}
_HOW_IT_COUNTS = msgspec.json.Decoder(HowItCounts)
_WHAT_COUNTS = msgspec.json.Decoder(WhatCounts)
_WHY_NONE = msgspec.json.Decoder(WhyNone)


def tellings(subject: str, derived: Derived) -> Iterator[tuple[Topic, Event]]:
    """All events about one subject, with version 0."""
    for scored in derived.episodes:
        yield topics.EPISODE_SCORED, episode_scored(subject, scored)
    for placed in derived.answers:
        yield topics.SCORE_COMPUTED, score_computed(subject, placed)
    for pair in derived.pairs:
        yield topics.MCIC_CHANGED, mcic_changed(subject, pair)


def episode_scored(subject: str, scored: Scored) -> EpisodeScored:
    """One episode whole. Only pairs with a change or a verdict are listed; why others have none follows from the results (M19)."""
    episode = scored.episode
    return EpisodeScored(
        version=0,
        episode=episode.episode,
        subject=subject,
        organisation=episode.organisation,
        programme=episode.programme,
        protocol_version=scored.protocol_version,
        t0=episode.t0,
        sex=cast(Sex, episode.sex),
        birth_year=episode.birth_year,
        treatment=cast(Treatment, episode.treatment),
        treatment_ended=episode.treatment_ended,
        participation=cast(Participation, episode.participation),
        participation_since=episode.participation_since,
        received=scored.received,
        results=tuple(_placed_result(placed) for placed in scored.results),
        verdicts=tuple(
            PlacedVerdict(
                instrument=pair.key.instrument, moment=pair.key.moment, change=pair.change, verdicts=_rule_verdicts(pair.verdicts)
            )
            for pair in scored.pairs
            if pair.change is not None or pair.verdicts
        ),
    )


def score_computed(subject: str, placed: Placed) -> ScoreComputed:
    """One answer: what it is worth, where it belongs, how it counts."""
    answer = placed.answer
    return ScoreComputed(
        version=0,
        response=answer.response,
        subject=subject,
        organisation=answer.organisation,
        instrument=answer.instrument,
        instrument_version=answer.instrument_version,
        questionnaire_version=answer.questionnaire_version,
        algorithm=answer.algorithm,
        episode=placed.episode,
        moment=placed.moment,
        moment_stated=answer.stated_moment is not None,
        in_window=placed.in_window,
        day=placed.day.isoformat(),
        counts=placed.counts,
        scorable=answer.scorable,
        not_scorable_reason=answer.not_scorable_reason,
        results=_results(answer.values),
        receipts=answer.receipts,
        mapping=answer.mapping,
        questionnaire=answer.questionnaire,
    )


def mcic_changed(subject: str, pair: Pair) -> McicChanged:
    """One pair: its verdicts, or the reason there is none."""
    return McicChanged(
        version=0,
        episode=pair.key.episode,
        subject=subject,
        instrument=pair.key.instrument,
        moment=pair.key.moment,
        baseline=None if pair.baseline is None else result_of(pair.baseline),
        follow_up=None if pair.follow_up is None else result_of(pair.follow_up),
        change=pair.change,
        verdicts=_rule_verdicts(pair.verdicts),
        none_because=pair.none_because,
    )


def data_quality(scope: Scope, counted: Mapping[str, int]) -> DataQuality:
    """How the answers of one scope count at present."""
    return DataQuality(
        version=0,
        organisation=scope[0],
        receipt=scope[1],
        counts={name: counted.get(name, 0) for name in COUNTS},
        not_scorable=counted.get(NOT_SCORABLE, 0),
        moment_stated_off_window=counted.get(STATED_OFF_WINDOW, 0),
        episode_of_another_patient=counted.get(OF_ANOTHER_PATIENT, 0),
        counted_not_scorable=counted.get(COUNTED_NOT_SCORABLE, 0),
    )


def pair_key(entity: str) -> PairKey:
    """The pair that a told mcic-changed is about."""
    episode, instrument, moment = entity.rsplit("/", 2)
    return PairKey(episode, instrument, moment)


def dispositions(body: bytes) -> Iterator[tuple[Scope, str]]:
    """(scope, what data quality counts it as) of one score-computed, new or stored."""
    said = _HOW_IT_COUNTS.decode(body)
    for receipt in (EVERY_RECEIPT, *said.receipts):
        for name in _names(said):
            yield (said.organisation, receipt), name


def _names(said: HowItCounts) -> Iterator[str]:
    yield said.counts
    if not said.scorable and said.counts != "retracted":
        yield NOT_SCORABLE
        if said.counts == "counted":
            yield COUNTED_NOT_SCORABLE
    if said.moment_stated and not said.in_window and said.counts in ("counted", "surplus"):
        yield STATED_OFF_WINDOW


def is_gone(topic: str, body: bytes) -> bool:
    """Whether a told state says only that an earlier one no longer holds (M39): it depends on what happened on the way."""
    if topic == topics.DATA_QUALITY.name:  # a receipt whose answers all belong to other receipts by now
        return not any(_WHAT_COUNTS.decode(body).counts.values())
    return topic == topics.MCIC_CHANGED.name and _WHY_NONE.decode(body).none_because in ("no-follow-up", "retracted-episode")


def relied_on(topic: str, body: bytes) -> tuple[str, str]:
    """The piece of a score or a pair on which somebody may rely, as its text has it; and that piece where there is nothing."""
    return f'"{RELIED_ON[topic]}":{bytes(_RELIED_ON[topic].decode(body).said).decode()}', NOTHING[topic]


def _placed_result(placed: Placed) -> PlacedResult:
    answer = placed.answer
    assert placed.moment is not None  # it counted, so it has a moment
    return PlacedResult(
        response=answer.response,
        instrument=answer.instrument,
        moment=placed.moment,
        day=placed.day.isoformat(),
        measured=answer.measured,
        received=answer.received,
        scorable=answer.scorable,
        results=_results(answer.values),
    )


@lru_cache(maxsize=4096)
def _results(values: tuple[Value, ...]) -> tuple[Result, ...]:
    return tuple(result_of(value) for value in values)


@lru_cache(maxsize=4096)
def result_of(value: Value) -> Result:
    """A value as events carry it."""
    return Result(measure=value.measure, integer=value.integer, scale=value.scale, code=value.code, exact=value.exact)


@lru_cache(maxsize=32_768)
def _rule_verdicts(verdicts: tuple[Judged, ...]) -> tuple[RuleVerdict, ...]:
    return tuple(
        RuleVerdict(
            rule=each.rule,
            rule_version=each.rule_version,
            verdict=each.verdict,
            margin=each.margin,
            reason=cast(NotEvaluable | None, each.reason),
            band=each.band,
        )
        for each in verdicts
    )
