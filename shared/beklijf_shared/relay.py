"""The relay: sends what is unsent, and forgets it only after the broker's acknowledgement (design, section 3.2 and 3.3).

One is active per database, held by an advisory lock; others stand by. The work list is what is there, never a cursor: a row
that commits late is simply found later. Sending twice is normal and harmless; not sending is impossible.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from beklijf_shared import bus, crash, db, dead_letters, envelope, outbox, pace, process, progress, telemetry, topics
from beklijf_shared.clock import Clock
from beklijf_shared.db import Connection
from beklijf_shared.events import with_version
from beklijf_shared.outbox import Unsent
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Log, Logger

MOST = 1000
IDLE_SECONDS = (0.005, 0.01, 0.02, 0.05)
"""How long to wait before looking again, growing while nothing comes: quick under load, cheap at rest."""
LOOK_AT_BROKER_SECONDS = 2.0
LOCK = 0x62656B6C  # "bekl": one active relay per database
SILENT_SECONDS = 15
"""An active relay asks its database after every send, which takes six seconds at most. One that is silent for so long was stopped or cut
off, and another takes over; what it still sends when it comes back is old, and has no effect."""
PUT_ASIDE_PARTITION = -1
"""The partition under which a state that the broker refuses stands among the dead letters; its offset is the line of the work list."""


def run(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """Relays until `stop`; survives the database and the broker going away."""
    process.settle()
    with db.opened(settings.database_url, pool_size=2, batches=True) as engine:
        status.report = lambda: _report(engine, status)
        failures = 0
        while not stop.is_set():
            try:
                # What the relay does to its database may be done again, so it need not be durable: if PostgreSQL dies and forgets that
                # lines were sent, they are sent once more.
                with process.outliving_database(status, log), db.alone(engine) as connection:
                    if not db.becomes_active(connection, LOCK, silent_seconds=SILENT_SECONDS):
                        status.has("database")
                        log.event(Log.RELAY_STANDS_BY)
                        status.beat()
                        stop.wait(1.0)
                        continue
                    status.has("database")
                    failures = 0
                    _relay(connection, settings, clock, status, stop, log)
            except bus.BrokerAway as error:
                status.lacks("broker", "does not answer")
                telemetry.SEND_FAILURES.inc()
                log.event(Log.SEND_FAILED, error=str(error))
            process.back_off(failures, status, stop)
            failures += 1


def _report(engine: db.Engine, status: Status) -> dict[str, object]:
    with db.transaction(engine) as connection:
        return {**progress.report(connection, status.incarnation), "applied": {}}


def _relay(connection: Connection, settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """One life of a producer; any failure ends it and throws the producer away."""
    watch = bus.Watch(settings.kafka_bootstrap)
    producer = None
    try:
        sending = _Sending(connection, settings, clock, status, log, watch)
        sending.meet()
        producer = bus.Producer(settings.kafka_bootstrap)
        status.has("broker")
        looked, idle = time.monotonic(), 0
        while not stop.is_set():
            status.beat()
            if time.monotonic() - looked >= LOOK_AT_BROKER_SECONDS:
                sending.meet()
                looked = time.monotonic()
            started = time.monotonic()
            sent = sending.once(producer)
            idle = 0 if sent else idle + 1
            rest = IDLE_SECONDS[min(idle // 20, len(IDLE_SECONDS) - 1)]
            stop.wait(rest if idle else pace.rest_seconds(time.monotonic() - started, full=sent >= MOST))
    finally:
        watch.close()
        if producer is not None:
            producer.close()


@dataclass(slots=True)
class _Sending:
    """What one step of the relay needs."""

    connection: Connection
    settings: Settings
    clock: Clock
    status: Status
    log: Logger
    watch: bus.Watch
    incarnation: str = ""

    def meet(self) -> None:
        """Looks which broker this is; marks an unmarked one; republishes everything to one that is another than before."""
        found = self.watch.look()
        if found is None:
            bus.ensure_topics(self.settings.kafka_bootstrap)
            found = self.watch.look()
        if found is None:
            bus.mark(self.settings.kafka_bootstrap)
            found = self.watch.look()
        if found is None:
            raise bus.BrokerAway("the marker could not be read back")
        self.incarnation = self.status.incarnation = found
        with self.connection.begin():
            again = progress.meet(self.connection, found, topics.sent_by(self.settings.service))
        if again is not None:
            self.log.event(Log.REPUBLISHING, incarnation=found, count=again)

    def once(self, producer: bus.Producer) -> int:
        """Sends the oldest lines of the work list, waits for all acknowledgements, then deletes them; gives how many."""
        with self.connection.begin():
            lines = outbox.take(self.connection, MOST)
        telemetry.UNSENT.set(len(lines))
        if not lines:
            return 0
        crash.point("relay:taken-not-sent")
        try:
            offsets = producer.send(self._outgoing(newest(lines)))
        except bus.TooLarge:
            offsets, lines = self._one_by_one(producer, lines)
        crash.point("relay:acknowledged-not-deleted")
        with self.connection.begin():
            progress.acknowledge(self.connection, self.incarnation, [line.id for line in lines], offsets)
        crash.point("relay:deleted")
        self.log.event(Log.BATCH_SENT, count=len(lines))
        return len(lines)

    def _outgoing(self, lines: Sequence[Unsent]) -> list[bus.Outgoing]:
        now = self.clock()
        states = [line.state for line in lines if line.state is not None]
        for topic, count in Counter(state.topic for state in states).items():
            telemetry.SENT.labels(topic).inc(count)
        return [
            bus.Outgoing(
                state.topic,
                state.key.encode(),
                with_version(state.body, state.version),
                envelope.headers(topics.BY_NAME[state.topic], state.entity, state.version, now),
            )
            for state in states
        ]

    def _one_by_one(self, producer: bus.Producer, lines: Sequence[Unsent]) -> tuple[dict[tuple[str, int], int], list[Unsent]]:
        """Finds the state that the broker refuses, puts it aside with its reason, and sends the others: nothing waits behind it."""
        offsets: dict[tuple[str, int], int] = {}
        for line in newest(lines):
            (outgoing,) = self._outgoing([line])
            try:
                offsets.update(producer.send([outgoing]))
            except bus.TooLarge:
                aside = bus.Polled(outgoing.topic, PUT_ASIDE_PARTITION, line.id, outgoing.key, None, outgoing.headers)
                entity = line.state.entity if line.state else None
                with self.connection.begin():
                    letter = dead_letters.DeadLetter(aside, "too-large: larger than the broker takes", entity)
                    dead_letters.insert(self.connection, self.incarnation, [letter])
                self.log.event(Log.MESSAGE_TOO_LARGE, topic=outgoing.topic)
        return offsets, list(lines)


def newest(lines: Sequence[Unsent]) -> list[Unsent]:
    """One line per entity: the state is read as it stands now, so several lines of one entity would send the same twice."""
    chosen: dict[tuple[str, str], Unsent] = {}
    for line in lines:
        if line.state is not None:
            chosen.setdefault((line.state.topic, line.state.entity), line)
    return list(chosen.values())
