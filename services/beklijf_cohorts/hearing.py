"""From what scoring says to what cohorts keeps: the facts of an episode, checked and compact, decoded once."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import msgspec

from beklijf_cohorts.domain.facts import Answered, Coded, Episode, Judged, Value
from beklijf_shared.clock import instant, micros
from beklijf_shared.events import EpisodeScored, Event, PlacedResult


class Inapplicable(Exception):
    """An event that cannot be applied; the message is the reason for its dead letter: a code, and words without content."""


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of one episode beside its body. `received`: microseconds since 1970 (design, section 3.7)."""

    organisation: str
    received: int
    episode: Episode


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Facts)


def facts_of(event: Event) -> Facts:
    """The facts in an event. Raises Inapplicable."""
    if not isinstance(event, EpisodeScored):
        raise Inapplicable("unexpected-event: not a kind that cohorts is told")
    try:
        return Facts(event.organisation, micros(instant(event.received)), _episode(event))
    except (ValueError, OverflowError):  # text in the form of a day or an instant that no calendar has
        raise Inapplicable("impossible-date: a day or an instant is not in the calendar") from None


def encoded(facts: Facts) -> bytes:
    """Facts as they are stored."""
    return _ENCODER.encode(facts)


def stored(facts: bytes) -> Facts:
    """Facts as they were stored."""
    return _DECODER.decode(facts)


def _episode(event: EpisodeScored) -> Episode:
    return Episode(
        programme=event.programme,
        protocol_version=event.protocol_version,
        t0=_day(event.t0),
        sex=event.sex,
        birth_year=event.birth_year,
        treatment=event.treatment,
        treatment_ended=None if event.treatment_ended is None else _day(event.treatment_ended),
        participation=event.participation,
        participation_since=None if event.participation_since is None else _day(event.participation_since),
        answers=tuple(_answered(result) for result in event.results),
        verdicts=tuple(
            Judged(placed.moment, placed.instrument, f"{one.rule}@{one.rule_version}", one.verdict)
            for placed in event.verdicts
            for one in placed.verdicts
        ),
    )


def _answered(result: PlacedResult) -> Answered:
    values = tuple(Value(one.measure, one.integer, one.scale) for one in result.results if one.integer is not None)
    codes = tuple(Coded(one.measure, one.code) for one in result.results if one.code is not None)
    return Answered(result.moment, result.instrument, _day(result.day), result.scorable, values, codes)


@lru_cache(maxsize=16_384)
def _day(text: str) -> date:
    return date.fromisoformat(text)
