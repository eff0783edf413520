"""Where an answer waits between its acknowledgement and the page: the moments that databases and messages themselves remember.

Nothing is measured twice and nothing is added to the processes: PostgreSQL remembers when a row was committed
(`track_commit_timestamp`), a message when it was sent, and the version of a derived state is the instant at which its batch began.
"""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import psycopg
from kafka import KafkaConsumer, TopicPartition

from beklijf_shared import events, topics
from beklijf_shared.topics import PARTITIONS, Topic
from tests.bench.path import Seen
from tests.chaos.registry import Registry
from tests.lib.databases import plain

COMMITTED = b"""
SELECT entity, version, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM heard WHERE topic = %s
"""
HOPS = (
    "acknowledged, sent by intake's relay",
    "taken up by scoring's consumer",
    "committed by scoring",
    "sent by scoring's relay",
    "committed by cohorts",
    "taken up in a snapshot",
    "sent by cohorts' relay",
    "visible",
)
"""What each hop ends with."""


@dataclass
class Hops:
    """Milliseconds of every answer that could be followed all the way, by hop."""

    waits: dict[str, list[float]] = field(default_factory=lambda: {hop: [] for hop in HOPS})

    def add(self, moments: list[float]) -> None:
        """One answer's moments, in seconds: its acknowledgement, then the end of every hop."""
        for hop, before, after in zip(HOPS, moments[:-1], moments[1:], strict=True):
            self.waits[hop].append((after - before) * 1000)

    def __str__(self) -> str:
        lines = [f"{len(self.waits[HOPS[0]])} answers followed; milliseconds (p50, p99, mean)"]
        for hop, waits in self.waits.items():
            ordered = sorted(waits)
            p99 = ordered[int(0.99 * len(ordered))]
            lines.append(f"  {hop:40} {statistics.median(ordered):6.0f} {p99:6.0f} {statistics.mean(ordered):6.0f}")
        return "\n".join(lines)


def remember_commits(registry: Registry) -> None:
    """Starts PostgreSQL again so that it remembers when each row was committed; the processes outlive that."""
    registry.postgres.stop()
    registry.postgres.settings = {**registry.postgres.settings, "track_commit_timestamp": "on"}
    registry.postgres.start()


@dataclass(frozen=True)
class Sent:
    """One message: when it was sent, and what it said."""

    at: float
    version: int
    event: events.Event


def follow(registry: Registry, seen: Seen) -> Hops:
    """The hops of every answer of which no trace was written over since."""
    hops, since = Hops(), time.time() - time.perf_counter()
    with closing(KafkaConsumer(bootstrap_servers=registry.broker.bootstrap, group_id=None, fetch_max_wait_ms=50)) as consumer:
        accepted = {_of(each, events.ResponseAccepted).response: each for each in _sent(consumer, topics.RESPONSE_ACCEPTED)}
        scored: dict[str, Sent] = {}
        for each in _sent(consumer, topics.EPISODE_SCORED):
            for result in _of(each, events.EpisodeScored).results:
                scored.setdefault(result.response, each)
        snapshots = [each for each in _sent(consumer, topics.COHORT_SNAPSHOT) if _of(each, events.CohortSnapshot).cohort == "imsr"]
    heard = _committed(registry, "scoring", topics.RESPONSE_ACCEPTED)
    counted = _committed(registry, "cohorts", topics.EPISODE_SCORED)
    for answer in sorted(seen.visible.keys() & accepted.keys() & scored.keys()):
        told, received = scored[answer], seen.received[answer]
        shown = next((each for each in snapshots if (_of(each, events.CohortSnapshot).data_time or "") >= received), None)
        committed = counted.get((_of(told, events.EpisodeScored).episode, told.version))
        if shown is None or committed is None:
            continue  # the same episode changed once more, and its row is a later one
        sent = [seen.acknowledged[answer] + since, accepted[answer].at, told.version / 1e6]
        scoring = [heard[answer, accepted[answer].version], told.at, committed]
        hops.add([*sent, *scoring, shown.version / 1e6, shown.at, seen.visible[answer] + since])
    return hops


Kind = TypeVar("Kind", bound=events.Event)


def _of(sent: Sent, kind: type[Kind]) -> Kind:
    assert isinstance(sent.event, kind)
    return sent.event


def _committed(registry: Registry, service: str, topic: Topic) -> dict[tuple[str, int], float]:
    with psycopg.connect(plain(registry.postgres.url_of(service))) as connection:
        return {(entity, version): at for entity, version, at in connection.execute(COMMITTED, [topic.name])}


def _sent(consumer: KafkaConsumer, topic: Topic) -> list[Sent]:
    """Every message of a topic in the order in which it was sent."""
    places = [TopicPartition(topic.name, number) for number in range(PARTITIONS)]
    consumer.assign(places)
    for place in places:
        consumer.seek(place, 0)
    decoder, found = msgspec.json.Decoder(topic.event), []
    quiet = 0
    while quiet < 3:
        records = [record for some in consumer.poll(timeout_ms=300, max_records=5000).values() for record in some]
        quiet = 0 if records else quiet + 1
        found += [(record.timestamp / 1000, decoder.decode(record.value)) for record in records]
    return sorted((Sent(at, event.version, event) for at, event in found), key=lambda each: (each.at, each.version))
