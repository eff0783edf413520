"""Which version counts and what is a repeat (M3, M11, M12, M14)."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from beklijf_intake.domain.versions import Form, Version, current, is_draft, is_repeat, measured

ARRIVED = datetime(2020, 3, 2, 12, 0, tzinfo=UTC)


def form(number: int, status: str, hour: int = 9, *, whole_day: bool = False, digest: bytes | None = None) -> Version:
    """An answer's version, authored on 1 March 2020 at that hour."""
    authored = datetime(2020, 3, 1, hour, tzinfo=UTC)
    return Version(number, ARRIVED, digest or bytes([number]), None, Form(status, authored, whole_day))


def record(number: int, stated: int | None, *, arrived: int = 12, digest: bytes = b"x") -> Version:
    """A record's version, stated on that day of January 2020 (or not dated), arrived on 2 March at that hour."""
    stated_at = None if stated is None else datetime(2020, 1, stated, tzinfo=UTC)
    return Version(number, datetime(2020, 3, 2, arrived, tzinfo=UTC), digest, stated_at, None)


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("in-progress", "completed"),
        ("stopped", "completed"),
        ("completed", "amended"),
        ("amended", "entered-in-error"),
        ("in-progress", "entered-in-error"),
    ],
)
def test_status_outranks_time_and_arrival(lower: str, higher: str) -> None:
    early, late = form(1, higher, hour=1), form(2, lower, hour=23)

    assert current([early, late]) is early


def test_among_equals_the_later_authored_counts_then_the_later_arrival() -> None:
    first, second, third = form(1, "completed", hour=10), form(2, "completed", hour=9), form(3, "completed", hour=10)

    assert current([first, second]) is first
    assert current([first, second, third]) is third


def test_whole_day_comes_before_every_instant_of_it() -> None:
    day, midnight = form(2, "completed", hour=0, whole_day=True), form(1, "completed", hour=0)

    assert current([day, midnight]) is midnight


def test_answers_are_ordered_without_arrival_where_status_and_time_differ() -> None:
    statuses = [("stopped", 20), ("completed", 9), ("completed", 10), ("amended", 8)]

    winners = {current([form(number, *given) for number, given in enumerate(order, 1)]).form for order in permutations(statuses)}

    assert winners == {Form("amended", datetime(2020, 3, 1, 8, tzinfo=UTC), whole_day=False)}


def test_answer_equal_to_any_earlier_version_is_a_repeat() -> None:
    known = [form(1, "completed", digest=b"a"), form(2, "amended", digest=b"b")]

    assert is_repeat(known, form(3, "completed", digest=b"a"))
    assert not is_repeat(known, form(3, "completed", digest=b"c"))
    assert not is_repeat([], form(1, "completed"))


def test_measured_is_the_earliest_authored_of_what_was_really_answered() -> None:
    known = [form(1, "in-progress", hour=7), form(2, "amended", hour=12), form(3, "completed", hour=9), form(4, "entered-in-error", hour=8)]

    assert measured(known) == datetime(2020, 3, 1, 9, tzinfo=UTC)
    assert measured([form(1, "entered-in-error", hour=11)]) == datetime(2020, 3, 1, 11, tzinfo=UTC)
    assert measured([form(1, "in-progress", hour=9), form(2, "entered-in-error", hour=11)]) == datetime(2020, 3, 1, 11, tzinfo=UTC)


def test_records_are_ordered_by_the_senders_clock_then_by_arrival() -> None:
    newer, older, undated = record(1, 20), record(2, 10), record(3, None)

    assert current([newer, older]) is newer
    assert current([newer, older, undated]) is undated
    assert current([record(1, 20, digest=b"a"), record(2, 20, digest=b"b")]).number == 2


def test_record_with_the_same_content_and_stamp_is_a_repeat() -> None:
    known = [record(1, 10, digest=b"a"), record(2, 20, digest=b"b")]

    assert is_repeat(known, record(3, 10, digest=b"a"))
    assert not is_repeat(known, record(3, 30, digest=b"a"))


def test_undated_record_is_a_repeat_only_of_the_current_content() -> None:
    known = [record(1, None, arrived=10, digest=b"a"), record(2, None, arrived=11, digest=b"b")]

    assert is_repeat(known, record(3, None, digest=b"b"))
    assert not is_repeat(known, record(3, None, digest=b"a"))
    assert not is_repeat([], record(1, None))


def test_drafts_are_in_progress_and_stopped() -> None:
    statuses = ("in-progress", "stopped", "completed", "amended", "entered-in-error")

    assert [is_draft(form(1, status)) for status in statuses] == [True, True, False, False, False]
    assert not is_draft(record(1, None))
