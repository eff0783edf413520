"""N of N is worth something only if it breaks: each rule of the pipeline that is moved makes printed numbers differ.

The reference cohort walks the whole path in this process, by the services' real functions; one rule is moved at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN
from fractions import Fraction
from math import floor

import pytest

from beklijf_cohorts.domain import comparison, membership, statistics
from beklijf_cohorts.domain.facts import Episode
from beklijf_cohorts.domain.figures import groups, planned
from beklijf_domain import exact
from beklijf_domain.protocol import Moment, Protocol, Window
from beklijf_domain.rule import Threshold
from beklijf_intake.domain import versions
from beklijf_intake.domain.versions import Version
from beklijf_scoring import hearing
from beklijf_scoring.domain import change, place
from beklijf_scoring.domain.place import Placed
from tests.lib import whole_path

Move = Callable[[pytest.MonkeyPatch], None]
PRINTED = 613


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    """Set up before `monkeypatch` and so torn down after it: no cache keeps what a moved rule has filled."""
    yield
    whole_path.forget()


def differing() -> list[str]:
    return [result.printed.id for result in whole_path.walk().reproduction.results if not result.is_met]


def windows(by: Callable[[Window], Window]) -> Move:
    """Every window of the study another one (M1)."""
    real = Protocol.window

    def window(protocol: Protocol, moment: Moment, t0: date, ended: date | None = None) -> Window | None:
        found = real(protocol, moment, t0, ended)
        return by(found) if found is not None and protocol.code == "imsr" else found

    return lambda patch: patch.setattr(Protocol, "window", window)


DAY = timedelta(days=1)
opens_late = windows(lambda window: replace(window, opens=window.opens + DAY))
opens_early = windows(lambda window: replace(window, opens=window.opens - DAY))
closes_early = windows(lambda window: replace(window, closes=window.closes - DAY))
closes_late = windows(lambda window: replace(window, closes=window.closes + DAY))


def one_t4_for_all_years(patch: pytest.MonkeyPatch) -> None:
    """M4: the last moment lies 30 to 66 months after t0, by treatment year."""
    patch.setattr(Moment, "offset_months", lambda moment, year: moment.months if moment.months is not None else 30)


def more_than_instead_of_at_least(patch: pytest.MonkeyPatch) -> None:
    """M25: exactly 30 % is enough."""

    def enough(_: Threshold, margin: Fraction) -> bool:
        return margin > 0

    patch.setattr(change, "enough", enough)


def half_to_even(patch: pytest.MonkeyPatch) -> None:
    """M35: half up."""
    patch.setattr(exact, "ROUND_HALF_UP", ROUND_HALF_EVEN)


def cut_off(patch: pytest.MonkeyPatch) -> None:
    """M35: half up."""
    patch.setattr(exact, "ROUND_HALF_UP", ROUND_DOWN)


def deviation_by_n(patch: pytest.MonkeyPatch) -> None:
    """M32: n - 1."""

    def variance(of: statistics.Moments) -> Fraction | None:
        return Fraction(of.n * of.squares - of.total**2, of.n * of.n) if of.n > 1 else None

    patch.setattr(statistics.Moments, "variance", property(variance))


def welch_for_student(patch: pytest.MonkeyPatch) -> None:
    """M31: Student's t carries the mark."""
    patch.setattr(groups, "student", comparison.welch)


def days_of_utc(patch: pytest.MonkeyPatch) -> None:
    """M2: days are those of the programme's time zone."""

    def day(measured: datetime) -> date:
        return measured.astimezone(UTC).date()

    patch.setattr(hearing, "_day", day)


def arrival_decides(patch: pytest.MonkeyPatch) -> None:
    """M6: never arrival; ids are given in order of arrival here."""

    def precedence(placed: Placed) -> str:
        return placed.answer.response

    patch.setattr(place, "_precedence", precedence)


def amendments_ignored(patch: pytest.MonkeyPatch) -> None:
    """M11: an amendment outranks what it amends."""

    def first(known: Iterable[Version]) -> Version:
        return next(iter(known))

    patch.setattr(versions, "current", first)


def last_arrival_counts(patch: pytest.MonkeyPatch) -> None:
    """M11: a retry or a draft that comes late undoes nothing."""

    def last(known: Iterable[Version]) -> Version:
        return list(known)[-1]

    patch.setattr(versions, "current", last)


def retractions_ignored(patch: pytest.MonkeyPatch) -> None:
    """M8, M14: what was entered in error does not count."""
    real = versions.current

    def current(known: Iterable[Version]) -> Version:
        received = list(known)
        return real([one for one in received if one.form is None or one.form.status != "entered-in-error"] or received)

    patch.setattr(versions, "current", current)


def stopped_early_is_completed(patch: pytest.MonkeyPatch) -> None:
    """M20: who stopped early is in the flow and nowhere else."""
    real = membership.box

    def box(episode: Episode, day: date) -> str | None:
        found = real(episode, day)
        return "completed" if found == "stopped-early" else found

    patch.setattr(membership, "box", box)


def sample_size_rounded_down(patch: pytest.MonkeyPatch) -> None:
    """The least number that is enough."""
    patch.setattr(planned, "ceil", floor)


MOVES: dict[str, tuple[Move, str]] = {
    "windows open a day late": (opens_late, "table1-2012-responded"),
    "windows open a day early": (opens_early, "table1-2012-responded"),
    "windows close a day early": (closes_early, "table1-2012-responded"),
    "windows close a day late": (closes_late, "table1-2012-responded"),
    "one t4 for all years": (one_t4_for_all_years, "table1-2012-responded"),
    "> for >= in the 30 % rule": (more_than_instead_of_at_least, "table3-qbpds-t1-improved"),
    "half to even": (half_to_even, "table2-vas-t0-2013-non-responders-mean"),
    "cut off instead of rounded": (cut_off, "table1-2012-rate"),
    "standard deviation by n": (deviation_by_n, "table2-qbpds-t0-2012-responders-sd"),
    "Welch for Student": (welch_for_student, "table2-vas-t1-2012-significant"),
    "days of UTC": (days_of_utc, "table1-2014-responded-male"),
    "arrival decides the competition": (arrival_decides, "table2-qbpds-t0-2012-responders-mean"),
    "amendments are ignored": (amendments_ignored, "table1-2012-invited"),
    "the last to arrive counts": (last_arrival_counts, "table2-qbpds-t0-2014-responders-n"),
    "retractions are ignored": (retractions_ignored, "table2-qbpds-t0-2013-responders-n"),
    "who stopped early counts as completed": (stopped_early_is_completed, "table1-2012-invited"),
    "sample size rounded down": (sample_size_rounded_down, "text-needed"),
}
"""What is moved, and one printed number that must notice."""


def test_every_printed_number_is_reproduced_by_the_rules_as_they_are() -> None:
    reproduction = whole_path.walk().reproduction

    assert (reproduction.met, reproduction.total) == (PRINTED, PRINTED)


@pytest.mark.parametrize("name", MOVES)
def test_a_rule_that_is_moved_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    move, notices = MOVES[name]

    move(monkeypatch)

    assert notices in differing()


def test_afterwards_all_is_as_before() -> None:
    assert differing() == []
