"""Relay and consumer on a real broker: what is unsent arrives, what is poison becomes a dead letter, an emptied broker is filled again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec
import pytest
from kafka import KafkaAdminClient
from kafka.partitioner.default import murmur2

from beklijf_shared import bus, consume, db, dead_letters, envelope, events, heard, outbox, progress, topics
from tests.integration.shared.conftest import Plumbed
from tests.lib import infra
from tests.lib.builders import intake_tally
from tests.lib.clock import HandClock
from tests.lib.servers import BrokerServer
from tests.lib.wait import wait_until

pytestmark = pytest.mark.events

TALLY = intake_tally(version=0, organisation="a")


def listen(connection: db.Connection, messages: Sequence[envelope.Message], now: datetime) -> list[consume.Rejected]:
    """A service that only remembers; a tally of 13 refused is more than it can bear."""
    for message in messages:
        if isinstance(message.event, events.IntakeTally) and message.event.refused == 13:
            raise LookupError
    sorting = heard.sort(messages, heard.stored(connection, messages))
    heard.store(connection, sorting.fresh)
    return [consume.Rejected(one, "conflict") for one in sorting.conflicting]


def tell(plumbed: Plumbed, clock: HandClock, *tallies: events.IntakeTally) -> None:
    with db.transaction(plumbed.engine) as connection:
        outbox.publish(connection, [(topics.INTAKE_TALLY, one) for one in tallies], now=clock())


def tallies(count: int, *, refused: int = 0) -> list[events.IntakeTally]:
    return [msgspec.structs.replace(TALLY, organisation=f"organisation-{number}", refused=refused) for number in range(count)]


def count(plumbed: Plumbed, table: str) -> int:
    with plumbed.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def offsets(plumbed: Plumbed, direction: Literal["acknowledged", "applied"], incarnation: str) -> dict[tuple[str, int], int]:
    with db.transaction(plumbed.engine) as connection:
        return progress.stored(connection, incarnation, direction)


def reasons(plumbed: Plumbed) -> list[str]:
    with db.transaction(plumbed.engine) as connection:
        return [row["reason"] for row in dead_letters.listed(connection)]


def produce(bootstrap: str, *records: bus.Outgoing) -> None:
    producer = bus.Producer(bootstrap)
    producer.send(records)
    producer.close()


def record(event: events.IntakeTally, **changes: bytes) -> bus.Outgoing:
    headers = dict(envelope.headers(topics.INTAKE_TALLY, "x", event.version, HandClock()()))
    headers.update({name.replace("__", "-"): value for name, value in changes.items() if name.startswith("ce_")})
    key = changes.get("key", event.organisation.encode())
    return bus.Outgoing(topics.INTAKE_TALLY.name, key, changes.get("value", events.encode(event)), list(headers.items()))


def test_what_is_told_is_heard_and_then_forgotten_by_the_work_list(
    plumbed: Callable[[], Plumbed], broker: infra.Broker, clock: HandClock
) -> None:
    sender, receiver = plumbed(), plumbed()
    tell(sender, clock, *tallies(1200))

    with (
        sender.relaying("intake", broker.bootstrap, broker.profile),
        receiver.consuming("reporting", broker.bootstrap, broker.profile, listen),
    ):
        wait_until(lambda: count(receiver, "heard") == 1200)
        wait_until(lambda: count(sender, "outbox") == 0)
        incarnation = bus.incarnation(broker.bootstrap) or ""
        acknowledged = offsets(sender, "acknowledged", incarnation)
        # A relay that meets a broker sends everything once more, so the last message is applied after the last entity was heard.
        wait_until(lambda: acknowledged.items() <= offsets(receiver, "applied", incarnation).items())

    assert len(acknowledged) == topics.PARTITIONS


def test_poison_becomes_a_dead_letter_and_everything_else_goes_on(plumbed: Callable[[], Plumbed], broker: infra.Broker) -> None:
    receiver = plumbed()
    bus.ensure_topics(broker.bootstrap)
    if bus.incarnation(broker.bootstrap) is None:
        bus.mark(broker.bootstrap)
    good = [record(one) for one in tallies(40)]
    poison = [
        record(TALLY, value=b"\xff\xfe\x00"),
        record(TALLY, value=b"{"),
        record(TALLY, value=b'{"version": 1}'),
        record(TALLY, key=b"another"),
        record(TALLY, ce_type=b"beklijf.intake-tally.v2"),
        record(TALLY, ce_type=b"com.example.other"),
        record(TALLY, ce_specversion=b"0.3"),
        record(tallies(1, refused=13)[0]),
    ]

    with receiver.consuming("reporting", broker.bootstrap, broker.profile, listen):
        produce(broker.bootstrap, *good[:20], *poison, *good[20:])
        wait_until(lambda: len(reasons(receiver)) == len(poison))
        wait_until(lambda: count(receiver, "heard") >= 40)

    assert {reason.partition(":")[0] for reason in reasons(receiver)} == {
        "not-json",
        "schema",
        "key-differs",
        "unknown-version",
        "wrong-type",
        "no-envelope",
        "failed",
    }


def test_a_state_larger_than_the_broker_takes_is_put_aside_and_the_others_go(
    plumbed: Callable[[], Plumbed], broker: infra.Broker, clock: HandClock
) -> None:
    sender = plumbed()
    large = msgspec.structs.replace(TALLY, organisation="large", refused_by_code={f"code-{number}": number for number in range(100_000)})
    tell(sender, clock, large, *tallies(5))

    with sender.relaying("intake", broker.bootstrap, broker.profile):
        wait_until(lambda: count(sender, "outbox") == 0)

    assert reasons(sender) == ["too-large: larger than the broker takes"]


def test_a_broker_that_comes_back_empty_is_filled_again_and_nothing_counts_twice(plumbed: Callable[[], Plumbed], clock: HandClock) -> None:
    sender, receiver = plumbed(), plumbed()
    with infra.scratch() as folder:
        server = BrokerServer(folder).start()
        with sender.relaying("intake", server.bootstrap, "tansu"), receiver.consuming("reporting", server.bootstrap, "tansu", listen):
            tell(sender, clock, *tallies(50))
            wait_until(lambda: count(receiver, "heard") == 50)

            server.kill()
            tell(sender, clock, *tallies(60, refused=1))
            server.start()

            wait_until(lambda: newest_heard(receiver) == 60 and count(sender, "outbox") == 0)
        server.kill()

    assert count(receiver, "heard") == 60


def test_after_a_send_that_timed_out_the_relay_has_a_new_producer(plumbed: Callable[[], Plumbed], clock: HandClock) -> None:
    """Whatever became of what it was sending: the relay does not keep a producer that failed."""
    sender = plumbed()
    with infra.scratch() as folder:
        server = BrokerServer(folder).start()
        with sender.relaying("intake", server.bootstrap, "tansu") as status:
            tell(sender, clock, *tallies(1))
            wait_until(lambda: count(sender, "outbox") == 0)
            server.kill()
            tell(sender, clock, *tallies(3, refused=2))
            wait_until(lambda: "broker" in status.missing)
            server.start()

            wait_until(lambda: count(sender, "outbox") == 0)
        server.kill()


def newest_heard(plumbed: Plumbed) -> int:
    """Of how many the later state is here: what was heard of them before the broker was emptied is another one."""
    with db.transaction(plumbed.engine) as connection:
        keys = [f"organisation-{number}" for number in range(60)]
        return sum(b'"refused":1,' in (one.body or b"") for one in heard.load(connection, [topics.INTAKE_TALLY], keys, whole=True))


def test_a_second_relay_stands_by_until_the_first_is_gone(plumbed: Callable[[], Plumbed], broker: infra.Broker, clock: HandClock) -> None:
    sender = plumbed()

    with sender.relaying("intake", broker.bootstrap, broker.profile) as first:
        wait_until(lambda: first.incarnation is not None)
        with sender.relaying("intake", broker.bootstrap, broker.profile) as second:
            tell(sender, clock, *tallies(3))
            wait_until(lambda: count(sender, "outbox") == 0)
            stood_by = second.incarnation is None

    assert stood_by


def test_a_broker_that_does_not_answer_is_said_so_at_once_and_not_waited_for() -> None:
    with pytest.raises(bus.BrokerAway):
        bus.Producer("127.0.0.1:1")
    with pytest.raises(bus.BrokerAway):
        bus.incarnation("127.0.0.1:1")


def test_a_topic_that_is_not_there_is_not_made_by_sending_to_it(broker: infra.Broker) -> None:
    """A broker that came back empty would give it as many partitions as it likes: the relay makes topics."""
    unknown = f"beklijf.unknown.{uuid.uuid4().hex}"
    producer = bus.Producer(broker.bootstrap)

    with pytest.raises(bus.BrokerAway):
        producer.send([bus.Outgoing(unknown, b"k", b"x", [])])

    producer.close()
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    there = set(admin.list_topics())
    admin.close()
    assert unknown not in there


def test_a_key_goes_where_every_other_client_would_send_it(broker: infra.Broker) -> None:
    """Order per subject holds whoever sends: the partition of a key is that of the protocol's murmur2."""
    bus.ensure_topics(broker.bootstrap)
    keys = [f"018f2d7a-{number:04}" for number in range(40)]
    producer = bus.Producer(broker.bootstrap)

    sent = [next(iter(producer.send([bus.Outgoing(topics.SCORE_COMPUTED.name, key.encode(), b"x", [])]))) for key in keys]

    producer.close()
    assert [partition for _, partition in sent] == [(murmur2(key.encode()) & 0x7FFFFFFF) % topics.PARTITIONS for key in keys]
