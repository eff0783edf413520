"""Events as the consumers get them: decoded messages, without a broker in between."""

from __future__ import annotations

from beklijf_shared import envelope, events, topics

TOPIC_OF = {topic.event: topic for topic in topics.TOPICS}


def encoded(event: events.Event) -> bytes:
    """The bytes of an event on the wire."""
    return events.encode(event)


def message(event: events.Event, *, partition: int = 0, offset: int = 0) -> envelope.Message:
    """The message that a consumer's handler is given for this event."""
    return envelope.of(TOPIC_OF[type(event)], event, events.encode(event), partition=partition, offset=offset)
