"""The envelope is CloudEvents 1.0 in Kafka's binary mode: the specification's own SDK reads ours, and we read the SDK's."""

from __future__ import annotations

from datetime import datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent

from beklijf_shared import clock, envelope, events
from beklijf_shared.bus import Polled
from tests.contract.examples import Example, every, sent
from tests.lib.clock import NOON


@pytest.mark.parametrize("example", every(), ids=str)
def test_the_sdk_reads_our_envelope(example: Example) -> None:
    record = sent(example)

    event = from_kafka_event(KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value))

    message = envelope.decode(record)
    assert event.get_type() == example.topic.name
    assert event.get_source() == f"https://w3id.org/beklijf/service/{example.topic.sender}"
    assert event.get_id() == f"{message.entity}/{message.version}"
    assert event.get_time() == NOON
    assert event.get_data()["version"] == message.version


def test_we_read_what_the_sdk_wrote() -> None:
    example = every()[0]
    ours = envelope.decode(sent(example))
    attributes = {"type": example.topic.type, "source": "https://w3id.org/beklijf/service/intake", "id": f"{ours.entity}/{ours.version}"}
    theirs = CloudEvent({**attributes, "specversion": "1.0", "time": datetime.fromisoformat(clock.instant_text(NOON))}, None)

    written = to_binary_event(theirs)

    headers = [*written.headers.items()]
    read = envelope.decode(Polled(example.topic.name, 0, 0, ours.key.encode(), events.encode(ours.event), headers))
    assert read.event == ours.event
