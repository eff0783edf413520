"""Conditional requests (M13): which resource a condition means, by its identifier, or by whatever else can be searched for.

A condition by identifier alone needs no search: it is looked up with everything else that a request is about. Any other is a search
that must find one resource at most; it is made when whoever else stores something about the same patient has to wait. It must name
an identifier, an id or a patient: then the few resources it can be about are found by an index, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from beklijf_intake.domain import bsn
from beklijf_intake.domain.problem import Refused, broken_rule, malformed
from beklijf_intake.domain.reading.criteria import names_in
from beklijf_intake.domain.search import query
from beklijf_intake.domain.search.criteria import Circumstances, Ids, Names, Nothing, Patients, Token
from beklijf_intake.domain.search.parameters import PARAMETERS
from beklijf_intake.domain.search.query import Search
from beklijf_intake.domain.submission import Name

PARAMETERS_MAXIMUM = 20
SELECTIVE = "A condition names an identifier, an _id or a patient, so that it can only be about few resources."


@dataclass(frozen=True, slots=True)
class Condition:
    """What a request depends on: the resources of these names, or what a search finds (at most one of both)."""

    named: tuple[Name, ...] = ()
    search: Search | None = None


UNCONDITIONAL = Condition()


def read(text: str, name: Name, at: Circumstances) -> Condition:
    """The condition of storing the resource of that name, percent-encoded or not; raises Refused (400 what is none, 422 another's name)."""
    text = text.removeprefix("?")
    named = names_in(text)
    if named is not None:
        if name not in named:
            raise _another()
        return Condition(named)
    asked = _search(text, at)
    if not any(_leads(one) for one in asked.criteria):
        raise Refused([malformed("too-costly", None, SELECTIVE)])
    if not all(_fits(one.tokens, name) for one in asked.criteria if isinstance(one, Names)):
        raise _another()
    return Condition(search=asked)


def _search(text: str, at: Circumstances) -> Search:
    if not text:
        raise _none()
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=PARAMETERS_MAXIMUM)
    except ValueError:
        raise _none() from None
    for one, value in pairs:
        if bsn.holds_one(one) or bsn.holds_one(f"identifier={value}" if "identifier" in one else value):
            raise Refused([bsn.refusal("")])
    known = {parameter.name for parameter in PARAMETERS[at.type]}
    if any(one.partition(":")[0] not in known for one, _ in pairs):
        sentence = f"A condition may use what {at.type} can be searched by: {', '.join(sorted(known))}."
        raise Refused([malformed("not-supported", None, sentence)])
    return query.read(pairs, at, strict=True)


def _leads(one: object) -> bool:
    """Whether a criterion is about few resources; `system|` alone, any identifier of a system, is not."""
    return isinstance(one, Ids | Patients | Nothing) or (isinstance(one, Names) and all(token.code is not None for token in one.tokens))


def _fits(tokens: Iterable[Token], name: Name) -> bool:
    return any(token.system in (None, name.system) and token.code in (None, name.value) for token in tokens)


def _none() -> Refused:
    return Refused([malformed("value", None, "A condition is a query: <parameter>=<value>, with & between several.")])


def _another() -> Refused:
    return Refused([broken_rule("business-rule", None, "The condition must name the identifier of the resource that is sent.")])
