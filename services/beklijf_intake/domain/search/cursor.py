"""Where the next page begins, as text that a `next` link can carry: read back as strictly as anything else that is sent.

It says nothing that a query could not say, and it belongs to one query of one organisation; so it is checked, and needs no signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from beklijf_intake.domain.primitives import is_id
from beklijf_intake.domain.problem import Refused, malformed

TEXT_MAXIMUM = 4_000
_BIGGEST = 2**63
_ZERO = datetime(1, 1, 1, tzinfo=UTC)
_BASE64 = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class View:
    """The moment at which a search sees the registry, on all its pages: which transactions were over by then.

    Numbers of transactions: all before `oldest` were over, none from `next` on, and of those between, not the ones `under_way`.
    What was received before `settled` was stored long ago, whatever the number of its transaction says.
    """

    oldest: int
    next: int
    under_way: tuple[int, ...]
    settled: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """Behind this place the page begins: the value of the order (an instant or an id), and what decides between equal ones."""

    key: datetime | str
    among_equals: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a view; `total` as it was told on the first page."""

    view: View
    position: Position
    total: int | None


def to_text(cursor: Cursor, query: str) -> str:
    """The cursor for a `next` link; `query` is whatever it must go with."""
    view, position = cursor.view, cursor.position
    key = position.key if isinstance(position.key, str) else _microseconds(position.key)
    parts = [
        _seal(query),
        [view.oldest, view.next, list(view.under_way), _microseconds(view.settled)],
        [key, position.among_equals],
        cursor.total,
    ]
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def of_text(text: str, query: str, *, by_id: bool) -> Cursor:
    """The cursor that a link carried; raises Refused for anything that `to_text` did not make for this query."""
    try:
        cursor = _checked(_decoded(text), query, by_id=by_id)
    except (ValueError, TypeError, OverflowError, RecursionError):
        cursor = None
    if cursor is None:
        raise Refused([malformed("value", None, "_cursor: follow the next link as it was given, or begin the search anew.")])
    return cursor


def _decoded(text: str) -> Any:
    if len(text) > TEXT_MAXIMUM or not _BASE64.fullmatch(text):
        raise ValueError
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except binascii.Error:
        raise ValueError from None


def _checked(parts: Any, query: str, *, by_id: bool) -> Cursor | None:
    seal, (oldest, following, under_way, settled), (key, among_equals), total = parts
    numbers = [oldest, following, *under_way, settled, among_equals, *([] if total is None else [total])]
    if seal != _seal(query) or not all(map(_is_number, numbers)):
        return None
    if by_id != isinstance(key, str) or not (is_id(key) if by_id else _is_number(key)):
        return None
    place = Position(key if isinstance(key, str) else _instant(key), among_equals)
    return Cursor(View(oldest, following, tuple(under_way), _instant(settled)), place, total)


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < _BIGGEST


def _seal(query: str) -> str:
    return hashlib.blake2b(query.encode(), digest_size=6).hexdigest()


def _microseconds(at: datetime) -> int:
    return (at - _ZERO) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    return _ZERO + timedelta(microseconds=microseconds)
