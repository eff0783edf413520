"""Questions about scores that were told: which there are, what they rest on, and what stood there before. Read only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from beklijf_domain.instrument import Instrument
from beklijf_scoring import store
from beklijf_scoring.store.former import Superseded
from beklijf_scoring.telling import pair_key
from beklijf_shared import clock, topics
from beklijf_shared.contracts import Contracts
from beklijf_shared.db import Connection
from beklijf_shared.events import EpisodeChanged, EpisodeScored, McicChanged, PlacedResult, ResponseAccepted, Result, ScoreComputed
from beklijf_shared.outbox import Told

PAGE_MAXIMUM = 200

_SCORE = msgspec.json.Decoder(ScoreComputed)
_PAIR = msgspec.json.Decoder(McicChanged)
_RESPONSE = msgspec.json.Decoder(ResponseAccepted)
_EPISODE = msgspec.json.Decoder(EpisodeChanged)
_SCORED = msgspec.json.Decoder(EpisodeScored)

Place = tuple[str, str]
"""(topic, entity)."""


State = ScoreComputed | McicChanged


@dataclass(frozen=True, slots=True)
class Former:
    """A score or a pair as it was told before; `until`: when something else, `then`, took its place."""

    said: State
    until: datetime
    then: State


@dataclass(frozen=True, slots=True)
class Made:
    """When a score or a pair was told as it stands, and by which version of the software (None: nobody wrote it down)."""

    at: datetime
    software: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair as it is told, with the two answers that were compared, as far as they count."""

    said: McicChanged
    made: Made
    baseline: PlacedResult | None
    follow_up: PlacedResult | None


@dataclass(frozen=True, slots=True)
class Known:
    """Everything about one score: what is told, the answers it rests on, its episode, its pairs, and what was told before."""

    score: ScoreComputed
    made: Made
    withdrawn: tuple[Result, ...]
    response: ResponseAccepted
    episode: EpisodeChanged | None
    protocol_version: str | None
    pairs: tuple[Pair, ...]
    former: tuple[Former, ...]
    instrument: Instrument | None


@dataclass(frozen=True, slots=True)
class Scored:
    """One score with the answer it comes from, as a search finds it, and what it said before."""

    score: ScoreComputed
    version: int
    response: ResponseAccepted
    former: tuple[ScoreComputed, ...]

    @property
    def at(self) -> datetime:
        """When it was told."""
        return clock.at_micros(self.version)

    @property
    def withdrawn(self) -> tuple[Result, ...]:
        """Results that were told and are no more, as they were told last."""
        last = {result.measure: result for said in self.former for result in said.results}
        present = {result.measure for result in self.score.results}
        return tuple(result for measure, result in last.items() if measure not in present)


def known(connection: Connection, contracts: Contracts, organisation: str, response: str) -> Known | None:
    """Everything about the score of one answer of that organisation; None when there is none, or it is another's."""
    found = scores(connection, organisation, [response])
    if not found:
        return None
    (one,) = found
    told = _pairs(connection, contracts, one.score)
    placed = _episode_scored(connection, one.score)
    episode = store.former.heard_of(connection, topics.EPISODE_CHANGED.name, [one.score.episode]) if one.score.episode else []
    present: dict[Place, State] = {(topics.SCORE_COMPUTED.name, response): one.score}
    present |= {(each.topic, each.entity): _PAIR.decode(each.body) for each in told}
    return Known(
        score=one.score,
        made=_made(connection, one.at),
        withdrawn=one.withdrawn,
        response=one.response,
        episode=_EPISODE.decode(episode[0][1]) if episode else None,
        protocol_version=placed.protocol_version if placed else None,
        pairs=tuple(_pair(connection, contracts, each, placed) for each in told),
        former=tuple(replaced(store.former.superseded_of(connection, present), present)),
        instrument=contracts.instruments.get(one.score.instrument),
    )


def scores(connection: Connection, organisation: str, responses: Collection[str]) -> list[Scored]:
    """The scores of these answers, as far as they are that organisation's."""
    told = store.former.told_before(connection, [(topics.SCORE_COMPUTED.name, response) for response in responses])
    return _with_answers(connection, organisation, told)


def scores_of_subject(connection: Connection, organisation: str, subject: str) -> list[Scored]:
    """The scores of one subject at that organisation, by answer."""
    return _with_answers(connection, organisation, store.former.told_of(connection, topics.SCORE_COMPUTED.name, subject))


def page(connection: Connection, organisation: str, after: str, most: int) -> tuple[list[Scored], str | None]:
    """The next scores of that organisation in the order of their answers; where to go on, or None at the end."""
    told = store.former.told_after(connection, topics.SCORE_COMPUTED.name, organisation, after, most + 1)
    further = told[most - 1].entity if len(told) > most else None
    return _with_answers(connection, organisation, told[:most]), further


def _with_answers(connection: Connection, organisation: str, told: list[Told]) -> list[Scored]:
    decoded = [(one.version, _SCORE.decode(one.body)) for one in sorted(told, key=lambda one: one.entity)]
    present: dict[Place, State] = {
        (topics.SCORE_COMPUTED.name, score.response): score for _, score in decoded if score.organisation == organisation
    }
    if not present:
        return []
    answers = store.former.heard_of(connection, topics.RESPONSE_ACCEPTED.name, [response for _, response in present])
    bodies = {entity: _RESPONSE.decode(body) for entity, body in answers}
    former: dict[str, list[ScoreComputed]] = {}
    for each in replaced(store.former.superseded_of(connection, present), present):
        if isinstance(each.said, ScoreComputed):
            former.setdefault(each.said.response, []).append(each.said)
    return [
        Scored(score, version, bodies[score.response], tuple(former.get(score.response, ())))
        for version, score in decoded
        if score.organisation == organisation and score.response in bodies
    ]


def _episode_scored(connection: Connection, score: ScoreComputed) -> EpisodeScored | None:
    """The episode of a score as it was told whole: which answers count in it."""
    if score.episode is None:
        return None
    told = store.former.told_before(connection, [(topics.EPISODE_SCORED.name, score.episode)])
    return _SCORED.decode(told[0].body) if told else None


def _pair(connection: Connection, contracts: Contracts, told: Told, placed: EpisodeScored | None) -> Pair:
    said = _PAIR.decode(told.body)
    counted = {(each.instrument, each.moment): each for each in placed.results} if placed else {}
    baseline = next(
        (
            moment.baseline
            for protocol in contracts.every_protocol
            if placed is not None and (protocol.code, protocol.version) == (placed.programme, placed.protocol_version)
            for moment in protocol.moments
            if moment.code == said.moment and moment.baseline is not None
        ),
        "",
    )
    made = _made(connection, clock.at_micros(told.version))
    return Pair(said, made, counted.get((said.instrument, baseline)), counted.get((said.instrument, said.moment)))


def _made(connection: Connection, at: datetime) -> Made:
    return Made(at, store.walks.released(connection, at))


def replaced(rows: Iterable[Superseded], present: Mapping[Place, State]) -> Iterator[Former]:
    """What was told before, each with what took its place. What was kept when the service was emptied, and told again unchanged, was
    never superseded."""
    by_place: dict[Place, list[Superseded]] = {}
    for row in rows:
        by_place.setdefault((row.topic, row.entity), []).append(row)
    found = []
    for place, states in by_place.items():
        said = [_decoded(place[0], state.body) for state in states]
        for state, each, then in zip(states, said, [*said[1:], present[place]], strict=True):
            if not state.emptied or _relied_on(each) != _relied_on(then):
                found.append((state.until, place, Former(each, state.until, then)))
    return (former for _, _, former in sorted(found, key=lambda each: each[:2]))


def _relied_on(said: State) -> object:
    return said.results if isinstance(said, ScoreComputed) else said.verdicts


def _pairs(connection: Connection, contracts: Contracts, score: ScoreComputed) -> list[Told]:
    """The pairs of which this answer is one side: the follow-up, or the baseline of later ones."""
    if score.episode is None or score.moment is None or score.counts != "counted":
        return []
    moments = {score.moment} | {
        moment.code for protocol in contracts.every_protocol for moment in protocol.moments if moment.baseline == score.moment
    }
    entities = [f"{score.episode}/{score.instrument}/{moment}" for moment in sorted(moments)]
    told = store.former.told_before(connection, [(topics.MCIC_CHANGED.name, entity) for entity in entities])
    return sorted(told, key=lambda one: pair_key(one.entity).moment)


def _decoded(topic: str, body: bytes) -> State:
    return _SCORE.decode(body) if topic == topics.SCORE_COMPUTED.name else _PAIR.decode(body)
