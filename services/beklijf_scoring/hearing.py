"""From what intake says to what scoring keeps: checks that it can be used at all, scores the answers, keeps what is needed."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from importlib.metadata import version as version_of
from typing import NamedTuple

import msgspec

from beklijf_domain.calendar import REGISTRY_TIME_ZONE, local_date
from beklijf_domain.instrument import NO_INSTRUMENT, Instrument
from beklijf_domain.score import AnswerOutside, Score, scorer
from beklijf_scoring.domain.facts import Answer, Episode
from beklijf_shared import topics
from beklijf_shared.clock import instant, micros
from beklijf_shared.contracts import Contracts, items_of
from beklijf_shared.events import EpisodeChanged, Event, ResponseAccepted

RETRACTED = Score(False, "retracted", ())
"""What was entered in error has no score that anybody should see."""

NOT_SCORED = Score(False, "no-instrument", ())
"""A form that no instrument scores. When one comes to do so, `rescore` gives these answers their scores."""

SOFTWARE = version_of("beklijf")

_ENCODER = msgspec.msgpack.Encoder()
_ANSWER = msgspec.msgpack.Decoder(Answer)
_EPISODE = msgspec.msgpack.Decoder(Episode)
_EVENTS = {topic.name: msgspec.json.Decoder(topic.event) for topic in topics.received_by("scoring")}


Fact = Answer | Episode
"""What is kept of one entity, as small as it can be."""


class Inapplicable(Exception):
    """An event that cannot be applied; the message is the reason for its dead letter: a code, and words without content."""


class Basis(NamedTuple):
    """What everything derived rests on, as digests; the software is part of both: a mended fault is a change like any other."""

    derived: str
    """Of all contracts that scores, places and verdicts rest on."""
    scored: str
    """Of what scores alone rest on."""


def basis_of(contracts: Contracts) -> Basis:
    """What whoever derives by these contracts rests on."""
    instruments = [repr(contracts.instruments[code]) for code in sorted(contracts.instruments)]
    scored = _digest(SOFTWARE, *instruments, repr(sorted(contracts.questionnaires)))
    return Basis(_digest(contracts.fingerprint, scored), scored)


def _digest(*texts: str) -> str:
    return hashlib.sha256(repr(texts).encode()).hexdigest()


class Hearing:
    """Turns events into facts; everything about instruments and protocols is looked up once, at start."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._scorers = {code: scorer(instrument) for code, instrument in contracts.instruments.items()}
        self._besides = {canonical: _besides(contracts, canonical) for canonical in contracts.questionnaires}

    def fact(self, event: Event) -> Fact:
        """What is kept of an event. Raises Inapplicable."""
        try:
            if isinstance(event, ResponseAccepted):
                return self.answer(event)
            if isinstance(event, EpisodeChanged):
                return self.episode(event)
        except AnswerOutside as error:
            raise Inapplicable(f"{error}: the answers do not fit the instrument") from None
        except (ValueError, OverflowError):  # text in the form of a day or an instant that no calendar has
            raise Inapplicable("impossible-date: a day or an instant is not in the calendar") from None
        raise Inapplicable("unexpected-event: not a kind that scoring is told")

    def answer(self, event: ResponseAccepted) -> Answer:
        """One answer, scored (M24). What was entered in error is kept, so that it stays retracted whatever comes late (M11)."""
        instrument = self.instrument_of(event)
        retracted = event.status == "entered-in-error"
        score = RETRACTED if retracted else self.score(event, instrument)
        measured, received = instant(event.measured), instant(event.received)
        return Answer(
            response=event.response,
            organisation=event.organisation,
            instrument=NO_INSTRUMENT if instrument is None else instrument.code,
            instrument_version="0" if instrument is None else instrument.version,
            algorithm="none" if instrument is None else instrument.algorithm,
            questionnaire_version=event.questionnaire_version,
            retracted=retracted,
            day=_day(measured).isoformat(),
            measured=event.measured,
            measured_microseconds=micros(measured),
            received=event.received,
            received_microseconds=micros(received),
            stated_episode=event.stated_episode,
            stated_moment=event.stated_moment,
            tie_break=event.tie_break,
            scorable=score.scorable,
            not_scorable_reason=score.reason,
            values=score.values,
            receipts=event.receipts,
            mapping=event.mapping,
            questionnaire=event.questionnaire if instrument is None else None,
        )

    def instrument_of(self, event: ResponseAccepted) -> Instrument | None:
        """The instrument that scores the form that was answered, or None: it is kept without a score."""
        return self._contracts.instrument_of(event.questionnaire, event.questionnaire_version)

    def score(self, event: ResponseAccepted, instrument: Instrument | None) -> Score:
        """What the answers are worth. A site may accept forms that nobody scores: they are kept, and placed like all others (M5, M7, M8).

        What the Questionnaire asks besides the instrument's own items is no part of the score. Raises AnswerOutside.
        """
        if instrument is None:
            return NOT_SCORED
        besides = self._besides.get((event.questionnaire, event.questionnaire_version))
        answers = [answer for answer in event.answers if answer.link not in besides] if besides else event.answers
        return self._scorers[instrument.code](answers)

    def episode(self, event: EpisodeChanged) -> Episode:
        """One episode, whose windows must all lie in the calendar."""
        protocol = self._contracts.protocols.get(event.programme)
        if protocol is None:
            raise Inapplicable("unknown-programme: no protocol has this code")
        ended, _ = (day and date.fromisoformat(day) for day in (event.treatment_ended, event.participation_since))
        t0 = date.fromisoformat(event.t0)
        protocol.at(t0, event.episode).windows(t0, ended or None)
        return Episode(
            episode=event.episode,
            organisation=event.organisation,
            programme=event.programme,
            t0=event.t0,
            sex=event.sex,
            birth_year=event.birth_year,
            treatment=event.treatment,
            treatment_ended=event.treatment_ended,
            participation=event.participation,
            participation_since=event.participation_since,
            received=event.received,
            received_microseconds=micros(instant(event.received)),
        )


def _besides(contracts: Contracts, canonical: tuple[str, str]) -> frozenset[str]:
    """The items of a Questionnaire that the instrument which scores it does not ask."""
    instrument = contracts.instrument_of(*canonical)
    own = {item.link for item in instrument.items} if instrument is not None else set()
    return frozenset(item["linkId"] for item in items_of(contracts.questionnaires[canonical]) if item["linkId"] not in own)


def event_of(topic: str, body: bytes) -> Event:
    """The event that was heard, from its text."""
    event: Event = _EVENTS[topic].decode(body)
    return event


def encoded(fact: Fact) -> bytes:
    """A fact as it is kept."""
    return _ENCODER.encode(fact)


def fact_of(topic: str, kept: bytes) -> Fact:
    """The fact that was kept."""
    return _ANSWER.decode(kept) if topic == topics.RESPONSE_ACCEPTED.name else _EPISODE.decode(kept)


def _day(measured: datetime) -> date:
    return local_date(measured, REGISTRY_TIME_ZONE)
