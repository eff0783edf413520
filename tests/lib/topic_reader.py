"""Reading a topic from its beginning, as an integrator would who just arrived."""

from __future__ import annotations

import time
from collections.abc import Callable

from kafka import KafkaConsumer, TopicPartition

from beklijf_shared import envelope
from beklijf_shared.topics import PARTITIONS, Topic


def read_until(bootstrap: str, topic: Topic, enough: Callable[[list[envelope.Message]], bool], timeout: float) -> list[envelope.Message]:
    """All messages of a topic, as soon as they are enough; when the time is over, those that were there until then."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    found: list[envelope.Message] = []
    deadline = time.monotonic() + timeout
    try:
        consumer.assign([TopicPartition(topic.name, partition) for partition in range(PARTITIONS)])
        while not enough(found) and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=200).values():
                found += [envelope.decode(record) for record in records]
    finally:
        consumer.close()
    return found
