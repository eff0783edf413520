"""Criteria as conditions in SQL, on a version `v` and on the resource `r` that it is of. Values travel as parameters, always."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from beklijf_intake.domain.search.criteria import Codes, Dates, Ids, Names, Nothing, Questionnaires, Statuses, Token
from beklijf_intake.domain.search.cursor import View
from beklijf_intake.domain.search.dates import LONGEST_DAY, Asked

VISIBLE = (
    "({v}.committer < :oldest OR {v}.received_at < :settled"
    " OR ({v}.committer < :next AND {v}.committer <> ALL(CAST(:under_way AS bigint[]))))"
)
"""Whether a version was stored at the moment of the view."""
AWAITING = "EXISTS (SELECT FROM resource AS e WHERE e.id = v.awaits AND e.current IS NULL)"
"""Whether the episode that answers state has not been received (M7)."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """About one of these subjects: what `Patients` means, once looked up."""

    ids: tuple[str, ...]


Condition = Ids | Names | Subjects | Statuses | Codes | Questionnaires | Dates | Nothing


@dataclass(slots=True)
class Statement:
    """What a statement needs, as it is put together."""

    parameters: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any) -> str:
        """A new parameter with this value."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def texts(self, values: Sequence[str | None]) -> str:
        """A new parameter that is a list of texts."""
        return f"CAST({self.bind(list(values))} AS text[])"


def at(view: View) -> dict[str, Any]:
    """What `VISIBLE` needs."""
    return {"oldest": view.oldest, "next": view.next, "under_way": list(view.under_way), "settled": view.settled}


def condition(statement: Statement, one: Condition) -> str:
    """One criterion; on `r` where it is about the identifier or the patient."""
    match one:
        case Nothing():
            return "false"
        case Ids(ids):
            return f"v.resource = ANY({statement.texts(ids)})"
        case Names(tokens):
            return _any(statement, tokens, "r.system", "r.value")
        case Subjects(ids):
            return f"r.subject = ANY({statement.texts(ids)})"
        case Statuses(codes):
            return f"v.state = ANY({statement.texts(codes)})"
        case Codes(tokens):
            fits = _any(statement, tokens, "split_part(c, '|', 1)", "substr(c, strpos(c, '|') + 1)")
            return f"EXISTS (SELECT FROM unnest(v.codes) AS c WHERE {fits})"
        case Questionnaires(canonicals):
            whole = statement.texts([canonical for canonical in canonicals if "|" in canonical])
            bare = statement.texts([canonical for canonical in canonicals if "|" not in canonical])
            return f"(v.questionnaire = ANY({whole}) OR split_part(v.questionnaire, '|', 1) = ANY({bare}))"
        case Dates(of_receipt, asked):
            since, until = ("v.received_at", "v.received_at + interval '1 microsecond'") if of_receipt else ("v.since", "v.until")
            return f"({' OR '.join(_fits(statement, each, since, until) for each in asked)})"


def bounds(statement: Statement, one: Dates, *, key: str, endless: bool) -> list[str]:
    """Between which values of a key everything lies that can fit; wider than what fits, so the dates must be compared as well.

    `endless`: what is found may last arbitrarily long after it began, so its end says nothing about its beginning.
    """
    lows = [_lowest(asked, endless=endless) for asked in one.asked]
    highs = [_highest(asked) for asked in one.asked]
    found = []
    if None not in lows:
        found.append(f"{key} >= {statement.bind(min(low for low in lows if low is not None))}")
    if None not in highs:
        found.append(f"{key} < {statement.bind(max(high for high in highs if high is not None))}")
    return found


def _lowest(asked: Asked, *, endless: bool) -> datetime | None:
    if asked.prefix in ("eq", "sa"):
        return asked.since if asked.prefix == "eq" else asked.until
    if asked.prefix not in ("gt", "ge", "ap") or endless:
        return None
    begins = asked.until if asked.prefix == "gt" else asked.since
    return begins - LONGEST_DAY if begins.year > 1 else None


def _highest(asked: Asked) -> datetime | None:
    if asked.prefix in ("eq", "le", "ap"):
        return asked.until
    return asked.since if asked.prefix in ("lt", "eb") else None


def _any(statement: Statement, tokens: Sequence[Token], system: str, code: str) -> str:
    alternatives = []
    for token in tokens:
        both = ((system, token.system), (code, token.code))
        alternatives.append(" AND ".join(f"{column} = {statement.bind(value)}" for column, value in both if value is not None))
    return f"(({') OR ('.join(alternatives)}))"


def _fits(statement: Statement, asked: Asked, since: str, until: str) -> str:
    """As `Asked.fits`; a stretch without end ends after everything."""
    low, high = statement.bind(asked.since), statement.bind(asked.until)
    until = f"COALESCE({until}, 'infinity')"
    equal = f"({since} >= {low} AND {until} <= {high})"
    return {
        "eq": equal,
        "ne": f"NOT {equal}",
        "gt": f"{until} > {high}",
        "lt": f"{since} < {low}",
        "ge": f"({until} > {high} OR {equal})",
        "le": f"({since} < {low} OR {equal})",
        "sa": f"{since} >= {high}",
        "eb": f"{until} <= {low}",
        "ap": f"({since} < {high} AND {until} > {low})",
    }[asked.prefix]
