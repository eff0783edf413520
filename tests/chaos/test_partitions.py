"""Several processes of one service share the partitions, come and go in full flow: what comes of it is what one process makes of it.

On a real Apache Kafka: its groups, its rebalances, its sessions (P-04).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random

import pytest

from beklijf_shared import db, topics
from tests.chaos import ledger
from tests.chaos.group import EVERY_SECONDS, SECONDS, Group, Member, group
from tests.chaos.stream import Stream, patients
from tests.lib.clock import NOON
from tests.lib.databases import Databases
from tests.lib.events import TOPIC_OF
from tests.lib.infra import Broker
from tests.lib.rooms import Room
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.events, pytest.mark.needs("apache-kafka"), pytest.mark.timeout(600)]

SEED = 20260302
PATIENTS = 200
MESSAGES = PATIENTS * 6


@pytest.fixture(scope="module")
def stream(broker: Broker) -> Stream:
    """One log for all tests: whoever begins later reads it from its beginning."""
    return Stream(broker)


@pytest.fixture
def scoring(database: Databases, broker: Broker, tmp_path: Path) -> Iterator[Group]:
    with group("scoring", database("scoring"), broker, tmp_path) as made:
        yield made


def applied(stream: Stream, engine: db.Engine) -> None:
    wait_until(lambda: stream.is_applied(engine), SECONDS, because="everything that was sent is applied", every=EVERY_SECONDS)


def hash_of(service: str, url: str) -> str:
    with closing(Room(service, url)) as room:
        return room.hash()


def by_one_process(database: Databases, stream: Stream) -> tuple[str, str]:
    """The states of scoring and of cohorts when each is told everything in one process, in order, once."""
    with ExitStack() as stack:
        scoring = stack.enter_context(closing(Room("scoring", database("scoring"))))
        cohorts = stack.enter_context(closing(Room("cohorts", database("cohorts"))))
        stream.told_to(scoring)
        told = [one for one in scoring.sends() if one.topic is topics.EPISODE_SCORED]
        assert cohorts.apply_messages(told, NOON) == []
        return scoring.hash(), cohorts.hash()


def test_two_processes_of_each_service_share_the_work(
    database: Databases, broker: Broker, stream: Stream, scoring: Group, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        relays = stack.enter_context(group("scoring", scoring.url, broker, tmp_path, "relay"))
        cohorts = stack.enter_context(group("cohorts", database("cohorts"), broker, tmp_path))
        scored, counted = (stack.enter_context(db.opened(one.url)) for one in (scoring, cohorts))
        ledger.keep(scored)
        members = [one.joins() for one in (scoring, scoring, cohorts, cohorts, relays)]
        scoring.wait()
        cohorts.wait()
        shares = [one.partitions() for one in members[:4]]

        stream.send(patients(0, PATIENTS))
        applied(stream, scored)
        read = [one.read() for one in members[:2]]
        wait_until(lambda: hears_all(scored, counted), SECONDS, because="cohorts has heard what scoring told", every=EVERY_SECONDS)
        both = hash_of("scoring", scoring.url), hash_of("cohorts", cohorts.url)

        assert shares == [6, 6, 3, 3]
        assert all(read)
        assert sum(read) >= MESSAGES
        assert both == by_one_process(database, stream)

        effects = ledger.effects(scored)
        again = [*stream.sent]
        Random(SEED).shuffle(again)
        stream.send(again)
        applied(stream, scored)

        assert sum(one.read() for one in members[:2]) >= 2 * MESSAGES
        assert ledger.effects(scored) == effects
        assert set(map(tuple, effects.values())) == {(1,)}
        assert hash_of("scoring", scoring.url) == both[0]


def hears_all(scored: db.Engine, counted: db.Engine) -> bool:
    """Whether cohorts holds every episode in the version in which scoring tells it."""
    return episodes(scored, "told") == episodes(counted, "heard")


def episodes(engine: db.Engine, table: str) -> set[tuple[str, int]]:
    with db.transaction(engine) as connection:
        rows = connection.exec_driver_sql(f"SELECT entity, version FROM {table} WHERE topic = '{topics.EPISODE_SCORED.name}'")
        return {(entity, version) for entity, version in rows}


def test_members_join_and_leave_in_full_flow(database: Databases, stream: Stream, scoring: Group) -> None:
    with db.opened(scoring.url) as engine:
        ledger.keep(engine)
        first = scoring.joins()
        scoring.wait()
        with stream.flowing(1_000_000):
            goes_on(first)
            second = scoring.joins()
            scoring.wait()
            goes_on(first, second)
            second.leaves()
            goes_on(first)
            third, fourth = scoring.joins(), scoring.joins()
            scoring.wait()
            goes_on(first, third, fourth)
            first.leaves()
            goes_on(third, fourth)
        applied(stream, engine)

        effects, offsets = ledger.effects(engine), ledger.offsets(engine)
        assert ledger.rising(effects, strictly=True)
        assert ledger.rising(offsets, strictly=False)
        assert {entity: versions[-1] for entity, versions in effects.items()} == newest(stream)
    assert hash_of("scoring", scoring.url) == by_one_process(database, stream)[0]


def goes_on(*members: Member) -> None:
    """Returns when each of these has applied some more."""
    enough = {member.name: member.read() + 10 for member in members}
    wait_until(
        lambda: all(member.read() >= enough[member.name] for member in members), SECONDS, because="each applies more", every=EVERY_SECONDS
    )


def newest(stream: Stream) -> dict[str, int]:
    """Every entity that was sent, as the ledger names it, with its newest version."""
    found: dict[str, int] = {}
    for event in stream.sent:
        topic = TOPIC_OF[type(event)]
        place = f"{topic.name} {topic.entity_of(event)}"
        found[place] = max(event.version, found.get(place, 0))
    return found
