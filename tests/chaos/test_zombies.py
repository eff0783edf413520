"""Processes that were taken for dead, and are not: they go on where they stood still, long after others have taken their work (P-14, P-15).

On a real Apache Kafka. A process stands still by SIGSTOP, at the worst moments; the broker and PostgreSQL hear nothing from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from beklijf_shared import db, outbox, topics
from tests.chaos import ledger
from tests.chaos.group import EVERY_SECONDS, SECONDS, Group, Member, group
from tests.chaos.stream import Stream, patients
from tests.lib import builders
from tests.lib.clock import NOON
from tests.lib.databases import Databases
from tests.lib.infra import Broker
from tests.lib.rooms import Room
from tests.lib.topic_reader import read_until
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.events, pytest.mark.needs("apache-kafka"), pytest.mark.timeout(600)]

POINTS = ("consumer:before-effect", "consumer:before-commit", "consumer:applied-not-committed")
"""It has polled and done nothing; it has done all but commit, and holds its locks; it has committed, and the group does not know."""
PATIENTS = 60
TALLIES = 20


def committed(broker: Broker, group_id: str) -> dict[tuple[str, int], int]:
    """How far the group says it is."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        return {(at.topic, at.partition): said.offset for at, said in admin.list_group_offsets({group_id: None})[group_id].items()}


def stand_still(members: list[Member]) -> None:
    wait_until(lambda: all(one.stands_still() for one in members), SECONDS, because="they stand still", every=EVERY_SECONDS)


@pytest.fixture(scope="module", autouse=True)
def relays(databases: Databases, broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    """Two relays of one database. The first has read the work list, and stands still; until it is taken for dead, the others are tested."""
    url, folder = databases("intake"), tmp_path_factory.mktemp("relays")
    with db.opened(url) as engine, group("intake", url, broker, folder, "relay") as made:
        publish(engine, "before")
        zombie = made.joins(stop="relay:taken-not-sent:1")
        stand_still([zombie])
        publish(engine, "after")
        made.joins()
        yield made


def test_consumers_that_were_taken_for_dead_change_nothing_when_they_come_back(
    databases: Databases, broker: Broker, tmp_path: Path
) -> None:
    stream, url = Stream(broker), databases("scoring")
    with db.opened(url) as engine, group("scoring", url, broker, tmp_path) as scoring:
        ledger.keep(engine)
        zombies = [scoring.joins(stop=f"{point}:1") for point in POINTS]
        scoring.joins()
        scoring.wait()

        stream.send(patients(0, PATIENTS))
        stand_still(zombies)
        stream.send(patients(0, PATIENTS, version=2))
        wait_until(lambda: stream.is_applied(engine), SECONDS, because="one has taken over from three", every=EVERY_SECONDS)
        before = committed(broker, "beklijf-scoring")
        taken_over = ledger.effects(engine)
        for zombie in zombies:
            zombie.goes_on()
        scoring.wait()

        assert ledger.effects(engine) == taken_over
        now = committed(broker, "beklijf-scoring")
        assert [place for place, offset in before.items() if now[place] < offset] == []
        stream.send(patients(0, PATIENTS, version=3))
        wait_until(lambda: stream.is_applied(engine), SECONDS, because="all of them go on together", every=EVERY_SECONDS)

        assert all(one.read() > 0 for one in scoring.members)
        assert ledger.rising(ledger.effects(engine), strictly=True)
        assert ledger.rising(ledger.offsets(engine), strictly=False)
        assert {versions[-1] for versions in ledger.effects(engine).values()} == {3}
        with closing(Room("scoring", url)) as left, closing(Room("scoring", databases("scoring"))) as plain:
            stream.told_to(plain)
            assert left.hash() == plain.hash()
            assert left.dead_letters() == 0


def test_a_relay_that_was_taken_for_dead_sends_what_is_old_and_nobody_believes_it(
    databases: Databases, broker: Broker, relays: Group
) -> None:
    """After it had read the work list the states changed, and another relay sent them as they were then."""
    zombie, _ = relays.members
    with db.opened(relays.url) as engine:
        wait_until(lambda: unsent(engine) == 0, SECONDS, because="the other has become active and sent", every=EVERY_SECONDS)
    zombie.goes_on()

    told = read_until(broker.bootstrap, topics.INTAKE_TALLY, lambda found: len(found) >= 2 * TALLIES, SECONDS)
    wait_until(lambda: "relay_stands_by" in zombie.log(), SECONDS, because="it has noticed", every=EVERY_SECONDS)

    assert [one.version for one in told if one.entity == told[0].entity] == [2, 1]
    assert len(told) == 2 * TALLIES
    with closing(Room("reporting", databases("reporting"))) as reporting:
        assert reporting.apply_messages(told, NOON) == []
        assert heard_versions(reporting.engine) == {2}


def publish(engine: db.Engine, code: str) -> None:
    """A state of each of some organisations, which differs from the one before."""
    tallies = [builders.intake_tally(version=0, organisation=f"o{number}", refused_by_code={code: 1}) for number in range(TALLIES)]
    with db.transaction(engine) as connection:
        outbox.publish(connection, [(topics.INTAKE_TALLY, one) for one in tallies], now=NOON, counted=True)


def unsent(engine: db.Engine) -> int:
    with db.transaction(engine) as connection:
        return outbox.unsent(connection)


def heard_versions(engine: db.Engine) -> set[int]:
    with db.transaction(engine) as connection:
        return set(connection.exec_driver_sql("SELECT version FROM heard").scalars())
