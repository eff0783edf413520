"""One subject at a time, from events to what scoring derives of it: no database, no broker."""

from __future__ import annotations

from collections.abc import Iterable

from beklijf_scoring.domain.change import judges
from beklijf_scoring.domain.derive import Derived, Pair, Subject, derive, knowledge_of
from beklijf_scoring.domain.facts import PairKey
from beklijf_scoring.domain.place import Placed
from beklijf_scoring.hearing import Hearing
from beklijf_shared import contracts, events

CONTRACTS = contracts.load()
HEARING = Hearing(CONTRACTS)
KNOWLEDGE = knowledge_of(CONTRACTS.protocols, judges(CONTRACTS.instruments, CONTRACTS.protocols, CONTRACTS.rules))


def derived(*given: events.Event, published: Iterable[PairKey] = ()) -> Derived:
    """What scoring says about a subject of whom it was told exactly this."""
    episodes = [HEARING.episode(event) for event in given if isinstance(event, events.EpisodeChanged)]
    answers = [HEARING.answer(event) for event in given if isinstance(event, events.ResponseAccepted)]
    return derive(Subject(episodes, answers, published), KNOWLEDGE)


def placed(*given: events.Event) -> Placed:
    """The place of the only answer."""
    (only,) = derived(*given).answers
    return only


def counts(*given: events.Event) -> dict[str, str]:
    """How each answer counts, by its id."""
    return {each.answer.response: each.counts for each in derived(*given).answers}


def pair(*given: events.Event) -> Pair:
    """The only pair."""
    (only,) = derived(*given).pairs
    return only
