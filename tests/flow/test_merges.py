"""Patients replaced by others, end to end: after any order of arrival, intake, scoring and cohorts say what they would say if nobody had
ever been two, or after the undoing, never one (M14, M16 to M19)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beklijf_intake.usecases import Unit
from beklijf_intake.writer import committer
from beklijf_shared import topics
from beklijf_shared.events import EpisodeChanged, EpisodeScored, Event, FollowUpDue, McicChanged, ResponseAccepted, ScoreComputed
from tests.lib import builders, cells
from tests.lib.builders import PSEUDONYMS, Resource
from tests.lib.clock import CountedIds, HandClock
from tests.lib.databases import Databases
from tests.lib.desk import RULES, Desk, request
from tests.lib.reading import NOW
from tests.lib.rooms import Room

ONE, TWO = "00000001", "00000002"
Sent = tuple[str, Resource]
"""A resource, and the organisation that sends it."""


@dataclass
class Path:
    """The three services behind one another."""

    desk: Desk
    scoring: Room
    cohorts: Room

    def take(self, batches: Sequence[Sequence[Sent]]) -> Said:
        """Begin with nothing; every batch goes all the way before the next one comes."""
        for room in (self.desk.room, self.scoring, self.cohorts):
            room.clear()
        commit = committer(self.desk.room.engine, HandClock(NOW), CountedIds(), RULES)
        for batch in batches:
            for verdict in commit([Unit(by, (request(resource, by),)) for by, resource in batch]):
                assert isinstance(verdict, list), verdict.problems
            heard = [one for one in self.desk.room.sends() if one.topic in (topics.EPISODE_CHANGED, topics.RESPONSE_ACCEPTED)]
            assert self.scoring.apply_messages(heard, NOW) == []
            assert self.cohorts.apply_messages([one for one in self.scoring.sends() if one.topic is topics.EPISODE_SCORED], NOW) == []
        return self._said()

    def _said(self) -> Said:
        names = self.desk.names()
        pairs = [pair for pair in self.scoring.told(McicChanged) if any(one.verdict is not None for one in pair.verdicts)]
        follow_ups = [one for one in self.cohorts.told(FollowUpDue) if one.state != "not-due"]
        return Said(
            _named([*self.desk.room.told(EpisodeChanged), *self.desk.room.told(ResponseAccepted)], names),
            _named([*self.scoring.told(EpisodeScored), *self.scoring.told(ScoreComputed), *pairs], names),
            _named(follow_ups, names),
            cells.counted(self.cohorts.engine),
        )


@dataclass(frozen=True)
class Said:
    """All that is so in the end, with the senders' names for our ids. Pairs and follow-ups that are no longer so are left out (M39)."""

    intake: list[str]
    scoring: list[str]
    follow_ups: list[str]
    counts: Any = field(repr=False)


def _named(events: Sequence[Event], names: dict[str, str]) -> list[str]:
    found = []
    for event in events:
        text = repr(event)
        for id_, name in names.items():
            text = text.replace(id_, name)
        found.append(text)
    return sorted(found)


@pytest.fixture(scope="module")
def path(databases: Databases) -> Iterator[Path]:
    rooms = [Room(service, databases(service)) for service in ("intake", "scoring", "cohorts")]
    yield Path(Desk(rooms[0]), *rooms[1:])
    for room in rooms:
        room.close()


def person(name: str, *, by: str | None = None, version: int = 1, **more: Any) -> Resource:
    """A version of a patient, perhaps replaced by another one; the sender's clock says which version is the newest."""
    link = [{"type": "replaced-by", "other": {"identifier": builders.named(PSEUDONYMS, by)}}] if by else []
    meta = {"lastUpdated": datetime(2019, 5, version, 12, tzinfo=UTC).isoformat()}
    return builders.patient(name, meta=meta, **more, **({"link": link} if link else {}))


def course(begins: str, goes_on: str, ends: str) -> list[Resource]:
    """A treatment of which each part was sent under another pseudonym: the start, the end of treatment, the long term."""
    return [
        builders.episode("e1", of=begins, t0="2014-03-03", status="finished", ended="2014-05-01"),
        builders.vas("a0", 80, of=begins, authored="2014-03-03T10:00:00+01:00"),
        builders.qbpds("q0", 60, of=begins, authored="2014-03-03T10:00:00+01:00"),
        builders.vas("a1", 40, of=goes_on, authored="2014-05-03T10:00:00+02:00"),
        builders.qbpds("q1", 20, of=goes_on, authored="2014-05-03T10:00:00+02:00"),
        builders.vas("a4", 79, of=ends, authored="2017-09-03T10:00:00+02:00"),
        builders.coded("gpe-3", "g4", {"gpe-3": "better"}, of=ends, authored="2017-09-03T10:00:00+02:00"),
    ]


def whole(name: str) -> list[Resource]:
    """The same, of somebody who always had one pseudonym."""
    return course(name, name, name)


def by(organisation: str, *resources: Resource) -> list[Sent]:
    return [(organisation, resource) for resource in resources]


APART = by(TWO, person("p1"), person("p2"), *course("p1", "p2", "p1"))
REFUSAL = builders.consent(of="p1", since="2017-01-01")
CASES: dict[str, tuple[list[Sent], list[Sent]]] = {
    "merged": (
        by(ONE, person("p1", by="p2", gender="male"), person("p2"), *course("p1", "p2", "p2")),
        by(ONE, person("p1", gender="male"), person("p2"), *whole("p2")),
    ),
    "merged and undone": (
        by(ONE, person("p1", by="p2"), person("p1", version=2), person("p2"), *course("p1", "p2", "p2")),
        by(ONE, person("p1", version=2), person("p2"), *course("p1", "p2", "p2")),
    ),
    "merged, undone and merged": (
        by(ONE, person("p1", by="p2"), person("p1", version=2), person("p1", by="p2", version=3), person("p2"), *course("p1", "p2", "p1")),
        by(ONE, person("p1"), person("p2"), *whole("p2")),
    ),
    "a chain": (
        by(ONE, person("p1", by="p2"), person("p2", by="p3"), person("p3", born="1960"), *course("p1", "p2", "p3")),
        by(ONE, person("p1"), person("p2"), person("p3", born="1960"), *whole("p3")),
    ),
    "a chain cut in the middle": (
        by(ONE, person("p1", by="p2"), person("p2", by="p3"), person("p2", version=2), person("p3"), *course("p1", "p2", "p3")),
        by(ONE, person("p1"), person("p2", version=2), person("p3"), *course("p2", "p2", "p3")),
    ),
    "two into one": (
        by(ONE, person("p1", by="p3"), person("p2", by="p3"), person("p3"), *course("p1", "p2", "p3")),
        by(ONE, person("p1"), person("p2"), person("p3"), *whole("p3")),
    ),
    "to one who died, with a refusal of the one replaced": (
        by(ONE, person("p1", by="p2"), person("p2", deceasedDateTime="2018-01-01"), REFUSAL, *course("p1", "p2", "p2")),
        by(ONE, person("p1"), person("p2", deceasedDateTime="2018-01-01"), builders.consent(of="p2", since="2017-01-01"), *whole("p2")),
    ),
    "at one hospital of two": (
        by(ONE, person("p1", by="p2"), person("p2"), *course("p1", "p2", "p2")) + APART,
        by(ONE, person("p1"), person("p2"), *whole("p2")) + APART,
    ),
    "at both hospitals, each its own way": (
        by(ONE, person("p1", by="p2"), person("p2"), *course("p1", "p2", "p2"))
        + by(TWO, person("p1"), person("p2", by="p1"), *course("p1", "p2", "p1")),
        by(ONE, person("p1"), person("p2"), *whole("p2")) + by(TWO, person("p1"), person("p2"), *whole("p1")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_in_whatever_order_it_arrives_it_is_as_if_nobody_had_been_two(path: Path, case: str, data: st.DataObject) -> None:
    sent, plain = CASES[case]
    expected = path.take([plain])

    order = data.draw(st.permutations(sent))
    size = data.draw(st.sampled_from((1, 2, 5, len(order))))
    said = path.take([order[start : start + size] for start in range(0, len(order), size)])

    assert said == expected


def test_the_course_that_was_put_together_has_its_verdicts_and_its_counts(path: Path) -> None:
    apart = path.take([[one for one in CASES["merged"][0] if "link" not in one[1]]])
    together = path.take([CASES["merged"][0]])

    assert Counter("verdict='improved'" in one for one in apart.scoring)[True] == 0
    assert sum("verdict='improved'" in one for one in together.scoring if one.startswith("McicChanged")) == 2
    assert sum(one.startswith("EpisodeChanged") and "subject='p2'" in one for one in together.intake) == 1
    assert apart.counts != together.counts
