"""Gate 3: whatever the order, however often repeated, however cut into batches: the same state, and that of the plain reference.

At the edge of events through the real tables of scoring and cohorts; at the edge of FHIR through the use case of intake, for
histories that can be ordered without knowing when a message arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beklijf_shared.envelope import Message
from beklijf_shared.events import EpisodeScored, Event, ScoreComputed
from tests.lib import reference
from tests.lib.databases import Databases
from tests.lib.histories import History, deliveries, histories
from tests.lib.rooms import Room

NOW = datetime(2020, 3, 2, 12, tzinfo=UTC)
RULES = {"imsr-30-percent": "relative", "ostelo-2008": "absolute"}
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def scoring(databases: Databases) -> Iterator[Room]:
    room = Room("scoring", databases("scoring"))
    yield room
    room.close()


@pytest.fixture(scope="module")
def cohorts(databases: Databases) -> Iterator[Room]:
    room = Room("cohorts", databases("cohorts"))
    yield room
    room.close()


def score(scoring: Room, batches: Sequence[Sequence[Event]]) -> list[Message]:
    """A service that begins with nothing is told a history; gives everything that its relay sent on the way."""
    scoring.clear()
    sent: list[Message] = []
    for batch in batches:
        assert scoring.apply(batch, NOW) == []
        sent += scoring.sends()
    return sent


def said_of_answers(scoring: Room) -> dict[str, tuple[str, str | None, str | None]]:
    """Answer -> how it counts, and where."""
    return {
        one.response: (one.counts, *((None, None) if one.counts in ("retracted", "waiting") else (one.episode, one.moment)))
        for one in scoring.told(ScoreComputed)
    }


def expected_of_answers(history: History) -> dict[str, tuple[str, str | None, str | None]]:
    placed = reference.place(history.answers(), history.episodes())
    return {name: (one.counts, one.episode, one.moment) for name, one in placed.items()}


def said_of_pairs(scoring: Room) -> dict[tuple[str, str, str, str], str]:
    """(episode, instrument, moment, rule) -> verdict."""
    return {
        (episode.episode, pair.instrument, pair.moment, RULES[judged.rule]): judged.verdict
        for episode in scoring.told(EpisodeScored)
        for pair in episode.verdicts
        for judged in pair.verdicts
    }


def expected_of_pairs(history: History) -> dict[tuple[str, str, str, str], str]:
    known = reference.counted(history.answers(), history.episodes())
    found = {}
    for (episode, moment, instrument), answer in known.items():
        baseline = known.get((episode, "t0", instrument))
        if moment != "t0" and answer.score is not None and baseline is not None and baseline.score is not None:
            for rule in reference.RULES:
                found[episode, instrument, moment, rule] = reference.verdict(rule, instrument, baseline.score, answer.score)
    return found


@EXAMPLES
@given(data=st.data(), history=histories())
def test_scoring_says_the_same_whatever_the_order(scoring: Room, data: st.DataObject, history: History) -> None:
    score(scoring, [list(history.events)])
    in_one_batch = scoring.hash()

    score(scoring, data.draw(deliveries(history)))

    assert scoring.hash() == in_one_batch
    assert said_of_answers(scoring) == expected_of_answers(history)
    assert said_of_pairs(scoring) == expected_of_pairs(history)
