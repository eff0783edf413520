"""The one door to Kafka: producer, consumer, topics and the broker's incarnation, with kafka-python's traps kept outside.

No deserializers (a raising one makes the next poll spin for ever), never a bare `get` or `flush`, a producer is thrown away
after any failed or timed-out send (the idempotent one is dead for ever once a sent batch expired), no rebalance listener.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.cluster import ClusterMetadata
from kafka.errors import KafkaError, MessageSizeTooLargeError, TopicAlreadyExistsError

from beklijf_shared import topics
from beklijf_shared.settings import KafkaProfile

__all__ = ["BrokerAway", "Consumer", "Outgoing", "Polled", "Producer", "TooLarge", "Watch", "ensure_topics", "incarnation"]

INCARNATION_TOPIC = "beklijf.broker-incarnation.v1"
"""One partition; its first record names this life of the broker. A broker that was emptied has another one, or none."""

SEND_TIMEOUT_SECONDS = 6.0
"""Longer than any healthy acknowledgement takes; after it the producer is thrown away and everything is sent again."""
BOOTSTRAP_TIMEOUT_MS = 5000
COMMON: dict[str, Any] = {"reconnect_backoff_max_ms": 1000, "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS}
PROFILES: dict[KafkaProfile, dict[str, Any]] = {
    # Tansu holds a join for half the session and answers a waiting fetch only at its end: short ones (measured).
    "tansu": {"session_timeout_ms": 2000, "heartbeat_interval_ms": 500, "fetch_max_wait_ms": 50},
    "apache": {"session_timeout_ms": 10000, "heartbeat_interval_ms": 1000, "fetch_max_wait_ms": 500},
}

ClusterMetadata.DEFAULT_CONFIG["allow_auto_create_topics"] = False
"""For every client of this process, because a client takes this setting and does not hand it on (3.0.12). Whoever asks a broker that came
back empty for a topic would make it else, with as many partitions as that broker likes (Tansu: four), before `ensure_topics` does."""


class BrokerAway(Exception):
    """The broker does not answer, or not in time; the same call may succeed later."""


class TooLarge(Exception):
    """One message is larger than the broker takes; sending it again cannot succeed."""


Place = tuple[str, int]
"""(topic, partition)."""


class Outgoing(NamedTuple):
    """One message to send."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Polled(NamedTuple):
    """One record as it came; the fields that `envelope.Record` and dead letters need."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Producer:
    """Sends batches and waits for every acknowledgement. After any exception it must be closed and replaced."""

    def __init__(self, bootstrap: str) -> None:
        with _broker():
            self._producer = KafkaProducer(
                bootstrap_servers=bootstrap,
                acks="all",
                enable_idempotence=True,
                batch_size=262144,
                linger_ms=5,
                max_block_ms=5000,
                **COMMON,
            )

    def send(self, batch: Sequence[Outgoing]) -> dict[Place, int]:
        """Sends all and gives the next offset per (topic, partition); raises BrokerAway, or TooLarge: then any of the others may
        have been sent."""
        with _broker():
            futures = [self._producer.send(one.topic, key=one.key, value=one.value, headers=one.headers) for one in batch]
            self._producer.flush(SEND_TIMEOUT_SECONDS)
            done = [future.get(SEND_TIMEOUT_SECONDS) for future in futures]
        offsets: dict[Place, int] = {}
        for one in done:
            place = (one.topic, one.partition)
            offsets[place] = max(offsets.get(place, 0), one.offset + 1)
        return offsets

    def close(self) -> None:
        """Ends it, whatever state it is in."""
        with suppress(Exception):  # a producer with a pending record raises here, and its record's fate is unknown: it is resent
            self._producer.close(timeout=1)


class Consumer:
    """One member of a service's group. Where to read is decided by the offsets stored with the effects, not by the group's."""

    def __init__(self, bootstrap: str, profile: KafkaProfile, group: str, names: Sequence[str], batch: int) -> None:
        with _broker():
            self._consumer = KafkaConsumer(
                *names,
                bootstrap_servers=bootstrap,
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                max_poll_records=batch,
                max_partition_fetch_bytes=4 * 1024 * 1024,
                metadata_max_age_ms=5000,
                **COMMON,
                **PROFILES[profile],
            )
        self._assigned: frozenset[Any] = frozenset()
        self._generation = -1

    def poll(self, wait_ms: int, stored: Callable[[], Mapping[Place, int]]) -> list[Polled]:
        """The next records. After every rebalance, also one that gives back the same partitions, the offsets stored until now are
        sought first, and what came is dropped: the group's own offsets say how far others have told it, not how far they are."""
        with _broker():
            found = self._consumer.poll(timeout_ms=wait_ms)
            assigned, generation = frozenset(self._consumer.assignment()), self._consumer.group_metadata().generation_id
        if (assigned, generation) != (self._assigned, self._generation):
            self._assigned, self._generation = assigned, generation
            known = stored() if assigned else {}
            with _broker():
                for at in assigned:
                    self._consumer.seek(at, known.get((at.topic, at.partition), 0))
            return []
        return [
            Polled(one.topic, one.partition, one.offset, one.key, one.value, tuple(one.headers or ()))
            for at in sorted(found)
            for one in found[at]
        ]

    def assignment(self) -> int:
        """How many partitions this member has."""
        return len(self._assigned)

    def commit(self) -> None:
        """Tells the group how far it is: for tools that show lag, nothing here depends on it. Raises BrokerAway."""
        with _broker():
            self._consumer.commit()

    def places(self) -> list[Place]:
        """The partitions that this member has."""
        return sorted((at.topic, at.partition) for at in self._assigned)

    def positions(self) -> dict[Place, int]:
        """Per assigned partition, the offset that is read next; one that is not known yet is left out. Raises BrokerAway."""
        with _broker():
            found = {at: self._consumer.position(at, timeout_ms=1000) for at in self._assigned & self._consumer.assignment()}
        return {(at.topic, at.partition): offset for at, offset in found.items() if offset is not None}

    def behind(self, ends: Mapping[Place, int] | None = None) -> dict[Place, int]:
        """Per assigned partition, how many records lie ahead: as far as the client knows, or (`ends`) somebody else who asked."""
        lag = {}
        for place, position in self.positions().items():
            known = self._consumer.highwater(TopicPartition(*place)), (ends or {}).get(place)
            lag[place] = max(0, *((end or 0) - position for end in known))
        return lag

    def close(self) -> None:
        """Leaves the group, so that the others need not wait for the session to end."""
        with suppress(Exception):
            self._consumer.close(autocommit=False)


class Watch:
    """Reads the broker's incarnation again and again; one small connection of its own."""

    def __init__(self, bootstrap: str) -> None:
        self._at = TopicPartition(INCARNATION_TOPIC, 0)
        with _broker():
            self._consumer = KafkaConsumer(
                bootstrap_servers=bootstrap,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                fetch_max_wait_ms=50,
                metadata_max_age_ms=2000,
                max_poll_records=1,
                **COMMON,
            )
            self._consumer.assign([self._at])

    def look(self) -> str | None:
        """The first record of the marker topic, or None while there is none. Raises BrokerAway."""
        with _broker():
            self._consumer.seek(self._at, 0)
            found = self._consumer.poll(timeout_ms=1500, max_records=1)
        records = found.get(self._at, [])
        return None if not records or records[0].offset != 0 or records[0].value is None else records[0].value.decode("ascii", "replace")

    def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offset behind the last record of each of these partitions. Raises BrokerAway."""
        with _broker():
            found = self._consumer.end_offsets([TopicPartition(*place) for place in places], timeout_ms=1500) if places else {}
        return {(at.topic, at.partition): end for at, end in found.items()}

    def close(self) -> None:
        """Ends it."""
        with suppress(Exception):
            self._consumer.close(autocommit=False)


def ensure_topics(bootstrap: str) -> None:
    """Creates the topics of the table that are missing, and the marker topic. Raises BrokerAway."""
    wanted = [NewTopic(name=topic.name, num_partitions=topics.PARTITIONS, replication_factor=1) for topic in topics.TOPICS]
    wanted.append(NewTopic(name=INCARNATION_TOPIC, num_partitions=1, replication_factor=1))
    with _broker():
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, **COMMON)
        try:
            there = set(admin.list_topics())
            for topic in wanted:
                if topic.name not in there:
                    with suppress(TopicAlreadyExistsError):  # another relay was faster
                        admin.create_topics([topic])
        finally:
            admin.close()


def mark(bootstrap: str) -> None:
    """Writes a marker record; if two relays do, the first record wins. Raises BrokerAway."""
    producer = Producer(bootstrap)
    try:
        producer.send([Outgoing(INCARNATION_TOPIC, b"incarnation", uuid.uuid4().hex.encode(), [])])
    finally:
        producer.close()


def incarnation(bootstrap: str) -> str | None:
    """The broker's incarnation, read once; None while nobody has marked it. Raises BrokerAway."""
    watch = Watch(bootstrap)
    try:
        return watch.look()
    finally:
        watch.close()


class _broker:  # noqa: N801 - reads as `with _broker():`
    """Turns the client's exceptions into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, MessageSizeTooLargeError):
            raise TooLarge("larger than the broker takes") from error
        if isinstance(error, KafkaError | OSError | AssertionError | ValueError):
            raise BrokerAway(type(error).__name__) from error
