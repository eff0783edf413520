"""What a consumer does with what it cannot use, with failures that pass, and with a client that stands still (P-11, P-12)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import msgspec
import pytest
from sqlalchemy import text

from beklijf_shared import bus, consume, db, dead_letters, envelope, events, heard, telemetry, topics
from beklijf_shared.status import Status
from tests.integration.shared.conftest import Plumbed
from tests.lib import infra, poison
from tests.lib.builders import intake_tally
from tests.lib.marked import marked
from tests.lib.wait import wait_until

pytestmark = pytest.mark.events

SECONDS = 90.0
GOOD = 1_000
IN_A_ROW = 10_000
BEHIND = 60
"""So many keys that every partition has some of them, that of the broken ones too."""
TALLY = intake_tally(version=1)


def listen(connection: db.Connection, messages: Sequence[envelope.Message], _: datetime) -> list[consume.Rejected]:
    """A service that only remembers."""
    sorting = heard.sort(messages, heard.stored(connection, messages))
    heard.store(connection, sorting.fresh)
    return [consume.Rejected(one, "conflict") for one in sorting.conflicting]


def good(prefix: str, count: int) -> list[bus.Outgoing]:
    tallies = (msgspec.structs.replace(TALLY, organisation=f"{prefix}{number}") for number in range(count))
    return [outgoing(poison.record(events.encode(one), one.organisation.encode())) for one in tallies]


def outgoing(record: bus.Polled) -> bus.Outgoing:
    assert record.key is not None
    return bus.Outgoing(record.topic, record.key, record.value, list(record.headers))  # type: ignore[arg-type] # a tombstone is sent too


def produce(broker: infra.Broker, records: Sequence[bus.Outgoing]) -> None:
    marked(broker.bootstrap)
    producer = bus.Producer(broker.bootstrap)
    for start in range(0, len(records), 1000):
        producer.send(records[start : start + 1000])
    producer.close()


def heard_of(plumbed: Plumbed, prefix: str) -> int:
    with plumbed.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM heard WHERE key LIKE :like"), {"like": f"{prefix}%"}).scalar_one())


def reasons(plumbed: Plumbed) -> Counter[str]:
    with db.transaction(plumbed.engine) as connection:
        return Counter(row["reason"] for row in dead_letters.listed(connection, most=100_000))


def test_every_record_has_an_effect_or_is_a_dead_letter_or_a_repeat(plumbed: Callable[[], Plumbed], broker: infra.Broker) -> None:
    receiver, sound = plumbed(), good("a", GOOD)
    spoilt = [outgoing(record) for record, _ in poison.BAD.values() if record.key is not None]
    conflicting = outgoing(poison.record(events.encode(msgspec.structs.replace(TALLY, organisation="a0", sent=7)), b"a0"))
    repeated = sound[:100]

    with receiver.consuming("reporting", broker.bootstrap, broker.profile, listen):
        produce(broker, [*sound[:500], *spoilt, *repeated, conflicting, *sound[500:]])
        wait_until(lambda: heard_of(receiver, "a") == GOOD, SECONDS, because="what is sound has its effect")
        wait_until(lambda: reasons(receiver).total() == len(spoilt) + 1, SECONDS, because="what is not is a dead letter")

    assert reasons(receiver) == Counter(reason for record, reason in poison.BAD.values() if record.key is not None) + Counter(["conflict"])


def test_a_failure_that_passes_makes_no_dead_letter(plumbed: Callable[[], Plumbed], broker: infra.Broker) -> None:
    receiver = plumbed()
    failed: list[int] = []

    def cut_off(connection: db.Connection, messages: Sequence[envelope.Message], now: datetime) -> list[consume.Rejected]:
        if len(failed) < 3 and any(message.key.startswith("c") for message in messages):
            failed.append(len(messages))
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return listen(connection, messages, now)

    with receiver.consuming("reporting", broker.bootstrap, broker.profile, cut_off):
        before = wait_until(lambda: heard_of(receiver, "a") == GOOD and reasons(receiver), SECONDS, because="the log so far is applied")
        produce(broker, good("c", 50))
        wait_until(lambda: heard_of(receiver, "c") == 50, SECONDS, because="it is tried until it succeeds")
        after = reasons(receiver)

    assert (len(failed), after) == (3, before)


class Stuck(bus.Consumer):
    """A client that no longer fetches one partition, and goes on with the others."""

    def poll(self, wait_ms: int, stored: Callable[[], Mapping[bus.Place, int]]) -> list[bus.Polled]:
        found = super().poll(wait_ms, stored)
        self._consumer.pause(*(at for at in self._assigned if (at.topic, at.partition) == (topics.INTAKE_TALLY.name, 0)))
        return found


def test_a_partition_that_stands_still_is_said_and_ends_the_process(
    plumbed: Callable[[], Plumbed], broker: infra.Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, status, stop = plumbed(), Status("reporting", "consumer"), threading.Event()
    settings, log = receiver.settings("reporting", broker.bootstrap, broker.profile), telemetry.Logger("reporting", "consumer")
    produce(broker, good("d", 200))
    with ThreadPoolExecutor(1) as threads, monkeypatch.context() as stuck:
        stuck.setattr(bus, "Consumer", Stuck)
        stuck.setattr(consume, "STALL_SECONDS", 10 * SECONDS)
        stuck.setattr(consume, "LOOK_AT_BROKER_SECONDS", 0.2)
        running = threads.submit(consume.run, settings, listen, receiver.clock, status, stop, log)
        try:
            wait_until(said_behind, SECONDS, because="it says how far it is behind")
            wait_until(lambda: heard_of(receiver, "d") > 0, SECONDS, because="the other partitions go on")
            stuck.setattr(consume, "STALL_SECONDS", 0.5)
            with pytest.raises(consume.Stalled):
                running.result(SECONDS)
        finally:
            stop.set()
    left = heard_of(receiver, "d")

    with receiver.consuming("reporting", broker.bootstrap, broker.profile, listen):
        wait_until(lambda: heard_of(receiver, "d") == 200, SECONDS, because="the next one takes up what was left")

    assert 0 < left < 200


def said_behind() -> bool:
    behind = telemetry.REGISTRY.get_sample_value("beklijf_messages_behind", {"topic": topics.INTAKE_TALLY.name, "partition": "0"})
    return behind is not None and behind > 0


def test_ten_thousand_in_a_row_stop_nothing(plumbed: Callable[[], Plumbed], broker: infra.Broker) -> None:
    receiver, broken = plumbed(), outgoing(poison.record(b"{", b"broken"))

    with receiver.consuming("reporting", broker.bootstrap, broker.profile, listen):
        produce(broker, [*[broken] * IN_A_ROW, *good("b", BEHIND)])
        wait_until(lambda: heard_of(receiver, "b") == BEHIND, SECONDS, because="what stands behind them has its effect")

    with db.transaction(receiver.engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM dead_letter WHERE key = 'broken'")).scalar_one() == IN_A_ROW
