"""Days and months: calendar arithmetic and the day on which something happened (M1, M2, M4, M22)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

REGISTRY_TIME_ZONE = "Europe/Amsterdam"
"""Where the registry's own days are counted, as long as no programme says otherwise (M2)."""


def add_months(day: date, months: int) -> date:
    """The same day of the month, `months` calendar months later; beyond the end of that month, its last day (M1).

    31 December plus 2 months is 28 February, or 29 in a leap year. Raises OverflowError beyond the year 9999.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if not 1 <= year <= 9999:
        raise OverflowError(f"{day} plus {months} months lies outside the calendar")
    if day.day <= 28:
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ZoneInfoNotFoundError or ValueError for a name that is no zone."""
    return ZoneInfo(name)


def local_date(instant: datetime, time_zone: str) -> date:
    """The day on which an instant falls in the programme's time zone (M2).

    Raises ValueError for an instant without offset: its day would depend on the machine.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no offset, so it has no day")
    return instant.astimezone(zone(time_zone)).date()


def treatment_year(t0: date) -> int:
    """The year of the date of t0; never sent, always derived (M4)."""
    return t0.year


def age(t0: date, birth_year: int) -> int:
    """Age at t0 in whole years, from the year of birth alone (M22)."""
    return t0.year - birth_year
