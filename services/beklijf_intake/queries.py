"""Reading: what a search, a history or a version is answered with, in one transaction that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.search.cursor import Cursor, Position, View
from beklijf_intake.domain.search.dates import EARLIEST, LATEST
from beklijf_intake.domain.search.query import Search
from beklijf_intake.domain.submission import ResourceType
from beklijf_intake.store import history, search
from beklijf_intake.store.history import Row, Stored
from beklijf_shared import db
from beklijf_shared.db import Connection

PAGE_BYTES = 8 * 1024 * 1024
"""A page ends early rather than being longer than this (one resource is always given)."""
HORIZON_MARGIN = timedelta(seconds=10)
"""How far what was received may lag behind what is stored: clocks, and the moment between reading the clock and beginning to write."""
FIRST_NUMBER_BEYOND = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """One page: what was found, whom it is about, where the next page begins, and how many there are in all, where that was asked.

    Nothing that was received before `complete_until` will be added: the next search for news may begin there. Only a first page has it.
    """

    found: Sequence[Stored]
    included: Sequence[Stored] = ()
    following: Cursor | None = None
    total: int | None = None
    complete_until: datetime | None = None


def find(connection: Connection, organisation: str, what: Search, cursor: Cursor | None, now: datetime, *, patients: bool) -> Page:
    """One page of a search. Raises Refused where counting would take too long."""
    search.limit_time(connection)
    complete = None if cursor else search.complete_until(connection, now, HORIZON_MARGIN)
    view = cursor.view if cursor else search.look(connection, now)
    sought = search.sought(connection, organisation, what)
    total = cursor.total if cursor else _total(connection, sought, view)
    if what.only_counts:
        return Page((), total=total, complete_until=complete)
    rows, following = search.page(connection, sought, view, cursor.position if cursor else None, what.count + 1)
    if len(rows) > what.count:
        rows, following = rows[:-1], rows[-2].position
    short = _within(rows)
    if len(short) < len(rows):
        rows, following = short, short[-1].position
    return Page(
        found=history.bodies(connection, rows),
        included=search.patients(connection, organisation, rows) if patients and rows else (),
        following=None if following is None else Cursor(view, following, total),
        total=total,
        complete_until=complete,
    )


def version(connection: Connection, organisation: str, type_: ResourceType, id_: str, number: int) -> Stored | None:
    """One received version (vread)."""
    return history.version(connection, organisation, type_, id_, number)


def versions_of(
    connection: Connection, organisation: str, type_: ResourceType, id_: str, *, since: datetime, cursor: Cursor | None, wanted: int
) -> Page | None:
    """One page of a resource's history, the last to arrive first; None where there is no such resource."""
    before = cursor.position.among_equals if cursor else FIRST_NUMBER_BEYOND
    read = history.versions_of(connection, organisation, type_, id_, since=since, before=before, wanted=wanted + 1)
    if not read and not history.is_there(connection, organisation, type_, id_):
        return None
    return _of_history(connection, read, wanted, View(0, 0, (), EARLIEST))


def versions_of_all(
    connection: Connection, organisation: str, type_: ResourceType, *, since: datetime, cursor: Cursor | None, wanted: int, now: datetime
) -> Page:
    """One page of the history of all resources of a type, the last to be received first."""
    search.limit_time(connection)
    complete = None if cursor else search.complete_until(connection, now, HORIZON_MARGIN)
    view = cursor.view if cursor else search.look(connection, now)
    before = cursor.position if cursor else Position(LATEST, 0)
    rows = history.versions_of_all(connection, organisation, type_, view, since=since, before=before, wanted=wanted + 1)
    return _of_history(connection, rows, wanted, view, complete)


def _of_history(connection: Connection, read: Sequence[Row], wanted: int, view: View, complete: datetime | None = None) -> Page:
    rows = _within(read[:wanted])
    following = Cursor(view, rows[-1].position, None) if rows and len(rows) < len(read) else None
    return Page(history.bodies(connection, rows), following=following, complete_until=complete)


def _within(rows: Sequence[Row]) -> list[Row]:
    """As many rows as fit on one page."""
    kept: list[Row] = []
    length = 0
    for row in rows:
        length += row.length
        if kept and length > PAGE_BYTES:
            break
        kept.append(row)
    return kept


def _total(connection: Connection, what: search.Sought, view: View) -> int | None:
    if what.search.total == "accurate" or what.search.only_counts:
        return _in_time(lambda: search.count(connection, what, view))
    return _in_time(lambda: search.estimate(connection, what, view)) if what.search.total == "estimate" else None


def _in_time(count: Callable[[], int]) -> int:
    try:
        return count()
    except db.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != search.TIMED_OUT:
            raise
    sentence = "Counting all of these takes too long. Narrow the search, or ask for _total=estimate."
    raise Refused([Problem("error", "too-costly", None, sentence, 400)])
