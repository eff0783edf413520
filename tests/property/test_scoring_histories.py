"""P-06, P-07, P-26 without a database: whatever came first, however often, whoever turned out to be whom, and however often the contracts
changed on the way, what is told in the end is the same bytes, and what the plain reference says."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beklijf_scoring.hearing import encoded
from beklijf_scoring.telling import is_gone
from beklijf_scoring.usecases import Scoring, kept
from beklijf_shared import heard, topics
from beklijf_shared.events import Event, encode
from beklijf_shared.heard import Heard
from tests.lib import happenings, plain_history
from tests.lib.events import message
from tests.lib.worlds import WORLDS, World, contracts_of

Place = tuple[str, str]
Worlds = dict[World, Scoring]
EXAMPLES = settings(max_examples=250, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    folder = tmp_path_factory.mktemp("worlds")
    return {world: Scoring(contracts_of(world, folder / str(number))) for number, world in enumerate(WORLDS)}


class Memory:
    """What scoring keeps, without tables: the newest of everything, with the facts of the contracts by which each was heard."""

    def __init__(self) -> None:
        self.rows: dict[Place, Heard] = {}

    def hear(self, event: Event, scoring: Scoring) -> None:
        """Keeps the event if it is newer than what is kept."""
        one = message(event)
        known = {place: heard.Stored(row.key, row.version, b"") for place, row in self.rows.items() if place == one.place}
        for fresh in heard.sort([one], known).fresh:
            row = Heard(fresh.topic.name, fresh.entity, fresh.key, fresh.version, fresh.body, None)
            self.keep([row], scoring)

    def keep(self, rows: list[Heard], scoring: Scoring) -> None:
        """Keeps these with their facts by these contracts."""
        for row, (_, fact) in zip(rows, scoring.anew(rows), strict=True):
            self.rows[row.topic, row.entity] = Heard(row.topic, row.entity, row.key, row.version, row.body, encoded(fact))

    def says(self, scoring: Scoring) -> dict[Place, bytes]:
        """Everything that is told of everybody."""
        tellings = scoring.tellings(scoring.derived(kept(self.rows.values()), ()))
        return {(topic.name, topic.entity_of(event)): encode(event) for topic, event in tellings}


@EXAMPLES
@given(data=st.data(), told=happenings.events(), last=st.sampled_from(WORLDS))
def test_the_end_is_the_same_whatever_the_way(worlds: Worlds, data: st.DataObject, told: list[Event], last: World) -> None:
    memory, straight = Memory(), Memory()
    for event in told:
        straight.hear(event, worlds[last])
    for event in data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told), max_size=4))])):
        memory.hear(event, worlds[data.draw(st.sampled_from(WORLDS))])
    some = data.draw(st.sets(st.sampled_from(sorted({row.key for row in memory.rows.values()}))))
    memory.keep([row for row in memory.rows.values() if row.key in some], worlds[data.draw(st.sampled_from(WORLDS))])
    memory.keep(list(memory.rows.values()), worlds[last])

    said = memory.says(worlds[last])

    assert said == straight.says(worlds[last])
    assert contents(said) == plain_history.told([msgspec.to_builtins(event) for event in told], last)


def contents(said: dict[Place, bytes]) -> dict[str, plain_history.Facts]:
    """What is told, as plain data, without the version; pairs that are no more are left out."""
    found = {}
    for (topic, entity), body in said.items():
        if topic != topics.DATA_QUALITY.name and not is_gone(topic, body):
            content = json.loads(body)
            found[entity] = {name: value for name, value in content.items() if name != "version"}
    return found


def test_the_histories_are_rich_enough() -> None:
    """Each way to count comes up, each verdict, each reason for none; and each change of contracts changes something."""
    counts, verdicts, differing = set(), set(), set()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(told=happenings.events())
    def look(told: list[Event]) -> None:
        plain = [msgspec.to_builtins(event) for event in told]
        begun = plain_history.told(plain, WORLDS[0])
        for facts in begun.values():
            counts.add(facts.get("counts"))
            verdicts.update(each["verdict"] for each in facts.get("verdicts", ()) if "verdict" in each)
            verdicts.add(facts.get("none_because"))
        differing.update(world for world in WORLDS[1:] if plain_history.told(plain, world) != begun)

    look()

    assert counts == {None, "counted", "waiting", "after-end", "off-window", "unscheduled", "surplus", "retracted"}
    assert verdicts == {None, "improved", "unchanged", "deteriorated", "not-evaluable", "no-baseline", "not-scorable"}
    assert differing == set(WORLDS[1:])
