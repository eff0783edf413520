"""The one door to Kafka: producer, consumer, topics and the broker's incarnation, with the client's traps kept outside.

The client is confluent-kafka, whose work is done outside of Python (`contracts/decisions/0006`). No deserializers: decoding is ours.
Nothing waits without a limit, and a producer is thrown away after any failed or timed-out send.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka import Producer as KafkaProducer
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from beklijf_shared import topics
from beklijf_shared.settings import KafkaProfile

__all__ = ["BrokerAway", "Consumer", "Outgoing", "Polled", "Producer", "TooLarge", "Watch", "ensure_topics", "incarnation"]

INCARNATION_TOPIC = "beklijf.broker-incarnation.v1"
"""One partition; its first record names this life of the broker. A broker that was emptied has another one, or none."""

SEND_TIMEOUT_SECONDS = 6.0
"""Longer than any healthy acknowledgement takes; after it the producer is thrown away and everything is sent again."""
ANSWER_SECONDS = 5.0
"""So long is waited for a broker that is asked something."""
LOOK_SECONDS = 1.5
KIBIBYTES_WAITING = 16 * 1024
"""What a consumer fetches ahead, at most: a backlog must not fill the memory."""
COMMON: dict[str, Any] = {
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 1000,
    "socket.connection.setup.timeout.ms": 5000,
    "socket.nagle.disable": True,
    "log.connection.close": False,
}
READING: dict[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "allow.auto.create.topics": False,
    "topic.metadata.refresh.interval.ms": 5000,
    "fetch.error.backoff.ms": 100,
    "fetch.queue.backoff.ms": 20,
}
PROFILES: dict[KafkaProfile, dict[str, Any]] = {
    # Tansu holds a join for half the session and answers a waiting fetch only at its end: short ones (measured).
    "tansu": {"session.timeout.ms": 2000, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 50},
    "apache": {"session.timeout.ms": 10000, "heartbeat.interval.ms": 1000, "fetch.wait.max.ms": 500},
}

Place = tuple[str, int]
"""(topic, partition)."""


class BrokerAway(Exception):
    """The broker does not answer, or not in time; the same call may succeed later."""


class TooLarge(Exception):
    """One message is larger than the broker takes; sending it again cannot succeed."""


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
        sending = {"acks": "all", "enable.idempotence": True, "partitioner": "murmur2_random", "message.timeout.ms": 5000}
        with _broker():
            self._producer = KafkaProducer(_settings(bootstrap, sending))
            self._producer.list_topics(timeout=ANSWER_SECONDS)
        self._offsets: dict[Place, int] = {}
        self._failed: KafkaError | None = None

    def send(self, batch: Sequence[Outgoing]) -> dict[Place, int]:
        """Sends all and gives the next offset per (topic, partition); raises BrokerAway, or TooLarge: then any of the others may have
        been sent."""
        self._offsets = {}
        with _broker():
            for one in batch:
                headers: list[Any] = one.headers
                self._producer.produce(one.topic, one.value, one.key, headers=headers, on_delivery=self._delivered)
            left = self._producer.flush(SEND_TIMEOUT_SECONDS)
            if self._failed is not None:
                raise KafkaException(self._failed)
        if left:
            raise BrokerAway("not acknowledged in time")
        return self._offsets

    def _delivered(self, error: KafkaError | None, message: Message[bytes, bytes]) -> None:
        if error is not None:
            self._failed = self._failed or error
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        place = (topic, partition)
        if offset >= self._offsets.get(place, 0):
            self._offsets[place] = offset + 1

    def close(self) -> None:
        """Ends it, whatever state it is in: what was not acknowledged is thrown away here, and sent again by another."""
        with suppress(Exception):
            self._producer.purge()
            self._producer.flush(1)


class Consumer:
    """One member of a service's group. Where to read is decided by the offsets stored with the effects, not by the group's."""

    def __init__(self, bootstrap: str, profile: KafkaProfile, group: str, names: Sequence[str], batch: int) -> None:
        ahead = {"queued.min.messages": 2 * batch, "queued.max.messages.kbytes": KIBIBYTES_WAITING}
        self._batch = batch
        self._positions: dict[Place, int] = {}
        self._stored: Callable[[], Mapping[Place, int]] = dict
        self._failed: Exception | None = None
        with _broker():
            settings = {"group.id": group, "max.partition.fetch.bytes": 4 * 1024 * 1024, **READING, **ahead, **PROFILES[profile]}
            self._consumer = KafkaConsumer(_settings(bootstrap, {**settings, "error_cb": self._error}))
            self._consumer.list_topics(timeout=ANSWER_SECONDS)
            self._consumer.subscribe(list(names), on_assign=self._on_assign, on_revoke=self._on_revoke)

    def poll(self, wait_ms: int, stored: Callable[[], Mapping[Place, int]], *, gather_until: float = 0.0) -> list[Polled]:
        """The next records: the first is waited for, the others are those that are there, or come until that moment (`time.monotonic`).

        After every rebalance, also one that gives back the same partitions, reading goes on at the offsets stored by then. Raises what
        `stored` raises.
        """
        self._stored = stored
        with _broker():
            first = self._consumer.poll(wait_ms / 1000)
            found = [] if first is None else [first, *self._consumer.consume(self._batch - 1, max(0.0, gather_until - time.monotonic()))]
            if self._failed is not None:
                raise self._failed
            # The first may have come just before its partition was taken away: whoever has that now reads it.
            return [one for one in map(self._polled, found) if (one.topic, one.partition) in self._positions]

    def _polled(self, message: Message[bytes, bytes]) -> Polled:
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        if (topic, partition) in self._positions:
            self._positions[topic, partition] = offset + 1
        return Polled(topic, partition, offset, message.key(), message.value(), _headers(message))

    def _on_assign(self, consumer: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        try:
            known = self._stored() if partitions else {}
        except Exception as error:  # noqa: BLE001 it is raised again by the poll that we are in: the client would swallow its kind
            self._failed = error
            known = {}
        self._positions = {(at.topic, at.partition): known.get((at.topic, at.partition), 0) for at in partitions}
        consumer.assign([TopicPartition(topic, partition, offset) for (topic, partition), offset in self._positions.items()])

    def _on_revoke(self, consumer: KafkaConsumer, _: list[TopicPartition]) -> None:
        self._positions = {}
        consumer.unassign()

    def _error(self, error: KafkaError) -> None:
        """The client goes on trying by itself; that nobody answers at all is said by the next poll."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN or error.fatal():  # noqa: SLF001 the client names its own codes so
            self._failed = KafkaException(error)

    def assignment(self) -> int:
        """How many partitions this member has."""
        return len(self._positions)

    def commit(self) -> None:
        """Tells the group how far it is, without waiting: for tools that show lag, nothing here depends on it. Raises BrokerAway."""
        if self._positions:
            with _broker():
                offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in self._positions.items()]
                self._consumer.commit(offsets=offsets, asynchronous=True)

    def places(self) -> list[Place]:
        """The partitions that this member has."""
        return sorted(self._positions)

    def positions(self) -> dict[Place, int]:
        """Per assigned partition, the offset that is read next."""
        return dict(self._positions)

    def behind(self, ends: Mapping[Place, int] | None = None) -> dict[Place, int]:
        """Per assigned partition, how many records lie ahead: as far as the client knows, or (`ends`) somebody else who asked."""
        lag = {}
        for place, position in self._positions.items():
            low, high = self._watermarks(place)
            lag[place] = max(0, max(high, (ends or {}).get(place, 0)) - max(position, low))
        return lag

    def _watermarks(self, place: Place) -> tuple[int, int]:
        """The first offset and the one behind the last, as the newest fetch said; who has fetched nothing knows nothing."""
        try:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
        except KafkaException:
            return 0, 0
        return max(0, low), max(0, high)

    def close(self) -> None:
        """Leaves the group, so that the others need not wait for the session to end."""
        with suppress(Exception):
            self._consumer.close()


class Watch:
    """Reads the broker's incarnation again and again; one small connection of its own."""

    def __init__(self, bootstrap: str) -> None:
        with _broker():
            watching = {"group.id": "beklijf-watch", "fetch.wait.max.ms": 50, **READING}
            self._consumer = KafkaConsumer(_settings(bootstrap, watching))
            self._admin = AdminClient(_settings(bootstrap, {}))
            self._consumer.list_topics(timeout=ANSWER_SECONDS)

    def look(self) -> str | None:
        """The first record of the marker topic, or None while there is none, or nobody answers. Raises BrokerAway."""
        with _broker():
            # Only for this moment: who has a partition fetches it for ever.
            self._consumer.assign([TopicPartition(INCARNATION_TOPIC, 0, 0)])
            found = self._consumer.poll(LOOK_SECONDS)
            self._consumer.unassign()
        if found is None or found.error() is not None or found.offset() != 0:
            return None
        value = found.value()
        return None if value is None else value.decode("ascii", "replace")

    def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offset behind the last record of each of these partitions. Raises BrokerAway."""
        with _broker():
            newest = {TopicPartition(*place): OffsetSpec.latest() for place in places}  # type: ignore[no-untyped-call]
            found = self._admin.list_offsets(newest, request_timeout=LOOK_SECONDS) if newest else {}
            return {(at.topic, at.partition): asked.result(LOOK_SECONDS).offset for at, asked in found.items()}

    def close(self) -> None:
        """Ends it."""
        with suppress(Exception):
            self._consumer.close()


def ensure_topics(bootstrap: str) -> None:
    """Creates the topics of the table that are missing, and the marker topic. Raises BrokerAway."""
    wanted = [NewTopic(topic.name, num_partitions=topics.PARTITIONS, replication_factor=1) for topic in topics.TOPICS]
    wanted.append(NewTopic(INCARNATION_TOPIC, num_partitions=1, replication_factor=1))
    with _broker():
        admin = AdminClient(_settings(bootstrap, {}))
        there = admin.list_topics(timeout=ANSWER_SECONDS).topics
        missing = [topic for topic in wanted if topic.topic not in there]
        for made in admin.create_topics(missing, request_timeout=ANSWER_SECONDS).values() if missing else ():
            try:
                made.result(ANSWER_SECONDS)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # else another relay was faster
                    raise


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


def _headers(message: Message[bytes, bytes]) -> Sequence[tuple[str, bytes]]:
    """None where a name is no text: then there is no envelope, which is for the decoder to say."""
    try:
        found: Any = message.headers()
    except UnicodeDecodeError:
        return ()
    return [(name, value or b"") for name, value in found] if found else ()


def _settings(bootstrap: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"bootstrap.servers": bootstrap, "logger": logging.getLogger("kafka"), **COMMON, **more}


class _broker:  # noqa: N801 - reads as `with _broker():`
    """Turns the client's exceptions into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KafkaException):
            code = error.args[0]
            if code.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                raise TooLarge("larger than the broker takes") from error
            raise BrokerAway(code.name()) from error
        if isinstance(error, BufferError | TimeoutError):
            raise BrokerAway(type(error).__name__) from error
