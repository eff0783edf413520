"""Everything scoring says about one subject, as one pure function of everything it knows about that subject.

Late baselines, amendments, retractions, moved answers, corrected dates, merges and new rules are all the same case here: what is
known changed, so it is derived anew. Nothing depends on the order in which it became known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from beklijf_domain.formula import Value
from beklijf_domain.protocol import Protocol, Window
from beklijf_domain.states import NoVerdict
from beklijf_scoring.domain.change import Change, Judge, Judged
from beklijf_scoring.domain.facts import Answer, Episode, PairKey
from beklijf_scoring.domain.place import Course, Placed, compete, course_of, place

T0_REMEMBERED = 8192
"""Days of t0 whose windows are kept: the days of some twenty years."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What every derivation needs and no subject changes: the protocols, what judges pairs, the windows of a t0."""

    protocol: Callable[[str, str, str], Protocol]
    """(programme, t0, episode) -> the version of the protocol under which this episode is, which began on that day."""
    judges: Mapping[tuple[str, str], Judge]
    """By programme at a version ("imsr@1.0.0") and instrument."""
    windows: Callable[[Protocol, str, str | None], Mapping[str, Window]]
    """(protocol, t0, end of treatment) -> the windows by moment."""


def knowledge_of(protocols: Mapping[str, Protocol], judges: Mapping[tuple[str, str], Judge]) -> Knowledge:
    """What a service knows when it starts; windows are worked out once per t0 and remembered."""

    named = frozenset(code for code, each in protocols.items() if each.names_episodes)
    versions = {version.name: version for each in protocols.values() for version in (each, *each.former)}

    @lru_cache(maxsize=T0_REMEMBERED)
    def by_start(programme: str, t0: str) -> Protocol:
        return protocols[programme].at(date.fromisoformat(t0))

    def protocol(programme: str, t0: str, episode: str) -> Protocol:
        if programme in named:  # only then is the day of start not enough
            return protocols[programme].at(date.fromisoformat(t0), episode)
        return by_start(programme, t0)

    @lru_cache(maxsize=T0_REMEMBERED)
    def by_name(name: str, t0: str, ended: str | None) -> Mapping[str, Window]:
        return versions[name].windows(date.fromisoformat(t0), None if ended is None else date.fromisoformat(ended))

    def windows(protocol: Protocol, t0: str, ended: str | None) -> Mapping[str, Window]:
        return by_name(protocol.name, t0, ended)

    return Knowledge(protocol, judges, windows)


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything known about one subject. `published`: the pairs that were told before, wherever their answers are now."""

    episodes: Iterable[Episode]
    answers: Iterable[Answer]
    published: Iterable[PairKey] = ()


class Pair(NamedTuple):
    """One follow-up against its baseline: a change with verdicts, or the reason why there is none (M39). Without a baseline there may
    be verdicts of states all the same."""

    key: PairKey
    baseline: Value | None = None
    follow_up: Value | None = None
    change: str | None = None
    verdicts: tuple[Judged, ...] = ()
    none_because: NoVerdict | None = None


class Scored(NamedTuple):
    """One episode whole: its counted answers and its pairs, both in the order of the protocol."""

    episode: Episode
    protocol_version: str
    results: tuple[Placed, ...]
    pairs: tuple[Pair, ...]
    received: str


class Derived(NamedTuple):
    """What scoring says about one subject: each episode whole, each answer's place, each pair."""

    episodes: list[Scored]
    answers: list[Placed]
    pairs: list[Pair]


def derive(subject: Subject, knowledge: Knowledge) -> Derived:
    """Place the answers, let them compete, judge the pairs, and say of earlier pairs what became of them."""
    episodes = list(subject.episodes)
    courses = {
        episode.episode: course_of(episode, protocol_of(episode, knowledge), windows_of(episode, knowledge))
        for episode in episodes
        if episode.treatment != "entered-in-error"  # as if it never was: its answers wait (M14)
    }
    answers = compete([place(answer, courses) for answer in subject.answers])
    counted: dict[str, list[Placed]] = {}
    for placed in answers:
        if placed.counts == "counted" and placed.episode is not None:
            counted.setdefault(placed.episode, []).append(placed)
    scored = [scored_episode(episode, courses.get(episode.episode), counted, knowledge) for episode in episodes]
    pairs = [pair for episode in scored for pair in episode.pairs]
    return Derived(scored, answers, pairs + ended_pairs(subject.published, pairs, courses))


def windows_of(episode: Episode, knowledge: Knowledge) -> Mapping[str, Window]:
    """The windows of an episode. The end of its treatment is asked for only where the programme counts from it: else each end would
    be remembered for nothing."""
    protocol = protocol_of(episode, knowledge)
    return knowledge.windows(protocol, episode.t0, episode.treatment_ended if protocol.counts_from_end else None)


def protocol_of(episode: Episode, knowledge: Knowledge) -> Protocol:
    """The version of its programme under which an episode is."""
    return knowledge.protocol(episode.programme, episode.t0, episode.episode)


def scored_episode(episode: Episode, course: Course | None, counted: Mapping[str, list[Placed]], knowledge: Knowledge) -> Scored:
    """One episode whole; one that was entered in error has nothing left but the fact itself."""
    protocol = protocol_of(episode, knowledge)
    if course is None:
        return Scored(episode, protocol.version, (), (), episode.received)
    by_moment: dict[str | None, list[Placed]] = {}
    for placed in counted.get(episode.episode, ()):
        by_moment.setdefault(placed.moment, []).append(placed)
    results = [
        placed
        for moment in protocol.moments
        if moment.code in by_moment
        for placed in sorted(by_moment[moment.code], key=lambda each: each.answer.instrument)
    ]
    newest = max((placed.answer for placed in results), key=lambda answer: answer.received_microseconds, default=None)
    received = newest.received if newest and newest.received_microseconds > episode.received_microseconds else episode.received
    return Scored(episode, protocol.version, tuple(results), pairs_of(episode, protocol, results, knowledge), received)


def pairs_of(episode: Episode, protocol: Protocol, results: Iterable[Placed], knowledge: Knowledge) -> tuple[Pair, ...]:
    """A pair exists once a follow-up answer counted; its baseline is the answer to the same instrument at the baseline moment (M25).

    An instrument that gives categories only has no pairs: there is nothing to subtract, and no rule judges it.
    """
    baselines = {moment.code: moment.baseline for moment in protocol.moments if moment.baseline is not None}
    known = {(placed.answer.instrument, placed.moment): placed.answer for placed in results}
    return tuple(
        pair_of(PairKey(episode.episode, instrument, moment), known.get((instrument, baselines[moment])), answer, judge)
        for (instrument, moment), answer in known.items()
        if moment in baselines and (judge := knowledge.judges.get((protocol.name, instrument))) is not None
    )


def pair_of(key: PairKey, baseline: Answer | None, follow_up: Answer, judge: Judge) -> Pair:
    """The first reason that applies for having no verdict of change (M19), or the change with every rule's verdict."""
    start = baseline.values[0] if baseline is not None and baseline.scorable else None  # an unscorable baseline is no baseline
    if not follow_up.scorable:
        return Pair(key, baseline=start, none_because="not-scorable")
    end = follow_up.values[0]
    change: Change = judge(start, end)
    if start is None:
        return Pair(key, follow_up=end, verdicts=change.verdicts, none_because="no-baseline")
    evaluable = any(judged.verdict != "not-evaluable" for judged in change.verdicts)
    return Pair(key, start, end, change.difference, change.verdicts, None if evaluable else "not-evaluable")


def ended_pairs(published: Iterable[PairKey], present: Iterable[Pair], courses: Mapping[str, Course]) -> list[Pair]:
    """Pairs that were told and are no more: nobody who keeps only the newest state may be left with a verdict that fell (M39)."""
    keys = {pair.key for pair in present}
    return [
        Pair(key, none_because="no-follow-up" if key.episode in courses else "retracted-episode") for key in published if key not in keys
    ]
