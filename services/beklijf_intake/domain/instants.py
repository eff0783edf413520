"""Dates and instants as FHIR R4 writes them, read exactly (M2).

The standard library's own parser accepts much that R4 does not (`20240101`, weeks, a space for the T, no offset), so the
R4 regular expressions decide and the library only computes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

AHEAD_LIMIT = timedelta(minutes=5)  # M2, M14: clocks of two machines differ, not by more

_DAY = r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_CLOCK = r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?"
_OFFSET = r"(?:(Z)|([+-])(0\d|1[0-3]):([0-5]\d)|([+-])(14):(00))"
_INSTANT = re.compile(rf"{_DAY}T{_CLOCK}{_OFFSET}", re.ASCII)
_PARTIAL = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
_TIME = re.compile(_CLOCK, re.ASCII)


@dataclass(frozen=True, slots=True)
class When:
    """A dateTime: exactly one of an instant (UTC), a whole day, or less than a day (`year` only is set then)."""

    year: int
    instant: datetime | None = None
    day: date | None = None

    def day_in(self, zone: tzinfo) -> date | None:
        """The calendar day in that zone; None where only a year or month was given (or the zone has no such day: year 1, 9999)."""
        try:
            return self.instant.astimezone(zone).date() if self.instant else self.day
        except OverflowError:
            return None

    def instant_in(self, zone: tzinfo) -> datetime | None:
        """The instant in UTC; a whole day is its first moment in that zone (M2); None for a year or month (or no such instant)."""
        if self.day is None:
            return self.instant
        try:
            return datetime(self.day.year, self.day.month, self.day.day, tzinfo=zone).astimezone(UTC)
        except OverflowError:
            return None


def instant(text: str) -> datetime | None:
    """An R4 `instant` in UTC (fractions cut to microseconds); None if it is none, or does not exist (30 February, -00:00)."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes, sign14, _, _ = found.groups()
    offset = UTC if zulu else _offset(sign or sign14, int(hours or 14), int(minutes or 0))
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    if offset is None:
        return None
    try:
        return datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), microsecond, tzinfo=offset
        ).astimezone(UTC)  # fmt: skip
    except (ValueError, OverflowError):  # a day that does not exist; an instant before the year 1 in UTC
        return None


def when(text: str) -> When | None:
    """An R4 `dateTime`, or `date`; None if it is none. A time needs seconds and an offset."""
    if "T" in text:
        at = instant(text)
        return When(at.year, instant=at) if at else None
    found = _PARTIAL.fullmatch(text)
    if found is None or found[1] == "0000":
        return None
    if found[3] is None:
        return When(int(found[1]))
    try:
        return When(int(found[1]), day=date(int(found[1]), int(found[2]), int(found[3])))
    except ValueError:  # a day that the month does not have
        return None


def is_date(text: str) -> bool:
    """Whether this is an R4 `date`: year, month or day, no time."""
    return "T" not in text and when(text) is not None


def is_time(text: str) -> bool:
    """Whether this is an R4 `time`: hh:mm:ss, fractions allowed, no zone, no 24:00."""
    return _TIME.fullmatch(text) is not None


def _offset(sign: str, hours: int, minutes: int) -> timezone | None:
    delta = timedelta(hours=hours, minutes=minutes)
    if sign == "-" and not delta:  # RFC 3339's "offset unknown"
        return None
    return timezone(-delta if sign == "-" else delta)
