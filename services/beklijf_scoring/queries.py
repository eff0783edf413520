"""Questions about scores that were told: which there are, what they rest on, and what stood there before. Read only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from beklijf_domain.instrument import Instrument
from beklijf_scoring import store
from beklijf_scoring.telling import pair_key
from beklijf_shared import topics
from beklijf_shared.contracts import Contracts
from beklijf_shared.db import Connection
from beklijf_shared.events import EpisodeChanged, McicChanged, ResponseAccepted, ScoreComputed
from beklijf_shared.outbox import Told

PAGE_MAXIMUM = 200

_SCORE = msgspec.json.Decoder(ScoreComputed)
_PAIR = msgspec.json.Decoder(McicChanged)
_RESPONSE = msgspec.json.Decoder(ResponseAccepted)
_EPISODE = msgspec.json.Decoder(EpisodeChanged)


@dataclass(frozen=True, slots=True)
class Former:
    """A score or a pair as it was told before; `until`: when something else took its place."""

    said: ScoreComputed | McicChanged
    until: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Everything about one score: what is told, the answers it rests on, its episode, its pairs, and what was told before."""

    score: ScoreComputed
    version: int
    response: ResponseAccepted
    episode: EpisodeChanged | None
    pairs: tuple[McicChanged, ...]
    former: tuple[Former, ...]
    instrument: Instrument | None
    others: tuple[ScoreComputed, ...] = ()
    """The scores on the other side of its pairs, in the order of their days."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One score with the answer it comes from, as a search finds it."""

    score: ScoreComputed
    version: int
    response: ResponseAccepted


def known(connection: Connection, contracts: Contracts, organisation: str, response: str) -> Known | None:
    """Everything about the score of one answer of that organisation; None when there is none, or it is another's."""
    found = scores(connection, organisation, [response])
    if not found:
        return None
    (one,) = found
    pairs = _pairs(connection, contracts, one.score)
    episode = store.heard_of(connection, topics.EPISODE_CHANGED.name, [one.score.episode]) if one.score.episode else []
    places = [(topics.SCORE_COMPUTED.name, response), *((told.topic, told.entity) for told in pairs)]
    former = [Former(_decoded(topic, body), at) for topic, _, at, body in store.superseded_of(connection, places)]
    return Known(
        score=one.score,
        version=one.version,
        response=one.response,
        episode=_EPISODE.decode(episode[0][1]) if episode else None,
        pairs=tuple(_PAIR.decode(told.body) for told in pairs),
        former=tuple(former),
        instrument=contracts.instruments.get(one.score.instrument),
        others=_others(connection, one.score) if pairs else (),
    )


def scores(connection: Connection, organisation: str, responses: Collection[str]) -> list[Scored]:
    """The scores of these answers, as far as they are that organisation's."""
    told = store.told_before(connection, [(topics.SCORE_COMPUTED.name, response) for response in responses])
    return _with_answers(connection, organisation, told)


def scores_of_subject(connection: Connection, organisation: str, subject: str) -> list[Scored]:
    """The scores of one subject at that organisation, by answer."""
    return _with_answers(connection, organisation, store.told_of(connection, topics.SCORE_COMPUTED.name, subject))


def page(connection: Connection, organisation: str, after: str, most: int) -> tuple[list[Scored], str | None]:
    """The next scores of that organisation in the order of their answers; where to go on, or None at the end."""
    told = store.told_after(connection, topics.SCORE_COMPUTED.name, organisation, after, most + 1)
    further = told[most - 1].entity if len(told) > most else None
    return _with_answers(connection, organisation, told[:most]), further


def _with_answers(connection: Connection, organisation: str, told: list[Told]) -> list[Scored]:
    decoded = [(one.version, _SCORE.decode(one.body)) for one in sorted(told, key=lambda one: one.entity)]
    own = [(version, score) for version, score in decoded if score.organisation == organisation]
    answers = store.heard_of(connection, topics.RESPONSE_ACCEPTED.name, [score.response for _, score in own]) if own else []
    bodies = {entity: _RESPONSE.decode(body) for entity, body in answers}
    return [Scored(score, version, bodies[score.response]) for version, score in own if score.response in bodies]


def _pairs(connection: Connection, contracts: Contracts, score: ScoreComputed) -> list[Told]:
    """The pairs of which this answer is one side: the follow-up, or the baseline of later ones."""
    if score.episode is None or score.moment is None or score.counts != "counted":
        return []
    moments = {score.moment} | {
        moment.code for protocol in contracts.every_protocol for moment in protocol.moments if moment.baseline == score.moment
    }
    entities = [f"{score.episode}/{score.instrument}/{moment}" for moment in sorted(moments)]
    told = store.told_before(connection, [(topics.MCIC_CHANGED.name, entity) for entity in entities])
    return sorted(told, key=lambda one: pair_key(one.entity).moment)


def _others(connection: Connection, score: ScoreComputed) -> tuple[ScoreComputed, ...]:
    """What else counts of the same instrument in the same episode: the baseline and the other follow-ups."""
    told = (_SCORE.decode(one.body) for one in store.told_of(connection, topics.SCORE_COMPUTED.name, score.subject))
    about = score.episode, score.instrument, "counted"
    found = [each for each in told if (each.episode, each.instrument, each.counts) == about and each.response != score.response]
    return tuple(sorted(found, key=lambda each: (each.day, each.response)))


def _decoded(topic: str, body: bytes) -> ScoreComputed | McicChanged:
    return _SCORE.decode(body) if topic == topics.SCORE_COMPUTED.name else _PAIR.decode(body)
