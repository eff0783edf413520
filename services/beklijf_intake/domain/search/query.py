"""A query read: what is asked, in which order, how much of it, and what had to be left out (FHIR R4 search).

Nothing of a query is repeated in a refusal: parameters that are not known here are told by their place in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from beklijf_intake.domain import bsn
from beklijf_intake.domain.problem import Problem, Refused, broken_rule, malformed, warning
from beklijf_intake.domain.search.criteria import Circumstances, Criterion, criterion, split
from beklijf_intake.domain.search.parameters import (
    COUNT_MAXIMUM,
    COUNT_USUAL,
    INCLUDES,
    NAMED_QUERIES,
    PARAMETERS,
    RESULT_PARAMETERS,
    SORTS,
    Parameter,
)
from beklijf_intake.domain.search.subset import Summary, asked
from beklijf_intake.domain.submission import ResourceType

PARAMETERS_MAXIMUM, ALTERNATIVES_MAXIMUM, CHAIN_MAXIMUM = 100, 500, 3
CURSOR = "_cursor"
LEFT_OUT = " It was left out."
ELSEWHERE = ("_format", "_pretty")
"""Parameters of every request, not of a search."""
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)

Total = Literal["none", "estimate", "accurate"]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """By `_lastUpdated`, `_id` or the date of the type."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """One search. `used` are the parameters that had an effect, as sent: what the self link shows; `cursor` is not among them."""

    type: ResourceType
    criteria: tuple[Criterion, ...]
    order: Order
    count: int
    total: Total
    summary: Summary
    elements: tuple[str, ...]
    include_patients: bool
    waiting: bool
    cursor: str | None
    warnings: tuple[Problem, ...]
    used: tuple[Pair, ...]

    @property
    def only_counts(self) -> bool:
        """Whether only the number is wanted."""
        return self.summary == "count" or self.count == 0


def read(pairs: Sequence[Pair], at: Circumstances, *, strict: bool = False) -> Search:
    """The search that these parameters ask for; raises Refused for what is malformed, and if `strict` for what is unknown."""
    if len(pairs) > PARAMETERS_MAXIMUM:
        raise Refused([malformed("too-costly", None, f"A query may have {PARAMETERS_MAXIMUM} parameters.")])
    if any(bsn.holds_one(alternative.partition("|")[0]) for _, value in pairs for alternative in value.split(",")):
        raise Refused([broken_rule("value", None, bsn.HELP)])
    found = _Reading(at)
    for place, (name, value) in enumerate(pairs, 1):
        found.take(place, name, value)
    if strict and found.warnings:
        raise Refused([malformed("not-supported", None, problem.sentence.removesuffix(LEFT_OUT)) for problem in found.warnings])
    return found.search()


class _Reading:
    """The parameters of one query, taken one after the other."""

    def __init__(self, at: Circumstances) -> None:
        self._at = at
        self._known = {parameter.name: parameter for parameter in PARAMETERS[at.type]}
        self._criteria: list[Criterion] = []
        self._once: dict[str, str] = {}
        self._includes = False
        self._alternatives = 0
        self._used: list[Pair] = []
        self.warnings: list[Problem] = []

    def take(self, place: int, name: str, value: str) -> None:
        """One parameter, by its place in the query."""
        stem, modifier = _parts(name)
        if name in ELSEWHERE:
            return
        if stem in self._known:
            self._criterion(self._known[stem], modifier, value)
        elif stem == "_include":
            self._include(modifier, value)
        elif stem in RESULT_PARAMETERS or stem == CURSOR:
            self._result(stem, modifier, value)
        elif modifier:  # `_has`, too: left out, it would give more than was asked for
            sentence = f"Parameter {place} of the query is a chain or has a modifier, which is not supported."
            raise Refused([malformed("not-supported", None, f"{sentence} Supported: {', '.join(self._known)}.")])
        else:
            known = f"is not supported for {self._at.type}. Supported: {', '.join(self._known)}."
            self.warnings.append(warning("not-supported", None, f"Parameter {place} of the query {known}{LEFT_OUT}"))
            return
        if stem != CURSOR:
            self._used.append((name, value))

    def search(self) -> Search:
        """All of them together."""
        summary, elements = asked(self._once, self._at.type)
        if self._includes and summary == "text":
            raise _wrong("_include", "cannot be combined with _summary=text (R4 search, 3.1.1.5.8).")
        count = self._count()
        return Search(
            type=self._at.type,
            criteria=tuple(self._criteria),
            order=self._order(),
            count=count,
            total=cast("Total", self._one_of("_total", ("none", "estimate", "accurate"), "none")),
            summary=summary,
            elements=elements,
            include_patients=self._includes,
            waiting=self._named() == "waiting",
            cursor=self._once.get(CURSOR),
            warnings=tuple(self.warnings),
            used=tuple((name, str(count)) if name == "_count" else (name, value) for name, value in self._used),
        )

    def _criterion(self, parameter: Parameter, modifier: str, value: str) -> None:
        if modifier and modifier not in parameter.modifiers:
            raise _not_supported(parameter, modifier)
        values = split(value, ",")
        self._alternatives += len(values)
        if self._alternatives > ALTERNATIVES_MAXIMUM:
            raise Refused([malformed("too-costly", None, f"A query may name {ALTERNATIVES_MAXIMUM} values in all.")])
        if not all(values):
            raise _wrong(parameter.name, "a value is missing. Leave the parameter out where nothing is asked.")
        made = criterion(parameter, modifier, values, self._at)
        if made is not None:
            self._criteria.append(made)

    def _include(self, modifier: str, value: str) -> None:
        known = INCLUDES[self._at.type]
        if modifier or value.removesuffix(":Patient") not in known:
            allowed = f"supported are {', '.join(known)}." if known else f"nothing can be included with {self._at.type}."
            raise Refused([malformed("not-supported", None, f"_include: {allowed}")])
        self._includes = True

    def _result(self, stem: str, modifier: str, value: str) -> None:
        if modifier:
            raise _wrong(stem, "takes no modifier.", "not-supported")
        if stem in self._once:
            raise _wrong(stem, "may be given once.")
        self._once[stem] = value

    def _one_of(self, name: str, allowed: Iterable[str], otherwise: str) -> str:
        value = self._once.get(name, otherwise)
        if value not in allowed:
            raise _wrong(name, f"one of {', '.join(allowed)}.")
        return value

    def _count(self) -> int:
        text = self._once.get("_count", str(COUNT_USUAL))
        if not _COUNT.fullmatch(text):
            raise _wrong("_count", "a whole number, 0 or more.")
        return min(int(text), COUNT_MAXIMUM)

    def _order(self) -> Order:
        if "_sort" not in self._once:
            return self._usual_order()
        first, *rest = [(part.removeprefix("-"), part.startswith("-")) for part in self._once["_sort"].split(",")]
        if first[0] not in SORTS[self._at.type] or (rest and rest != [("_id", first[1])]):
            raise _wrong("_sort", f"one of {', '.join(SORTS[self._at.type])}, with a minus sign for descending.", "not-supported")
        return Order(*first)

    def _usual_order(self) -> Order:
        """In the order of the date where one is asked for, so that an index serves both; else in order of receipt."""
        asked_for = next((name for name, _ in self._used if _parts(name)[0] in SORTS[self._at.type][2:]), None)
        return Order(asked_for or SORTS[self._at.type][0])

    def _named(self) -> str | None:
        known = NAMED_QUERIES.get(self._at.type, {})
        if "_query" in self._once and self._once["_query"] not in known:
            raise _wrong("_query", f"supported are {', '.join(known)}." if known else "there is no search by name here.", "not-supported")
        return self._once.get("_query")


def _parts(name: str) -> tuple[str, str]:
    """A parameter's name and its modifier; a chain counts as one."""
    stem, _, modifier = name.partition(":")
    if "." in stem:
        stem, _, chained = stem.partition(".")
        return stem, f".{chained}"
    return stem, modifier


def _not_supported(parameter: Parameter, modifier: str) -> Refused:
    if "." in modifier:
        code: Literal["too-costly", "not-supported"] = "too-costly" if modifier.count(".") > CHAIN_MAXIMUM else "not-supported"
        return Refused([malformed(code, None, f"{parameter.name}: chained parameters are not supported. Search for the patient first.")])
    allowed = ", ".join(f":{one}" for one in parameter.modifiers) or "none"
    return Refused([malformed("not-supported", None, f"{parameter.name}: this modifier is not supported. Supported: {allowed}.")])


def _wrong(name: str, sentence: str, code: Literal["value", "not-supported"] = "value") -> Refused:
    return Refused([malformed(code, None, f"{name}: {sentence}")])
