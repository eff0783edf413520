"""What reading needs to know, for tests: the shipped contracts, a clock that stands still, one organisation."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from beklijf_intake import forms
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_shared import contracts

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORGANISATION = "00000001"


@cache
def context() -> ReadingContext:
    """The shipped Questionnaires, programmes and moments, at noon of 22 November 2026 (UTC)."""
    shipped = contracts.load()
    return ReadingContext(
        forms=forms.compiled(shipped),
        programmes=frozenset(shipped.protocols),
        moments=shipped.moment_codes,
        zone=ZoneInfo("Europe/Amsterdam"),
        now=NOW,
        organisation=ORGANISATION,
    )
