"""What a date covers, and how a search compares two of them (FHIR R4 search, 3.1.1.4.5).

Every date is a stretch of time: 2014-03 is the whole month, 10:00:00 the whole second. Stretches are half open, in UTC, and a date
without offset is one of the registry's time zone (M2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from beklijf_intake.domain.search.parameters import PREFIXES
from beklijf_intake.domain.submission import Searchable

EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
LONGEST_DAY = timedelta(hours=26)
"""No day lasts longer, whatever happens to the clocks; so the start of a day tells where its end can lie."""
_APPROXIMATELY = 10  # R4: the recommended value is ten per cent of the distance between now and the date
_DATE = re.compile(
    r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01])"
    r"(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?(Z|[+\- ](?:0\d|1[0-4]):[0-5]\d)?)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` up to, not including, `until`; None is without end."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search says about a date: a prefix and a stretch (for `ap` already widened)."""

    prefix: str
    since: datetime
    until: datetime

    def fits(self, found: Stretch) -> bool:
        """Whether a stretch that stands in a resource satisfies it. The reference for the database's own comparison."""
        until = LATEST if found.until is None else found.until
        equal = self.since <= found.since and until <= self.until
        above, below = until > self.until, found.since < self.since
        return {
            "eq": equal,
            "ne": not equal,
            "gt": above,
            "lt": below,
            "ge": above or equal,
            "le": below or equal,
            "sa": found.since >= self.until,
            "eb": until <= self.since,
            "ap": found.since < self.until and self.since < until,
        }[self.prefix]


def asked(text: str, zone: tzinfo, now: datetime) -> Asked | None:
    """A date of a query, with its prefix or without (then `eq`); None if it is none."""
    prefix = text[:2] if text[:2] in PREFIXES else ""
    stretch = covered(text.removeprefix(prefix), zone)
    if stretch is None or stretch.until is None:
        return None
    if prefix != "ap":
        return Asked(prefix or "eq", stretch.since, stretch.until)
    middle = stretch.since + (stretch.until - stretch.since) / 2
    margin = abs(now - middle) / _APPROXIMATELY
    return Asked("ap", _moved(stretch.since, -margin), _moved(stretch.until, margin))


def covered(text: str, zone: tzinfo) -> Stretch | None:
    """The stretch that a date covers, as precise as it is written; None if it is none, or does not exist (30 February)."""
    found = _DATE.fullmatch(text)
    if found is None or found[1] == "0000":
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if hour is None:
        return _of_days(int(year), int(month) if month else None, int(day) if day else None, zone)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    at_zone = zone if offset is None else _offset(offset)
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), microsecond, tzinfo=at_zone)
        since = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Stretch(since, _moved(since, _width(second, fraction)))


def searchable(resource: Mapping[str, Any], zone: tzinfo) -> Searchable:
    """What a resource can be found by, as its body states it. The resource was checked before."""
    date: Stretch | None = None
    if "authored" in resource:
        date = covered(resource["authored"], zone)
    elif "dateTime" in resource:
        date = covered(resource["dateTime"], zone)
    elif "start" in resource.get("period", {}):
        start, end = covered(resource["period"]["start"], zone), covered(resource["period"].get("end", ""), zone)
        date = None if start is None else Stretch(start.since, end.until if end else None)
    return Searchable(
        since=date.since if date else None,
        until=date.until if date else None,
        questionnaire=resource.get("questionnaire"),
        status=resource.get("status"),
        codes=tuple(
            f"{coding.get('system', '')}|{coding['code']}"
            for concept in (resource.get("type", ()) if resource["resourceType"] == "EpisodeOfCare" else ())
            for coding in concept.get("coding", ())
            if "code" in coding
        ),
    )


def _of_days(year: int, month: int | None, day: int | None, zone: tzinfo) -> Stretch | None:
    try:
        first = datetime(year, month or 1, day or 1)  # noqa: DTZ001 a day of the calendar, whatever the zone
    except ValueError:
        return None
    if day is not None:
        after = first + timedelta(days=1) if first.date() < LATEST.date() else None
    elif month is not None and month < 12:
        after = first.replace(month=month + 1)
    else:
        after = first.replace(year=year + 1, month=1) if year < LATEST.year else None
    return Stretch(_midnight(first, zone), LATEST if after is None else _midnight(after, zone))


def _midnight(day: datetime, zone: tzinfo) -> datetime:
    try:
        return day.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:  # the first hours of the year 1, the last of 9999
        return EARLIEST if day.year == 1 else LATEST


def _width(second: str | None, fraction: str | None) -> timedelta:
    """How long the last digit written lasts; microseconds are the finest that is kept."""
    if second is None:
        return timedelta(minutes=1)
    return timedelta(microseconds=10 ** (6 - min(len(fraction or ""), 6)))


def _offset(text: str) -> tzinfo:
    """An offset; a plus sign that was not percent-encoded arrives as a space."""
    ahead = timedelta() if text == "Z" else timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-ahead if text[0] == "-" else ahead)


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:
        return LATEST if by > timedelta() else EARLIEST
