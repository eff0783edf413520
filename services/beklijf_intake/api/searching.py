"""Searching: GET with a query, or POST with the same parameters as a form, which keeps pseudonyms out of addresses and logs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange, queries
from beklijf_intake.api import lists
from beklijf_intake.api.door import ROOT, TYPES, door_of, route, sender_of
from beklijf_intake.domain import bsn
from beklijf_intake.domain.problem import Problem, Refused, warning
from beklijf_intake.domain.search import cursor, query
from beklijf_intake.domain.search.criteria import Circumstances
from beklijf_intake.domain.search.parameters import INCLUDES, PARAMETERS, RESULT_PARAMETERS
from beklijf_intake.domain.search.subset import kept
from beklijf_intake.domain.submission import ResourceType
from beklijf_intake.store.search import SETTLED_AFTER

NOT_INCLUDED = warning("suppressed", None, "Patients are not included: that takes the scope system/Patient.r or system/Patient.s.")


def add(app: FastAPI) -> None:
    """Adds both ways to search, for each of the four resources."""
    for type_ in TYPES:
        known = {**{parameter.name: parameter.says for parameter in PARAMETERS[type_]}, **RESULT_PARAMETERS}
        if not INCLUDES[type_]:
            known = {name: says for name, says in known.items() if name != "_include"}
        route(app, "GET", f"{ROOT}/{type_}", partial(_search, type_), f"search {type_}", parameters=known)
        route(
            app, "POST", f"{ROOT}/{type_}/_search", partial(_search, type_), f"search {type_}", parameters=known, takes=exchange.FORM_TYPES
        )


def circumstances(type_: ResourceType, request: Request) -> Circumstances:
    """Where and when something is asked."""
    door, organisation = door_of(request), sender_of(request).organisation
    context = door.context(organisation)
    return Circumstances(type_, organisation, f"{door.address}/", context.zone, context.now)


async def _search(type_: ResourceType, request: Request) -> Response:
    door, sender = door_of(request), sender_of(request)
    encoded = request.scope["query_string"]
    if request.method == "POST":
        encoded = b"&".join(part for part in (encoded, await exchange.body_of(request, exchange.FORM_LIMIT_BYTES)) if part)
    pairs = exchange.pairs_of(encoded, query.PARAMETERS_MAXIMUM)
    gate = door.context(sender.organisation).gate
    if gate is not None:  # who is asked for by a local identifier is kept under its pseudonym
        pairs = await asyncio.to_thread(gate.cleared_pairs, pairs)
    _refuse_numbers(pairs)
    at, strict = circumstances(type_, request), exchange.preference(request).strict
    what = query.read(pairs, at, strict=strict)
    base, place = f"{door.address}/{type_}", None
    if what.cursor is not None:
        goes_with = lists.goes_with(base, what.used, sender.organisation)
        place = cursor.of_text(what.cursor, goes_with, by_id=what.order.name == "_id")
        what = query.read(pairs, replace(at, now=place.view.settled + SETTLED_AFTER), strict=strict)  # `ap` means the same on all pages
    patients = what.include_patients and any(sender.scopes.allows("Patient", letter) for letter in ("r", "s"))
    page = await door.ask(lambda connection: queries.find(connection, sender.organisation, what, place, at.now, patients=patients))
    entries = [
        *lists.matches(type_, page.found, door.address, "match", kept(type_, what.summary, what.elements)),
        *lists.matches("Patient", page.included, door.address, "include", kept("Patient", what.summary, ())),
        *lists.told(_warnings(what, patients=patients)),
    ]
    links = lists.links(base, what.used, sender.organisation, page.following, at=what.cursor)
    return exchange.json_response(lists.bundle("searchset", page, entries, links))


def _refuse_numbers(pairs: Iterable[tuple[str, str]]) -> None:
    """A citizen service number is no way to ask for anybody either; links to further pages would repeat it."""
    for name, value in pairs:
        text = f"identifier={value}" if "identifier" in name else value  # the value of an identifier of another system is spared
        if bsn.holds_one(name) or bsn.holds_one(text):
            raise Refused([bsn.refusal("")])


def _warnings(what: query.Search, *, patients: bool) -> list[Problem]:
    return [*what.warnings, *([NOT_INCLUDED] if what.include_patients and not patients else [])]
