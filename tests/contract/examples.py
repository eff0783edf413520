"""The golden messages: one file per message, in a folder per event, read by every test here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from beklijf_shared import documents, envelope, topics
from beklijf_shared.bus import Polled
from beklijf_shared.topics import Topic
from tests.lib.clock import NOON

EVENTS = documents.ROOT / "contracts" / "events"


@dataclass(frozen=True)
class Example:
    """One golden message with the topic it travels on."""

    topic: Topic
    path: Path

    @property
    def text(self) -> bytes:
        """The message as it is kept."""
        return self.path.read_bytes()

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"


def of(topic: Topic) -> list[Example]:
    """The golden messages of one topic."""
    return [Example(topic, path) for path in sorted((EVENTS / f"{documents.short(topic)}.examples").glob("*.json"))]


def every() -> list[Example]:
    """All golden messages."""
    return [example for topic in topics.TOPICS for example in of(topic)]


def sent(example: Example, *, value: bytes | None = None) -> Polled:
    """The record that the relay would have sent."""
    body = example.text if value is None else value
    event = msgspec.json.decode(example.text, type=example.topic.event)
    headers = envelope.headers(example.topic, example.topic.entity_of(event), event.version, NOON)
    return Polled(example.topic.name, 0, 0, example.topic.key_of(event).encode(), body, headers)
