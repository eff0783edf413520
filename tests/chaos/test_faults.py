"""Gate 5: four faults, each caught. Every scenario is run twice: on the product, which must pass, and on a mutant, which must not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beklijf_shared import bus, db, envelope, events, outbox, topics
from tests.chaos.lone import Lone
from tests.lib import builders
from tests.lib.databases import Databases
from tests.lib.infra import Broker
from tests.lib.marked import marked
from tests.lib.rooms import Room
from tests.lib.topic_reader import read_until
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.events]

NOW = datetime(2020, 3, 2, 12, tzinfo=UTC)
LONG_SECONDS = 60.0
"""For what must happen, on however busy a machine."""
SHORT_SECONDS = 2.0
"""For what has happened by now if it ever will, because something later has."""
Scenario = Callable[[Databases, Broker, Path, str], bool]
"""Says whether what must hold held in the end. What fails on the way there is an error of the scenario, and raises."""


def tally(organisation: str) -> events.IntakeTally:
    return builders.intake_tally(version=0, organisation=organisation)


def publish(connection: db.Connection, organisation: str) -> None:
    outbox.publish(connection, [(topics.INTAKE_TALLY, tally(organisation))], now=NOW)


def arrived(broker: Broker, organisation: str, timeout: float = LONG_SECONDS) -> bool:
    """Whether the tally of this organisation comes onto its topic in time."""
    found = read_until(broker.bootstrap, topics.INTAKE_TALLY, lambda known: any(one.key == organisation for one in known), timeout)
    return any(one.key == organisation for one in found)


def arrived_before_another(engine: db.Engine, broker: Broker, organisation: str) -> bool:
    """Whether it has come by the time at which something that was published later has come."""
    later = f"later-{uuid.uuid4()}"
    with db.transaction(engine) as connection:
        publish(connection, later)
    assert arrived(broker, later)
    return arrived(broker, organisation, SHORT_SECONDS)


def produce(broker: Broker, *told: events.EpisodeChanged) -> None:
    with closing(bus.Producer(broker.bootstrap)) as producer:
        for event in told:  # one after the other: what stands later in the log was sent later
            headers = envelope.headers(topics.EPISODE_CHANGED, event.episode, event.version, NOW)
            producer.send([bus.Outgoing(topics.EPISODE_CHANGED.name, event.subject.encode(), events.encode(event), headers)])


def a_row_that_commits_late(databases: Databases, broker: Broker, folder: Path, fault: str) -> bool:
    """Two transactions publish; the one that began first commits last. Both must arrive."""
    marked(broker.bootstrap)
    url, early, late = databases("intake"), f"early-{uuid.uuid4()}", f"late-{uuid.uuid4()}"
    with db.opened(url) as engine, Lone("intake", "relay", url, broker, folder, fault).running():
        with engine.connect() as slow, slow.begin():
            publish(slow, late)
            with db.transaction(engine) as quick:
                publish(quick, early)
            assert arrived(broker, early)
        return arrived_before_another(engine, broker, late)


def a_relay_killed_before_it_sent(databases: Databases, broker: Broker, folder: Path, fault: str) -> bool:
    """It had read the work list and sent nothing yet. The next one must send it."""
    marked(broker.bootstrap)
    url, organisation = databases("intake"), f"unsent-{uuid.uuid4()}"
    relay = Lone("intake", "relay", url, broker, folder, fault)
    with db.opened(url) as engine:
        with db.transaction(engine) as connection:
            publish(connection, organisation)
        relay.until_it_kills_itself("relay:taken-not-sent")
        with relay.running():
            return arrived_before_another(engine, broker, organisation)


def a_consumer_killed_before_the_effect(databases: Databases, broker: Broker, folder: Path, fault: str) -> bool:
    """It had polled a batch and applied nothing yet. The next one must apply it."""
    marked(broker.bootstrap)
    url, episode, subject, after = databases("scoring"), f"e-{uuid.uuid4()}", f"s-{uuid.uuid4()}", f"e-{uuid.uuid4()}"
    produce(broker, builders.episode_changed(episode, subject=subject))
    consumer = Lone("scoring", "consumer", url, broker, folder, fault)
    consumer.until_it_kills_itself("consumer:before-effect")

    with closing(Room("scoring", url)) as scoring, consumer.running():
        produce(broker, builders.episode_changed(after, subject=subject))
        wait_until(lambda: after in scored(scoring), LONG_SECONDS, because="what came after it is scored")
        return episode in scored(scoring)


def a_zombie_that_sends_an_old_state_late(databases: Databases, broker: Broker, folder: Path, fault: str) -> bool:
    """The newest version came first. It must stay."""
    marked(broker.bootstrap)
    url, episode, subject, after = databases("scoring"), f"e-{uuid.uuid4()}", f"s-{uuid.uuid4()}", f"e-{uuid.uuid4()}"
    with closing(Room("scoring", url)) as scoring, Lone("scoring", "consumer", url, broker, folder, fault).running():
        produce(broker, builders.episode_changed(episode, subject=subject, version=2, treatment="stopped-early"))
        wait_until(lambda: episode in scored(scoring), LONG_SECONDS, because="the newest version is scored")
        produce(
            broker,
            builders.episode_changed(episode, subject=subject, version=1),
            builders.episode_changed(after, subject=subject, version=1),
        )
        wait_until(lambda: after in scored(scoring), LONG_SECONDS, because="what came after it is scored")
        return scored(scoring)[episode] == "stopped-early"


def scored(scoring: Room) -> dict[str, str]:
    return {one.episode: one.treatment for one in scoring.told(events.EpisodeScored)}


SCENARIOS: dict[str, Scenario] = {
    "cursor_by_id": a_row_that_commits_late,
    "marked_before_acknowledged": a_relay_killed_before_it_sent,
    "offset_before_effect": a_consumer_killed_before_the_effect,
    "no_version_check": a_zombie_that_sends_an_old_state_late,
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.__name__)
def test_the_product_passes(scenario: Scenario, database: Databases, broker: Broker, tmp_path: Path) -> None:
    assert scenario(database, broker, tmp_path, "")


@pytest.mark.parametrize("fault", SCENARIOS)
def test_the_mutant_is_caught(fault: str, database: Databases, broker: Broker, tmp_path: Path) -> None:
    assert not SCENARIOS[fault](database, broker, tmp_path, fault)
