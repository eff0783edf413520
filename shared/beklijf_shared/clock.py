"""The clock as an argument: use cases are handed the instant, and only the edge asks a real clock."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the present instant, aware and in UTC."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> datetime:
    """The machine's clock; the only place of the product that reads it for a meaning."""
    return datetime.now(UTC)


def fixed_clock(at: datetime) -> Clock:
    """A clock that stands still, for tests and for reproducing a figure."""
    return lambda: at


def from_environment() -> Clock:
    """The system clock, or the fixed instant of `BEKLIJF_CLOCK` (RFC 3339), which exists for tests and reproductions."""
    stated = os.environ.get("BEKLIJF_CLOCK")
    return fixed_clock(instant(stated)) if stated else system_clock


def instant(text: str) -> datetime:
    """An RFC 3339 instant as an aware datetime in UTC; raises ValueError when it has no offset."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return parsed if parsed.tzinfo is UTC else parsed.astimezone(UTC)


def instant_text(at: datetime) -> str:
    """RFC 3339 text in UTC with `Z`; microseconds only where there are any. Raises ValueError for a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def micros(at: datetime) -> int:
    """Microseconds since 1970, exact: the floor under the versions of derived entities."""
    delta = at - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def at_micros(count: int) -> datetime:
    """The instant so many microseconds after 1970: when a derived entity was told in this version, unless its clock had gone back."""
    return EPOCH + timedelta(microseconds=count)
