"""THE batch loop: poll, apply in one transaction, then commit offsets (design, section 3.4).

In that one transaction lie the effect, the dead letters and the offsets of the batch. A crash anywhere leaves either all of it
or nothing, and what comes again is absorbed by the versions.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from beklijf_shared import bus, crash, db, dead_letters, envelope, pace, pipeline, process, progress, telemetry, topics
from beklijf_shared.clock import Clock
from beklijf_shared.db import Connection, Engine
from beklijf_shared.dead_letters import DeadLetter
from beklijf_shared.envelope import Message, Undecodable
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Log, Logger

BATCH = 500
POLL_MS = 400
LOOK_AT_BROKER_SECONDS = 2.0
COMMIT_SECONDS = 1.0
"""How often the group is told how far it is: for tools that show lag."""
STALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that cannot be applied, with the reason for its dead letter: a short code, then words without content."""

    message: Message
    reason: str


Handler = Callable[[Connection, Sequence[Message], datetime], list[Rejected]]
"""A service's use case: applies a batch inside the given transaction and says what it could not take."""


class Stalled(Exception):
    """A partition has records ahead but does not move, whether the others do or not: end, and be restarted."""


def run(settings: Settings, handler: Handler, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """Consumes the service's topics until `stop`; survives the database and the broker going away."""
    process.settle()
    with db.opened(settings.database_url, pool_size=2, batches=True) as engine:
        status.report = lambda: _report(engine, status)
        failures = 0
        while not stop.is_set():
            try:
                with process.outliving_database(status, log):
                    _consume(settings, engine, handler, clock, status, stop, log)
                    failures = 0
            except bus.BrokerAway as error:
                status.lacks("broker", "does not answer")
                log.event(Log.BROKER_LOST, error=str(error))
            process.back_off(failures, status, stop)
            failures += 1


def _report(engine: Engine, status: Status) -> dict[str, object]:
    with db.transaction(engine) as connection:
        telemetry.DEAD_LETTERS.set(dead_letters.waiting(connection))
        return {**progress.report(connection, status.incarnation), "unsent": None, "acknowledged": {}}


def _consume(
    settings: Settings, engine: Engine, handler: Handler, clock: Clock, status: Status, stop: threading.Event, log: Logger
) -> None:
    """One life of a consumer with one incarnation of the broker; ends when that is over."""
    status.lacks("partitions", "none assigned yet")
    watch = bus.Watch(settings.kafka_bootstrap)
    consumer = None
    try:
        met = _meet(watch, status, stop, log)
        if met is None:
            return
        names = [topic.name for topic in topics.received_by(settings.service)]
        consumer = bus.Consumer(settings.kafka_bootstrap, settings.kafka_profile, f"beklijf-{settings.service}", names, BATCH)
        with db.transaction(engine) as connection:
            progress.stored(connection, met, "applied")  # the database answers, before anything is polled
        status.has("database")
        _Reading(engine, handler, clock, status, log, met, consumer).until(stop, watch)
    finally:
        telemetry.PARTITIONS.set(0)
        telemetry.BEHIND.clear()
        watch.close()
        if consumer is not None:
            consumer.close()


def _meet(watch: bus.Watch, status: Status, stop: threading.Event, log: Logger) -> str | None:
    """Waits until some relay has marked the broker."""
    while not stop.is_set():
        status.beat()
        found = watch.look()
        if found is not None:
            status.incarnation = found
            status.has("broker")
            log.event(Log.BROKER_MET, incarnation=found)
            return found
        status.lacks("broker", "not marked by a relay yet")
        stop.wait(0.2)
    return None


@dataclass(slots=True)
class _Reading:
    """The inner loop with what it needs."""

    engine: Engine
    handler: Handler
    clock: Clock
    status: Status
    log: Logger
    incarnation: str
    consumer: bus.Consumer
    had_backlog: bool = True
    rested: float = 0.0
    """Until when the next batch gathers."""
    committed: float = 0.0
    uncommitted: bool = False
    polled_seconds: float = 0.0
    moved: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)
    """Per partition: where it stood when it moved last, and how long had been polled by then."""

    def until(self, stop: threading.Event, watch: bus.Watch) -> None:
        looked = time.monotonic()
        while not stop.is_set():
            self.status.beat()
            now = time.monotonic()
            if now - looked >= LOOK_AT_BROKER_SECONDS:
                looked = now
                if watch.look() != self.incarnation:
                    self.status.lacks("broker", "does not answer, or is another one")
                    return
                self._watch_for_stall(watch)
            stop.wait(max(0.0, self.rested - time.monotonic()))
            began = time.monotonic()
            records = self.consumer.poll(POLL_MS, self._stored)
            self.polled_seconds += time.monotonic() - began
            self._say_assignment()
            if records:
                self.apply(records)
            else:
                self._calm()
            self._commit()

    def _stored(self) -> dict[tuple[str, int], int]:
        """How far anybody is: after a rebalance, what others have applied meanwhile is not applied again."""
        self.had_backlog = True  # theirs may still be said
        self.moved.clear()
        with db.transaction(self.engine) as connection:
            return progress.stored(connection, self.incarnation, "applied")

    def apply(self, records: Sequence[bus.Polled]) -> None:
        """One batch, whole. What is raised ends this life of the consumer; the next one reads on from what is stored."""
        started = time.monotonic()
        apply_batch(self.engine, self.handler, records, self.incarnation, self.clock(), self.log)
        self.had_backlog = len(records) >= BATCH
        crash.point("consumer:applied-not-committed")
        now = time.monotonic()
        self.rested = now + pace.rest_seconds(now - started, full=self.had_backlog)
        self.uncommitted = True

    def _commit(self) -> None:
        """Tells the group how far it is, once a second while it moves, and once more when it came to rest."""
        if not self.uncommitted or time.monotonic() - self.committed < COMMIT_SECONDS:
            return
        self.committed, self.uncommitted = time.monotonic(), False
        try:
            self.consumer.commit()
        except bus.BrokerAway as error:
            self.log.event(Log.OFFSETS_NOT_COMMITTED, error=str(error))

    def _say_assignment(self) -> None:
        telemetry.PARTITIONS.set(self.consumer.assignment())
        if self.consumer.assignment():
            self.status.has("partitions")
        else:
            self.status.lacks("partitions", "none assigned yet")

    def _calm(self) -> None:
        if self.had_backlog:
            with db.transaction(self.engine) as connection:
                progress.calm(connection)
            self.had_backlog = False

    def _watch_for_stall(self, watch: bus.Watch) -> None:
        """Says how far each partition is behind, and raises Stalled where one stands still.

        What counts is the time spent waiting for records: in a backlog, where batches take all the time, a partition may stand still
        for long because it is not its turn. How far the log goes is asked over another connection: a client that no longer fetches
        a partition no longer knows.
        """
        try:
            behind = self.consumer.behind(watch.ends(self.consumer.places()))
            positions = self.consumer.positions()
        except bus.BrokerAway:
            return  # busy or away: the next poll, or the next look at its incarnation, will tell
        telemetry.say_behind(behind)
        for place, position in positions.items():
            if place not in self.moved or self.moved[place][0] != position or not behind.get(place):
                self.moved[place] = (position, self.polled_seconds)
            elif self.polled_seconds - self.moved[place][1] > STALL_SECONDS:
                self.log.event(Log.STALLED, topic=place[0], partition=place[1], count=behind[place], seconds=STALL_SECONDS)
                raise Stalled


def apply_batch(
    engine: Engine, handler: Handler, records: Sequence[bus.Polled], incarnation: str, now: datetime, log: Logger
) -> dict[tuple[str, int], int]:
    """Applies one batch in one transaction with its dead letters and offsets; gives the next offsets."""
    started = time.perf_counter()
    messages, letters = decode_all(records)
    offsets = _next_offsets(records)
    backlog = len(records) >= BATCH
    try:
        with db.transaction(engine) as connection, pipeline.on(connection) as under_way:
            together = pipeline.as_connection(under_way)
            crash.point("consumer:before-effect")
            rejected = handler(together, messages, now) if messages else []
            _finish(together, incarnation, letters + _letters(rejected, records), offsets, backlog)
    except Exception as error:
        if db.is_transient(error):
            raise
        log.event(Log.BATCH_HALVED, error=type(error).__name__, count=len(messages))
        with db.transaction(engine) as connection:
            rejected = apply_halving(connection, handler, messages, now)
            _finish(connection, incarnation, letters + _letters(rejected, records), offsets, backlog)
    telemetry.BATCH_SECONDS.observe(time.perf_counter() - started)
    _say(records, len(letters) + len(rejected), log)
    return offsets


def decode_all(records: Sequence[bus.Polled]) -> tuple[list[Message], list[DeadLetter]]:
    """The messages in a batch, and a dead letter for each record that is none."""
    messages, letters = [], []
    for record in records:
        try:
            messages.append(envelope.decode(record))
        except Undecodable as error:
            letters.append(DeadLetter(record, str(error)))
    return messages, letters


def apply_halving(connection: Connection, handler: Handler, messages: Sequence[Message], now: datetime) -> list[Rejected]:
    """Applies what can be applied, each half under a savepoint, until the message that raises stands alone and is rejected."""
    if not messages:
        return []
    try:
        with connection.begin_nested():
            return handler(connection, messages, now)
    except Exception as error:
        if db.is_transient(error):
            raise
        if len(messages) == 1:
            return [Rejected(messages[0], f"failed: {type(error).__name__}")]
    middle = len(messages) // 2
    return apply_halving(connection, handler, messages[:middle], now) + apply_halving(connection, handler, messages[middle:], now)


def _finish(
    connection: Connection,
    incarnation: str,
    letters: list[DeadLetter],
    offsets: Mapping[tuple[str, int], int],
    backlog: bool,
) -> None:
    dead_letters.insert(connection, incarnation, letters)
    progress.advance(connection, incarnation, "applied", offsets, backlog=backlog)
    crash.point("consumer:before-commit")


def _letters(rejected: Sequence[Rejected], records: Sequence[bus.Polled]) -> list[DeadLetter]:
    if not rejected:
        return []
    by_place = {(record.topic, record.partition, record.offset): record for record in records}
    return [
        DeadLetter(
            by_place[one.message.topic.name, one.message.partition, one.message.offset], one.reason, one.message.entity, one.message.version
        )
        for one in rejected
    ]


def _next_offsets(records: Sequence[bus.Polled]) -> dict[tuple[str, int], int]:
    offsets: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        offsets[place] = max(offsets.get(place, 0), record.offset + 1)
    return offsets


def _say(records: Sequence[bus.Polled], dead: int, log: Logger) -> None:
    for topic, count in Counter(record.topic for record in records).items():
        telemetry.MESSAGES.labels(topic, "read").inc(count)
    log.event(Log.BATCH_APPLIED, count=len(records), rejected=dead)
    if dead:
        log.event(Log.MESSAGES_DEAD, count=dead)
