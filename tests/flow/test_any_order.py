"""Gate 3: whatever the order, however often repeated, however cut into batches: the same state, and that of the plain reference.

At the edge of events through the real tables of scoring and cohorts; at the edge of FHIR through the use case of intake, for
histories that can be ordered without knowing when a message arrived.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from beklijf_shared import topics
from beklijf_shared.envelope import Message
from beklijf_shared.events import EpisodeChanged, EpisodeScored, Event, ResponseAccepted, ScoreComputed
from tests.lib import cells, reference, reference_fhir
from tests.lib.builders import Resource
from tests.lib.databases import Databases
from tests.lib.desk import Desk
from tests.lib.fhir_histories import arrivals, sent
from tests.lib.histories import TODAY, History, deliveries, histories
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


@pytest.fixture(scope="module")
def desk(databases: Databases) -> Iterator[Desk]:
    room = Room("intake", databases("intake"))
    yield Desk(room)
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


def take_in(desk: Desk, scoring: Room, batches: Sequence[Sequence[Resource]]) -> str:
    """Intake and scoring begin with nothing and take in what arrives; gives all that they say, with the sender's names for our ids."""
    desk.accept(batches)
    scoring.clear()
    scoring.apply_messages(desk.room.sends(), NOW)
    said = "\n".join(repr(one) for one in sorted_told(desk.room, TOLD_BY_INTAKE) + sorted_told(scoring, TOLD_BY_SCORING))
    for id_, name in desk.names().items():
        said = said.replace(id_, name)
    return "\n".join(sorted(said.splitlines()))


TOLD_BY_INTAKE: tuple[type[Event], ...] = (EpisodeChanged, ResponseAccepted)
TOLD_BY_SCORING: tuple[type[Event], ...] = (EpisodeScored, ScoreComputed)


def sorted_told(room: Room, kinds: Sequence[type[Event]]) -> list[Event]:
    return [one for kind in kinds for one in room.told(kind)]


def named_history(desk: Desk) -> History:
    """What intake says, with the sender's names for our ids."""
    names = desk.names()

    def rename(event: EpisodeChanged | ResponseAccepted) -> Event:
        fields = ("episode", "subject") if isinstance(event, EpisodeChanged) else ("response", "subject", "stated_episode")
        given = {name: getattr(event, name) for name in fields}
        return replace(event, **{name: names.get(value, value) for name, value in given.items()}, organisation="o")

    return History(tuple(rename(one) for kind in (EpisodeChanged, ResponseAccepted) for one in desk.room.told(kind)))


@EXAMPLES
@given(data=st.data(), history=sent())
def test_intake_says_the_same_in_whatever_order_it_arrives(desk: Desk, scoring: Room, data: st.DataObject, history: list[Resource]) -> None:
    in_order_of_making = take_in(desk, scoring, [history])

    arrived = take_in(desk, scoring, data.draw(arrivals(history)))

    assert arrived == in_order_of_making
    told, expected = named_history(desk), reference_fhir.answers(history)
    ties = {answer.id: answer.tie for answer in told.answers()}
    assert told.episodes() == reference_fhir.episodes(history)
    assert told.answers() == [dataclasses.replace(answer, tie=ties[answer.id]) for answer in expected]
    placed = reference.place(told.answers(), told.episodes())
    names = desk.names()
    assert {names[name]: counts for name, (counts, *_) in said_of_answers(scoring).items()} == {
        name: one.counts for name, one in placed.items()
    }


@EXAMPLES
@given(data=st.data(), history=histories(), luck=st.randoms(use_true_random=False))
def test_cohorts_counts_the_same_whatever_the_order(
    scoring: Room, cohorts: Room, data: st.DataObject, history: History, luck: Random
) -> None:
    sent_on_the_way = [one for one in score(scoring, data.draw(deliveries(history))) if one.topic is topics.EPISODE_SCORED]
    count(cohorts, [sent_on_the_way])
    in_one_batch = cohorts.hash()

    disorder = sent_on_the_way + luck.sample(sent_on_the_way, len(sent_on_the_way) // 2)
    luck.shuffle(disorder)
    count(cohorts, [disorder[start : start + 3] for start in range(0, len(disorder), 3)])

    assert cohorts.hash() == in_one_batch
    assert cells.figures(cells.counted(cohorts.engine)) == reference.figures(history.answers(), history.episodes(), TODAY)


def count(cohorts: Room, batches: Sequence[Sequence[Message]]) -> None:
    """A service that begins with nothing is told what scoring sent."""
    cohorts.clear()
    for batch in batches:
        assert cohorts.apply_messages(batch, NOW) == []
