"""Records that are no event of ours (reliability, 4e: K01 to K12), each with the reason of its dead letter."""

from __future__ import annotations

from beklijf_shared import envelope, events, topics
from beklijf_shared.bus import Polled
from tests.lib.builders import intake_tally
from tests.lib.clock import NOON

GOOD = events.encode(intake_tally(version=1, organisation="a"))
HEADERS = envelope.headers(topics.INTAKE_TALLY, "a", 1, NOON)


def record(value: bytes | None, key: bytes | None = b"a", headers: envelope.Headers = HEADERS) -> Polled:
    """A record of the topic of tallies."""
    return Polled(topics.INTAKE_TALLY.name, 0, 0, key, value, headers)


def changed(old: bytes, new: bytes) -> bytes:
    """A good value, spoilt."""
    assert old in GOOD
    return GOOD.replace(old, new)


def of_type(name: bytes) -> list[tuple[str, bytes]]:
    """An envelope that states another type."""
    return [*(header for header in HEADERS if header[0] != "ce_type"), ("ce_type", name)]


BAD = {
    "nothing": (record(None), "tombstone: no event of ours has an empty value"),
    "empty": (record(b""), "not-json"),
    "no key": (record(GOOD, None), "no-key"),
    "another key": (record(GOOD, b"b"), "key-differs: the key must be the event's organisation"),
    "no UTF-8": (record(b"\xff\xfe\x00"), "not-json"),
    "UTF-16": (record(GOOD.decode().encode("utf-16")), "not-json"),
    "half a pair": (record(changed(b'"a"', rb'"\ud800"')), "not-json"),
    "no number": (record(changed(b'"sent":1', b'"sent":NaN')), "not-json"),
    "5,000 digits": (record(changed(b'"sent":1', b'"sent":' + b"9" * 5000)), "schema: `$.sent`"),
    "nested without end": (record(b'{"x":' + b"[" * 200_000), "too-deep"),
    "nested in what is ignored": (record(GOOD[:-1] + b',"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "too-deep"),
    "a version below zero": (record(changed(b'"version":1', b'"version":-1')), "schema: `$.version`"),
    "a version that no bigint holds": (record(changed(b'"version":1', b'"version":9223372036854775808')), "schema: `$.version`"),
    "U+0000": (record(changed(b'"a"', rb'"a\u0000"'), b"a\0"), "schema: an identifier holds the character U+0000"),
    "no envelope": (record(GOOD, headers=[]), "no-envelope: ce_specversion must be 1.0"),
    "of a version to come": (
        record(GOOD, headers=of_type(b"beklijf.intake-tally.v2")),
        "unknown-version: this topic carries beklijf.intake-tally.v1",
    ),
    "of another kind": (record(GOOD, headers=of_type(b"com.example.other")), "wrong-type: this topic carries beklijf.intake-tally.v1"),
    "10,000 headers": (record(GOOD, headers=[("x", b"")] * 10_000), "too-many-headers"),
}
