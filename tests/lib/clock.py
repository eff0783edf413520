"""A clock and ids that tests set by hand, so that every run is the same run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

NOON = datetime(2020, 3, 2, 12, 0, tzinfo=UTC)
"""Where tests begin: after every window of the reference cohort has closed."""


@dataclass
class HandClock:
    """A clock that moves only when told to."""

    instant: datetime = NOON

    def __call__(self) -> datetime:
        """The instant it was last set to, aware and in UTC."""
        return self.instant

    def advance(self, *, seconds: float = 0, days: int = 0) -> datetime:
        """Move on, and return the new instant."""
        self.instant += timedelta(days=days, seconds=seconds)
        return self.instant


@dataclass
class CountedIds:
    """Ids in the form of a UUIDv7 that count up from one."""

    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __call__(self) -> str:
        """The next id."""
        return f"00000000-0000-7000-8000-{next(self._numbers):012d}"
