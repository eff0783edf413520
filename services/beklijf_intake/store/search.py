"""Searches in SQL: one page at a time, always by an index, at a cost that does not grow with what is stored.

A search walks the list of versions in the order asked for and keeps those that were current at the moment of its first page (`View`);
so no page skips or repeats anything, whoever writes meanwhile. It looks at no more than `BUDGET` versions a page: a page may come
short, and the next one goes on where it ended. Where ids, identifiers or patients are named, these few lead the way instead.
"""

# ruff: noqa: S608 statements are put together from the fragments that stand here; values are always parameters

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from beklijf_intake.domain.search.criteria import Dates, Ids, Names, Nothing, Patients, Token
from beklijf_intake.domain.search.cursor import Position, View
from beklijf_intake.domain.search.query import Search
from beklijf_intake.domain.submission import Name
from beklijf_intake.store.conditions import AWAITING, VISIBLE, Condition, Statement, Subjects, at, bounds, condition
from beklijf_intake.store.history import Row, Stored
from beklijf_intake.store.raw import KINDS
from beklijf_shared.db import Connection

BUDGET = 5_000
"""How many versions one page looks at before it says: go on from here."""
SETTLED_AFTER = timedelta(hours=1)
"""No transaction lasts as long: what was received before was stored before, also where numbers of transactions say nothing any more
(in a database restored from a dump, which counts them anew)."""
ESTIMATED_FROM = 10_000
TIMEOUT, TIMED_OUT = "10s", "57014"

LIMITED = text(f"""
SELECT set_config('statement_timeout', '{TIMEOUT}', true), set_config('plan_cache_mode', 'force_custom_plan', true)
""")
PLANNED = text("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
NAMED = text("SELECT system, value FROM resource WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id")
OLDEST_TRANSACTION = text("""
SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
""")
LOOK = text("SELECT CAST(pg_current_snapshot() AS text)")
SUBJECTS = text("""
SELECT s.id FROM unnest(CAST(:systems AS text[]), CAST(:values AS text[])) AS named(system, value) JOIN subject AS s USING (system, value)
UNION SELECT subject FROM resource
WHERE id = ANY(CAST(:ids AS text[])) AND organisation = :organisation AND type = 'Patient' AND current IS NOT NULL
""")
PATIENTS = text("""
SELECT p.id, v.number, v.received_at, v.body
FROM (
  SELECT DISTINCT p.id, p.current FROM unnest(CAST(:resources AS text[])) AS wanted(id)
  CROSS JOIN LATERAL (SELECT subject FROM resource WHERE id = wanted.id OFFSET 0) AS r
  CROSS JOIN LATERAL (
    SELECT id, current FROM resource
    WHERE subject = r.subject AND organisation = :organisation AND type = 'Patient' AND current IS NOT NULL OFFSET 0
  ) AS p
) AS p
CROSS JOIN LATERAL (SELECT * FROM version WHERE resource = p.id AND number = p.current OFFSET 0) AS v ORDER BY p.id
""")
# The version that was current at that moment: the last one shown, for one that is outranked on arrival is never shown (M11, M14).
# A subquery for each row, not a join: so that it is one look into an index, whatever the planner expects.
_CURRENT = f"""COALESCE((
  SELECT false FROM version AS w WHERE w.resource = v.resource AND w.number > v.number AND w.shown AND {VISIBLE.format(v="w")} LIMIT 1
), true)"""
_ROW = "v.resource, v.number, v.received_at, v.arrival, v.since, octet_length(v.body) AS length"
_COLUMNS = (
    "resource, number, received_at, arrival, since, until, questionnaire, state, codes, awaits, shown, committer, kind, organisation, body"
)
_HELD_AS = "CROSS JOIN LATERAL (SELECT system, value, subject FROM resource WHERE id = v.resource OFFSET 0) AS r"
_VERSIONS = f"CROSS JOIN LATERAL (SELECT {_COLUMNS} FROM version WHERE resource = r.id AND shown OFFSET 0) AS v"


@dataclass(frozen=True, slots=True)
class Sought:
    """A search as the tables know it; made by `sought`."""

    organisation: str
    search: Search
    conditions: tuple[Condition, ...]

    @property
    def key(self) -> str:
        """What the order is by."""
        return {"_id": "v.resource", "_lastUpdated": "v.received_at"}.get(self.search.order.name, "v.since")

    @property
    def tie(self) -> str:
        """What decides between equal ones."""
        return "v.number" if self.search.order.name == "_id" else "v.arrival"

    @property
    def sorted(self) -> str:
        """The order."""
        arrow = "DESC" if self.search.order.descending else "ASC"
        return f"ORDER BY {self.key} {arrow}, {self.tie} {arrow}"

    @property
    def leader(self) -> Condition | None:
        """What few resources it can be about, where it says so: an id before an identifier before a patient."""
        for kind in (Nothing, Ids, Names, Subjects):
            for one in self.conditions:
                if isinstance(one, kind) and not (isinstance(one, Names) and any(token.code is None for token in one.tokens)):
                    return one
        return None

    def statement(self, view: View) -> Statement:
        """A statement that knows the view and the list."""
        return Statement({**at(view), "organisation": self.organisation, "kind": KINDS[self.search.type], "type": self.search.type})


def look(connection: Connection, now: datetime) -> View:
    """The moment that this is: which transactions are over."""
    oldest, following, under_way = str(connection.execute(LOOK).scalar_one()).split(":")
    return View(int(oldest), int(following), tuple(int(one) for one in under_way.split(",") if one), now - SETTLED_AFTER)


def complete_until(connection: Connection, now: datetime, margin: timedelta) -> datetime:
    """Before which instant of receipt nothing can be added any more: before the oldest transaction that is under way began.

    To be asked before `look`: a transaction that ends between the two is then in the view.
    """
    oldest = connection.execute(OLDEST_TRANSACTION).scalar_one()
    return min(now, oldest or now) - margin


def limit_time(connection: Connection) -> None:
    """Ends every statement of this transaction that takes longer than a reader would wait, and plans each for what it asks.

    A plan made for any limit and any position would be made for too many rows.
    """
    connection.execute(LIMITED)


def sought(connection: Connection, organisation: str, search: Search) -> Sought:
    """Looks up whom the patients of a search stand for. One who is not known here stands for nobody."""
    conditions: list[Condition] = []
    for one in search.criteria:
        if isinstance(one, Patients):
            names = {"systems": [name.system for name in one.names], "values": [name.value for name in one.names]}
            found = connection.execute(SUBJECTS, {**names, "ids": list(one.ids), "organisation": organisation})
            conditions.append(Subjects(tuple(found.scalars())))
        else:
            conditions.append(one)
    return Sought(organisation, search, tuple(conditions))


def page(connection: Connection, what: Sought, view: View, after: Position | None, wanted: int) -> tuple[list[Row], Position | None]:
    """Up to `wanted` resources behind a position, and where to go on if the page ended before the search did."""
    statement = what.statement(view)
    sql = f"{_source(statement, what, after)} {what.sorted} LIMIT {statement.bind(wanted)}"
    rows = [_row(what, row) for row in connection.execute(text(sql), statement.parameters)]
    if len(rows) == wanted:
        return rows, rows[-1].position
    return rows, None if what.leader else _end_of_budget(connection, what, after, rows)


def names(connection: Connection, organisation: str, search: Search, now: datetime, most: int) -> list[Name]:
    """The identifiers of what a search finds at this moment, up to `most`. The search must be about few: it is not limited in time."""
    connection.execute(PLANNED)
    rows, _ = page(connection, sought(connection, organisation, search), look(connection, now), None, most)
    found = connection.execute(NAMED, {"ids": [row.resource for row in rows]})
    return [Name(row.system, row.value) for row in found]


def count(connection: Connection, what: Sought, view: View, *, at_most: int | None = None) -> int:
    """How many resources a search finds, or `at_most`, where that is given and there are more."""
    statement = what.statement(view)
    source = _source(statement, what, None, budget=False)
    limit = "" if at_most is None else f"LIMIT {statement.bind(at_most)}"
    return int(connection.execute(text(f"SELECT count(*) FROM ({source} {limit}) AS found"), statement.parameters).scalar_one())


def estimate(connection: Connection, what: Sought, view: View) -> int:
    """About how many resources a search finds: exact up to ten thousand, beyond as the planner expects."""
    exact = count(connection, what, view, at_most=ESTIMATED_FROM)
    if exact < ESTIMATED_FROM:
        return exact
    statement = what.statement(view)
    source = _source(statement, what, None, budget=False)
    plan = connection.execute(text(f"EXPLAIN (FORMAT JSON) {source}"), statement.parameters).scalar_one()
    return max(exact, int(plan[0]["Plan"]["Plan Rows"]))


def patients(connection: Connection, organisation: str, rows: Sequence[Row]) -> list[Stored]:
    """The Patients whom these are about, as far as they were received."""
    found = connection.execute(PATIENTS, {"resources": [row.resource for row in rows], "organisation": organisation})
    return [Stored(row.id, row.number, row.received_at, bytes(row.body)) for row in found]


def _row(what: Sought, row: Any) -> Row:
    name = what.search.order.name
    key = row.resource if name == "_id" else row.received_at if name == "_lastUpdated" else row.since
    position = Position(key, row.number if name == "_id" else row.arrival)
    return Row(row.resource, row.number, row.received_at, position, row.length)


def _source(statement: Statement, what: Sought, after: Position | None, *, budget: bool = True) -> str:
    """The statement without its order and limit."""
    behind = _behind(statement, what, after)
    conditions = ["v.kind = :kind", "v.organisation = :organisation", "v.shown"]
    if what.leader is None:
        limit = f"{what.sorted} LIMIT {statement.bind(BUDGET)}" if budget else ""
        source = f"(SELECT {_COLUMNS} FROM version AS v WHERE {' AND '.join(_walked(statement, what, behind))} {limit}) AS v"
        source += f" {_HELD_AS}" if any(isinstance(one, Names) for one in what.conditions) else ""
    else:
        source = f"({_led_by(statement, what.leader)}) AS r {_VERSIONS}"
        conditions += behind
    conditions += [condition(statement, one) for one in what.conditions]
    conditions += [AWAITING] if what.search.waiting else []
    return f"SELECT {_ROW} FROM {source} WHERE {' AND '.join([*conditions, VISIBLE.format(v='v'), _CURRENT])}"


def _behind(statement: Statement, what: Sought, after: Position | None) -> list[str]:
    if after is None:
        return []
    sign = "<" if what.search.order.descending else ">"
    return [f"({what.key}, {what.tie}) {sign} ({statement.bind(after.key)}, {statement.bind(after.among_equals)})"]


def _walked(statement: Statement, what: Sought, behind: list[str]) -> list[str]:
    """What an index answers: nothing else may stand where the budget counts."""
    name = what.search.order.name
    if name == "_id":
        return behind or ["true"]
    conditions = ["v.kind = :kind", "v.organisation = :organisation", *behind]
    if name != "_lastUpdated":
        conditions += ["v.shown", "v.since IS NOT NULL"]
    elif what.search.waiting:
        conditions.append("v.awaits IS NOT NULL")
    for one in what.conditions:
        if isinstance(one, Dates) and one.of_receipt == (name == "_lastUpdated"):
            endless = what.search.type == "EpisodeOfCare" and not one.of_receipt
            conditions += bounds(statement, one, key=what.key, endless=endless)
    return conditions


def _end_of_budget(connection: Connection, what: Sought, after: Position | None, rows: Sequence[Row]) -> Position | None:
    """Where the walk of a short page ended, if it was the budget that ended it.

    What was stored since then may have moved that place forward, but never beyond what is on the page.
    """
    statement = Statement({"organisation": what.organisation, "kind": KINDS[what.search.type]})
    walked = " AND ".join(_walked(statement, what, _behind(statement, what, after)))
    sql = f"""
SELECT {what.key} AS key, {what.tie} AS among_equals FROM version AS v WHERE {walked}
{what.sorted} OFFSET {statement.bind(BUDGET - 1)} LIMIT 1"""
    last = connection.execute(text(sql), statement.parameters).one_or_none()
    if last is None:
        return None
    ends = [Position(last.key, last.among_equals), *(row.position for row in rows[-1:])]
    furthest = min if what.search.order.descending else max
    return furthest(ends, key=lambda position: (position.key, position.among_equals))


def _led_by(statement: Statement, leader: Condition) -> str:
    """The few resources that a search names."""
    kept = "organisation = :organisation AND type = :type"
    match leader:
        case Ids(ids):
            return f"SELECT * FROM resource WHERE id = ANY({statement.texts(ids)}) AND {kept} OFFSET 0"
        case Names(tokens):
            return _named(statement, tokens, kept)
        case Subjects(ids):
            return f"SELECT * FROM resource WHERE subject = ANY({statement.texts(ids)}) AND {kept} OFFSET 0"
        case _:
            return "SELECT * FROM resource WHERE false"


def _named(statement: Statement, tokens: Sequence[Token], kept: str) -> str:
    """The resources with these identifiers. For a value of any system, the few systems in use are found by skipping through the index."""
    exact = [token for token in tokens if token.system is not None]
    of_any = statement.texts([token.code for token in tokens if token.system is None])
    return f"""
WITH RECURSIVE used(system) AS (
  (SELECT system FROM resource WHERE {kept} AND cardinality({of_any}) > 0 ORDER BY system LIMIT 1)
  UNION ALL
  SELECT (SELECT system FROM resource WHERE {kept} AND system > used.system ORDER BY system LIMIT 1) FROM used WHERE used.system IS NOT NULL
), wanted(system, value) AS (
  SELECT * FROM unnest({statement.texts([one.system for one in exact])}, {statement.texts([one.code for one in exact])})
  UNION SELECT used.system, given.value FROM used, unnest({of_any}) AS given(value)
)
SELECT r.* FROM wanted
CROSS JOIN LATERAL (SELECT * FROM resource WHERE {kept} AND system = wanted.system AND value = wanted.value OFFSET 0) AS r"""
