"""P-06, P-07 on real tables, with contracts that change on the way: heard in any order, planned, rescored in part, cut off in the middle,
resumed, emptied and told again, it ends as a service that knew the last contracts all along; and what was told before stays readable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from beklijf_scoring import app, queries, rescoring, store, telling
from beklijf_scoring.effect import Effect
from beklijf_scoring.rescoring import Rescoring
from beklijf_scoring.usecases import Scoring
from beklijf_shared import commands, db
from beklijf_shared.events import EpisodeScored, Event, McicChanged, ScoreComputed
from tests.lib import happenings, plain_history
from tests.lib.clock import HandClock
from tests.lib.databases import Databases
from tests.lib.events import message
from tests.lib.rooms import Room
from tests.lib.worlds import AS_BEGUN, WORLDS, World, contracts_of

Place = tuple[str, str]
SUBJECTS_AT_ONCE = 1
EXAMPLES = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class CutOff(Exception):
    """A process that dies in the middle of a transaction."""


@dataclass
class Service:
    """Scoring on its tables, restarted with other contracts at will; and a witness of everything it ever told."""

    room: Room
    worlds: dict[World, Scoring]
    world: World = AS_BEGUN
    clock: HandClock = field(default_factory=HandClock)
    heard: list[Event] = field(default_factory=list)
    witnessed: dict[Place, list[object]] = field(default_factory=dict)

    @property
    def scoring(self) -> Scoring:
        """By the contracts of the present world."""
        return self.worlds[self.world]

    def hear(self, events: Sequence[Event]) -> None:
        """One batch."""
        self.heard += events
        self.clock.advance(seconds=1)
        with db.transaction(self.room.engine) as connection:
            assert self.scoring.apply(connection, [message(event) for event in events], self.clock()) == []
        self._witness()

    def plan(self) -> None:
        """Looks, and changes nothing."""
        before = self.room.hash()
        rescoring.previewed(self.room.engine, self.scoring, Effect())
        assert self.room.hash() == before

    def begin(self, steps: int, *, dies: bool) -> None:
        """Walks so many steps and is cut off: between two, or in the middle of one, which then never was."""
        step = None
        for number in range(steps):
            self.clock.advance(seconds=1)
            with suppress(CutOff), db.transaction(self.room.engine) as connection:
                step = Rescoring(self.scoring).step(connection, step, SUBJECTS_AT_ONCE, self.clock())
                if step is None:
                    return
                self.scoring.rescore(connection, step.subjects, self.clock(), scored=self._scored(connection))
                if dies and number == steps - 1:
                    raise CutOff
            self._witness()

    def finish(self) -> None:
        """Everybody, from where it was."""
        self.clock.advance(seconds=1)
        rescoring.walk(self.room.engine, self.scoring, self.clock, SUBJECTS_AT_ONCE)
        self._witness()

    def rebuild(self, order: Callable[[list[Event]], list[Event]]) -> None:
        """Emptied, and told everything again in another order."""
        self.clock.advance(seconds=1)
        with db.transaction(self.room.engine) as connection:
            store.former.forget(connection, telling.NOTHING, self.clock())
            commands.truncate(connection, *app.EMPTIED)
        again, self.heard = order(self.heard), []
        for at in range(0, len(again), 7):
            self.hear(again[at : at + 7])

    def former(self) -> dict[Place, list[object]]:
        """What the service says it told before, of every score and pair."""
        with db.transaction(self.room.engine) as connection:
            present = {place: _decoded(place, body) for place, body in self._told()}
            rows = store.former.superseded_of(connection, present)
        found: dict[Place, list[object]] = {}
        for each in queries.replaced(rows, present):
            found.setdefault(_place(each.said), []).append(_relied_on(each.said))
        return found

    def expected_former(self) -> dict[Place, list[object]]:
        """What the witness saw replaced; what says nothing is no loss."""
        replaced = {place: [each for each in seen[:-1] if each != ()] for place, seen in self.witnessed.items()}
        return {place: seen for place, seen in replaced.items() if seen}

    def _witness(self) -> None:
        for place, body in self._told():
            says, seen = _relied_on(_decoded(place, body)), self.witnessed.setdefault(place, [])
            if not seen or seen[-1] != says:
                seen.append(says)

    def _told(self) -> list[tuple[Place, bytes]]:
        with db.transaction(self.room.engine) as connection:
            rows = connection.execute(text("SELECT topic, entity, body FROM told"))
            return [((topic, entity), bytes(body)) for topic, entity, body in rows if topic in telling.RELIED_ON]

    def _scored(self, connection: db.Connection) -> bool:
        last = store.walks.last(connection)
        return last is not None and last.scored_by == self.scoring.basis.scored


def _decoded(place: Place, body: bytes) -> queries.State:
    kind: type[ScoreComputed | McicChanged] = ScoreComputed if "score-computed" in place[0] else McicChanged
    return msgspec.json.decode(body, type=kind)


def _place(said: queries.State) -> Place:
    if isinstance(said, ScoreComputed):
        return "beklijf.score-computed.v1", said.response
    return "beklijf.mcic-changed.v1", f"{said.episode}/{said.instrument}/{said.moment}"


def _relied_on(said: queries.State) -> tuple[object, ...]:
    return said.results if isinstance(said, ScoreComputed) else said.verdicts


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[World, Scoring]:
    folder = tmp_path_factory.mktemp("worlds")
    return {world: Scoring(contracts_of(world, folder / str(number))) for number, world in enumerate(WORLDS)}


@pytest.fixture(scope="module")
def rooms(databases: Databases) -> Iterator[tuple[Room, Room]]:
    both = Room("scoring", databases("scoring")), Room("scoring", databases("scoring"))
    yield both
    for room in both:
        room.close()


WAYS = ("hear", "hear", "hear", "world", "world", "plan", "begin", "begin", "finish", "rebuild")


@EXAMPLES
@given(data=st.data(), told=happenings.events(), last=st.sampled_from(WORLDS))
def test_it_ends_as_if_the_last_contracts_had_held_all_along(
    rooms: tuple[Room, Room], worlds: dict[World, Scoring], data: st.DataObject, told: list[Event], last: World
) -> None:
    for room in rooms:
        room.clear()
    service, straight = Service(rooms[0], worlds), Service(rooms[1], worlds, last)
    known = [last, data.draw(st.sampled_from(WORLDS))]  # only two: a service that comes back to contracts it knew is the harder case
    waiting = list(data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told), max_size=4))])))
    while waiting:
        way = data.draw(st.sampled_from(WAYS))
        if way == "hear":
            size = data.draw(st.sampled_from((1, 3, 10)))
            service.hear(waiting[:size])
            del waiting[:size]
        elif way == "world":
            service.world = data.draw(st.sampled_from(known))
        elif way == "plan":
            service.plan()
        elif way == "begin":
            service.begin(data.draw(st.integers(1, 3)), dies=data.draw(st.booleans()))
        elif way == "finish":
            service.finish()
        else:
            service.rebuild(lambda heard: list(data.draw(st.permutations(heard))))
    service.world = last
    service.finish()

    straight.hear(told)

    assert service.room.hash() == straight.room.hash()
    assert contents(service.room) == plain_history.told([msgspec.to_builtins(event) for event in told], last)
    assert service.former() == service.expected_former()


def contents(room: Room) -> dict[str, plain_history.Facts]:
    """What is told, as plain data, without the version; pairs that are no more are left out."""
    pairs = [each for each in room.told(McicChanged) if each.none_because not in ("no-follow-up", "retracted-episode")]
    said = [*room.told(EpisodeScored), *room.told(ScoreComputed), *pairs]
    found = {}
    for each in said:
        content = json.loads(msgspec.json.encode(each))
        del content["version"]
        entity = content["response"] if "response" in content else content["episode"]
        found[f"{entity}/ache/{content['moment']}" if isinstance(each, McicChanged) else entity] = content
    return found
