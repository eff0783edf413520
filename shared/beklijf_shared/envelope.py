"""CloudEvents 1.0 in Kafka's binary content mode: attributes as `ce_` headers, the event as JSON in the value.

Decoding is done here and never inside the Kafka client, whose poll spins for ever once a deserializer has raised (3.0.12).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec

from beklijf_shared import clock, topics
from beklijf_shared.events import Event, digest_of
from beklijf_shared.topics import Topic

CONTENT_TYPE = "application/json; charset=utf-8"
SOURCE = "https://w3id.org/beklijf/service/"
SCHEMA = "https://w3id.org/beklijf/events/"
HEADERS_MAXIMUM = 64
"""More headers than this are refused: the envelope has seven, an integrator's tracing adds a few."""
VERSION_MAXIMUM = 2**63 - 1
"""What a bigint holds."""

Headers = Sequence[tuple[str, bytes]]


class Record(Protocol):
    """The part of a Kafka record that decoding needs."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Headers: ...


class Undecodable(Exception):
    """A record that is no event of ours; `reason` is a short code of a closed list, `detail` never holds the content."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Message(NamedTuple):
    """One event as it arrived, decoded, with its place in the log."""

    topic: Topic
    entity: str
    key: str
    version: int
    event: Event
    body: bytes
    digest: bytes
    partition: int = 0
    offset: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """(topic, entity): what the message is about."""
        return (self.topic.name, self.entity)


_DECODERS = {topic.name: msgspec.json.Decoder(topic.event) for topic in topics.TOPICS}


Attributes = tuple[tuple[str, bytes], ...]


def headers(topic: Topic, entity: str, version: int, sent_at: datetime) -> list[tuple[str, bytes]]:
    """The CloudEvents attributes of one state: its id is the entity and version, so a repeat has the same id."""
    before, after = _same_for_all(topic.name, sent_at)
    return [*before, ("ce_id", f"{entity}/{version}".encode()), *after]


@lru_cache(maxsize=64)
def _same_for_all(name: str, sent_at: datetime) -> tuple[Attributes, Attributes]:
    """What all messages of a topic have in common that are sent at one instant (a batch is): the attributes before and after the id."""
    topic = topics.BY_NAME[name]
    before = ("ce_specversion", b"1.0"), ("ce_type", topic.type.encode()), ("ce_source", (SOURCE + topic.sender).encode())
    return before, (
        ("ce_time", clock.instant_text(sent_at).encode()),
        ("ce_dataschema", f"{SCHEMA}{topic.name.removeprefix('beklijf.')}.schema.json".encode()),
        ("content-type", CONTENT_TYPE.encode()),
    )


def decode(record: Record) -> Message:
    """The message in a record; raises Undecodable with the reason for the dead letter (reliability, section 4e)."""
    topic = topics.BY_NAME.get(record.topic)
    if topic is None:
        raise Undecodable("unknown-topic")
    _check_headers(record.headers, topic)
    if record.value is None:
        raise Undecodable("tombstone", "no event of ours has an empty value")
    if record.key is None:
        raise Undecodable("no-key")
    try:
        event: Event = _DECODERS[topic.name].decode(record.value)
    except UnicodeDecodeError:
        raise Undecodable("not-utf-8") from None
    except msgspec.ValidationError as error:
        raise Undecodable("schema", _where(error)) from None
    except msgspec.DecodeError:
        raise Undecodable("not-json") from None
    except RecursionError:
        raise Undecodable("too-deep") from None
    if record.key != topic.key_of(event).encode():
        raise Undecodable("key-differs", f"the key must be the event's {topic.key}")
    message = _message(topic, event, record)
    _check_storable(message)
    return message


def of(topic: Topic, event: Event, body: bytes, *, partition: int = 0, offset: int = 0) -> Message:
    """A message made from an event that is already decoded; tests and replays use it."""
    entity, key = topic.entity_of(event), topic.key_of(event)
    return Message(topic, entity, key, event.version, event, body, digest_of(body), partition, offset)


def _message(topic: Topic, event: Event, record: Record) -> Message:
    return of(topic, event, record.value or b"", partition=record.partition, offset=record.offset)


def _check_headers(given: Headers, topic: Topic) -> None:
    if len(given) > HEADERS_MAXIMUM:
        raise Undecodable("too-many-headers")
    named = dict(given)
    if named.get("ce_specversion") != b"1.0":
        raise Undecodable("no-envelope", "ce_specversion must be 1.0")
    stated = (named.get("ce_type") or b"").decode("utf-8", "replace")
    if stated == topic.type:
        return
    same_kind = stated.rpartition(".")[0] == topic.type.rpartition(".")[0]
    raise Undecodable("unknown-version" if same_kind else "wrong-type", f"this topic carries {topic.type}")


def _check_storable(message: Message) -> None:
    """What no database column takes must not come near one: even the dead letter of such a message could not be stored."""
    if message.version > VERSION_MAXIMUM:
        raise Undecodable("schema", "`$.version`")
    if "\0" in message.entity or "\0" in message.key:
        raise Undecodable("schema", "an identifier holds the character U+0000")


def _where(error: msgspec.ValidationError) -> str:
    """Which element is wrong, without its value: msgspec ends its message with the path."""
    message = str(error)
    return message[message.rfind("`$") :] if "`$" in message else "the event does not fit its schema"
