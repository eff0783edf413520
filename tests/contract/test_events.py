"""Golden messages fit their schema and are read; readers ignore what they do not know, and put aside what is not for them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from beklijf_shared import consume, documents, envelope, events, topics
from beklijf_shared.topics import Topic
from tests.contract.examples import Example, every, of, sent


def schema(topic: Topic) -> Any:
    """The committed schema of an event."""
    return json.loads((documents.ROOT / documents.schema_path(topic)).read_text())


@pytest.mark.parametrize("topic", topics.TOPICS, ids=documents.short)
def test_every_event_has_at_least_two_golden_messages(topic: Topic) -> None:
    assert len(of(topic)) >= 2


@pytest.mark.parametrize("example", every(), ids=str)
def test_a_golden_message_fits_its_schema(example: Example) -> None:
    validator = jsonschema_rs.validator_for(schema(example.topic))

    problems = [error.message for error in validator.iter_errors(json.loads(example.text))]

    assert problems == []


@pytest.mark.parametrize("example", every(), ids=str)
def test_a_golden_message_is_read_without_loss(example: Example) -> None:
    message = envelope.decode(sent(example))

    assert isinstance(message.event, example.topic.event)
    assert without_defaults(json.loads(events.encode(message.event))) == without_defaults(json.loads(example.text))


def without_defaults(document: Any) -> Any:
    """A document without the fields that say nothing: fields with a default may be left out."""
    if isinstance(document, dict):
        return {name: without_defaults(value) for name, value in document.items() if value is not None}
    return [without_defaults(item) for item in document] if isinstance(document, list) else document


@pytest.mark.parametrize("example", every(), ids=str)
def test_a_field_that_nobody_knows_is_ignored(example: Example) -> None:
    grown = json.loads(example.text) | {"from_a_later_minor": {"nested": [1, 2]}}

    message = envelope.decode(sent(example, value=json.dumps(grown).encode()))

    assert message.event == envelope.decode(sent(example)).event
    assert list(jsonschema_rs.validator_for(schema(example.topic)).iter_errors(grown)) == []


@pytest.mark.parametrize("topic", topics.TOPICS, ids=documents.short)
def test_every_object_of_a_schema_is_open(topic: Topic) -> None:
    closed = [part for part in objects(schema(topic)) if part.get("additionalProperties") is not True]

    assert closed == []


def objects(part: Any) -> list[Any]:
    """Every object with named properties in a schema."""
    if isinstance(part, list):
        return [found for item in part for found in objects(item)]
    if not isinstance(part, dict):
        return []
    inner = [found for value in part.values() for found in objects(value)]
    return [part, *inner] if part.get("type") == "object" and isinstance(part.get("properties"), dict) else inner


@pytest.mark.parametrize("topic", topics.TOPICS, ids=documents.short)
def test_the_schema_and_the_decoder_refuse_the_same_gaps(topic: Topic) -> None:
    whole = json.loads(of(topic)[0].text)
    required = schema(topic)["required"]

    for field in required:
        without = {name: value for name, value in whole.items() if name != field}
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(json.dumps(without), type=topic.event)
        assert not jsonschema_rs.is_valid(schema(topic), without)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ("beklijf.cohort-snapshot.v2", "unknown-version: this topic carries beklijf.cohort-snapshot.v1"),
        ("beklijf.intake-tally.v1", "wrong-type: this topic carries beklijf.cohort-snapshot.v1"),
        ("com.example.other", "wrong-type: this topic carries beklijf.cohort-snapshot.v1"),
    ],
)
def test_another_major_version_or_kind_is_a_dead_letter(stated: str, reason: str) -> None:
    record = sent(of(topics.COHORT_SNAPSHOT)[0])
    headers = [(name, stated.encode() if name == "ce_type" else value) for name, value in record.headers]

    messages, letters = consume.decode_all([record._replace(headers=headers)])

    assert messages == []
    assert [letter.reason for letter in letters] == [reason]
