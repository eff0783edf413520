"""The bytes of a batch are those that the client itself would have made, one message after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import murmur2
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.util import encode_varint

from beklijf_shared import bus, records
from beklijf_shared.records import Outgoing

HEADERS = st.lists(st.tuples(st.text(max_size=40), st.binary(max_size=200)), max_size=9)
OUTGOING = st.builds(Outgoing, st.just("t"), st.none() | st.binary(max_size=80), st.none() | st.binary(max_size=9000), HEADERS)


def by_the_client(messages: list[Outgoing]) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 2**31)
    for number, one in enumerate(messages):
        builder.append(number, 1_700_000_000_000, one.key, one.value, one.headers)
    return bytes(builder._buffer[DefaultRecordBatchBuilder.HEADER_STRUCT.size :])


@given(st.lists(OUTGOING, min_size=1, max_size=5))
def test_records_are_those_of_the_client(messages: list[Outgoing]) -> None:
    assert b"".join(records.record(number, one) for number, one in enumerate(messages)) == by_the_client(messages)


@given(OUTGOING, st.integers(0, 500_000))
def test_a_record_is_no_larger_than_it_is_taken_for(one: Outgoing, number: int) -> None:
    assert len(records.record(number, one)) <= records.size(one)


@given(st.integers(0, 2**31 - 1))
def test_numbers_are_those_of_the_client(number: int) -> None:
    expected = bytearray()
    encode_varint(number, expected.append)
    assert records.varint(number) == bytes(expected)


def test_a_batch_is_cut_before_it_is_too_large() -> None:
    messages = [Outgoing("t", b"k", bytes(length), []) for length in (100, 100, 900, 10, 10)]
    assert [[len(one.value or b"") for one in batch] for batch in records.batches(messages, 300)] == [[100, 100], [900], [10, 10]]


def test_a_header_of_a_whole_batch_is_the_clients_too() -> None:
    made = bus._whole([Outgoing("t", b"k", b"v", [("a", b"1")]), Outgoing("t", b"k", b"w", [])])
    made.close()
    (batch,) = made.records()
    assert batch.validate_crc()
    assert [(one.offset, one.key, one.value, one.headers) for one in batch] == [(0, b"k", b"v", [("a", b"1")]), (1, b"k", b"w", [])]


@given(st.binary(min_size=1, max_size=80))
def test_a_key_lies_where_every_client_puts_it(key: bytes) -> None:
    assert bus._hash(key) == murmur2(key) & 0x7FFFFFFF
