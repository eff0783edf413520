"""Kafka's record format (version 2), as far as our messages use it: a list of messages becomes the bytes of one batch's records.

The client encodes one message at a time, header by header and byte by byte, and makes a promise for each; a relay knows all it is going
to send and waits for all of it. Encoding is most of what sending costs (decision 0031).
https://kafka.apache.org/documentation/#recordbatch: every record bears the time of its batch, so its difference is zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

OVERHEAD = 24
"""At most so many bytes of a record are neither its key nor its value nor its headers: three lengths, the differences, the attributes."""


class Outgoing(NamedTuple):
    """One message to send."""

    topic: str
    key: bytes | None
    value: bytes | None
    """Every event of ours has a key and a value; Kafka's messages need not."""
    headers: list[tuple[str, bytes]]


def record(number: int, one: Outgoing) -> bytes:
    """The record of one message; `number` is its place in its batch, from 0."""
    headers = b"".join([_header(*each) for each in one.headers])
    body = b"".join((b"\0\0", varint(number), _sized(one.key), _sized(one.value), varint(len(one.headers)), headers))
    return varint(len(body)) + body


def size(one: Outgoing) -> int:
    """How many bytes a record has at most."""
    return OVERHEAD + len(one.key or b"") + len(one.value or b"") + sum([len(_header(*each)) for each in one.headers])


def batches(messages: Iterable[Outgoing], most: int) -> Iterator[Sequence[Outgoing]]:
    """The messages of one partition in their order, cut so that each batch has at most so many bytes, or one message."""
    batch: list[Outgoing] = []
    taken = 0
    for one in messages:
        larger = size(one)
        if batch and taken + larger > most:
            yield batch
            batch, taken = [], 0
        batch.append(one)
        taken += larger
    if batch:
        yield batch


def varint(number: int) -> bytes:
    """A whole number from 0 as a signed one of variable length: doubled, seven bits a byte, the lowest first."""
    number <<= 1
    if number < 0x80:
        return _ONE_BYTE[number]
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


_ONE_BYTE = [bytes((number,)) for number in range(0x80)]


def _sized(data: bytes | None) -> bytes:
    """Bytes after their length, which is -1 where there are none at all."""
    return b"\1" if data is None else varint(len(data)) + data


@lru_cache(maxsize=4096)
def _header(name: str, value: bytes) -> bytes:
    """Most headers are those of the message before."""
    return _sized(name.encode()) + _sized(value)
