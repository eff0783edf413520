"""Whatever stands in a record, it is read or undecodable with a reason: were it an error of another kind, it would come again for ever."""

from __future__ import annotations

import pytest

from beklijf_shared import envelope, events, topics
from beklijf_shared.bus import Polled
from tests.lib.builders import intake_tally
from tests.lib.clock import NOON

BODY = events.encode(intake_tally(version=1, organisation="a"))
HEADERS = envelope.headers(topics.INTAKE_TALLY, "a", 1, NOON)


def record(value: bytes | None, key: bytes | None = b"a", headers: envelope.Headers = HEADERS) -> Polled:
    return Polled(topics.INTAKE_TALLY.name, 0, 0, key, value, headers)


def changed(old: bytes, new: bytes) -> bytes:
    assert old in BODY
    return BODY.replace(old, new)


BAD = {
    "nothing": (record(None), "tombstone: no event of ours has an empty value"),
    "empty": (record(b""), "not-json"),
    "no key": (record(BODY, None), "no-key"),
    "another key": (record(BODY, b"b"), "key-differs"),
    "no UTF-8": (record(b"\xff\xfe\x00"), "not-json"),
    "UTF-16": (record(BODY.decode().encode("utf-16")), "not-json"),
    "half a pair": (record(changed(b'"a"', rb'"\ud800"')), "not-json"),
    "no number": (record(changed(b'"sent":1', b'"sent":NaN')), "not-json"),
    "5,000 digits": (record(changed(b'"sent":1', b'"sent":' + b"9" * 5000)), "schema: `$.sent`"),
    "nested without end": (record(b'{"x":' + b"[" * 200_000), "too-deep"),
    "nested in what is ignored": (record(BODY[:-1] + b',"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "too-deep"),
    "a version below zero": (record(changed(b'"version":1', b'"version":-1')), "schema: `$.version`"),
    "a version that no bigint holds": (record(changed(b'"version":1', b'"version":9223372036854775808')), "schema: `$.version`"),
    "U+0000": (record(changed(b'"a"', rb'"a\u0000"'), b"a\0"), "schema: an identifier holds the character U+0000"),
    "no envelope": (record(BODY, headers=[]), "no-envelope: ce_specversion must be 1.0"),
    "10,000 headers": (record(BODY, headers=[("x", b"")] * 10_000), "too-many-headers"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_says_why_and_nothing_of_its_content(case: str) -> None:
    given, reason = BAD[case]

    with pytest.raises(envelope.Undecodable) as raised:
        envelope.decode(given)

    assert str(raised.value).partition(": the key")[0] == reason


def test_the_greatest_version_that_a_bigint_holds_is_read() -> None:
    assert envelope.decode(record(changed(b'"version":1', b'"version":9223372036854775807'))).version == 9223372036854775807
