"""Lists of one plain type as PostgreSQL's binary arrays, packed at once: psycopg's own dumper goes element by element through Python.

Measured on a batch of accepted answers: a third of the processor time of storing it. Lists of anything else (numbers that are no
integers, lists of lists, a mixture) take psycopg's way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from types import NoneType
from typing import Any

from psycopg import postgres
from psycopg.abc import Buffer, DumperKey
from psycopg.adapt import PyFormat
from psycopg.types.array import BaseListDumper, ListBinaryDumper

_HEAD = struct.Struct("!IIIII").pack  # dimensions, has nulls, type of the elements, length, lower bound
_LENGTH = struct.Struct("!i").pack
_NULL = _LENGTH(-1)
_INTEGER, _BOOLEAN = struct.Struct("!iq").pack, struct.Struct("!i?").pack
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _text(value: str) -> bytes:
    data = value.encode()
    return _LENGTH(len(data)) + data


def _bytes(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


def _integer(value: int) -> bytes:
    return _INTEGER(8, value)


def _boolean(value: bool) -> bytes:
    return _BOOLEAN(1, value)


def _instant(value: datetime) -> bytes:
    since = value - _EPOCH  # raises TypeError for one without offset, which is no instant
    return _INTEGER(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


_PLAIN: dict[type, tuple[str, Callable[[Any], bytes]]] = {
    str: ("text", _text), bytes: ("bytea", _bytes), int: ("int8", _integer), bool: ("bool", _boolean), datetime: ("timestamptz", _instant),
}  # fmt: skip


class ListDumper(ListBinaryDumper):
    """Registered for `list` on every connection."""

    def __init__(self, cls: type, context: Any = None) -> None:
        super().__init__(cls, context)
        self._element: Callable[[Any], bytes] | None = None
        self._element_oid = 0

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:
        """Told apart by the one type of the elements."""
        kind = _one_type(obj)
        return (self.cls, (kind,)) if kind in _PLAIN else super().get_key(obj, format)

    def upgrade(self, obj: list[Any], format: PyFormat) -> BaseListDumper:
        """The dumper of lists like this one."""
        kind = _one_type(obj)
        if kind not in _PLAIN:
            return super().upgrade(obj, format)
        name, element = _PLAIN[kind]
        dumper = ListDumper(self.cls, self._tx)
        dumper.oid = postgres.types[name].array_oid
        dumper._element, dumper._element_oid = element, postgres.types[name].oid
        return dumper

    def dump(self, obj: list[Any]) -> Buffer | None:
        """The array, with the length of each element before it."""
        element = self._element
        if element is None:
            return super().dump(obj)
        has_null = None in obj
        packed = [_NULL if value is None else element(value) for value in obj] if has_null else map(element, obj)
        return _HEAD(1, has_null, self._element_oid, len(obj), 1) + b"".join(packed)


def _one_type(values: list[Any]) -> type | None:
    kinds = set(map(type, values))
    kinds.discard(NoneType)
    return kinds.pop() if len(kinds) == 1 else None
