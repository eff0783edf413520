"""Bundles: a batch takes what it can, entry by entry; a transaction takes effect whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import bundle, exchange, front_door
from beklijf_intake.api.door import ROOT, Door, count_refused, door_of, location, route, sender_of
from beklijf_intake.domain import scopes
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.register import Request as Asked
from beklijf_intake.outcome import operation_outcome
from beklijf_intake.sender import Sender
from beklijf_intake.usecases import Unit, Verdict


def add(app: FastAPI) -> None:
    """Adds the route for Bundles."""
    route(app, "POST", ROOT, _bundle, "store the entries of a batch or a transaction")


async def _bundle(request: Request) -> Response:
    """A batch takes what it can, entry by entry; a transaction takes effect whole or not at all."""
    door, organisation = door_of(request), sender_of(request).organisation
    body = await exchange.body_of(request, front_door.BUNDLE_LIMIT_BYTES)
    try:
        kind, entries = await asyncio.to_thread(_read_bundle, body, door.context(organisation))
    except Refused as refused:
        await count_refused(door, Unit(organisation, refused=(refused.problems[0].code,)))
        raise
    entries = [_permitted(entry, sender_of(request)) for entry in entries]
    if kind == "transaction":
        return exchange.json_response(await _transaction(door, organisation, entries))
    units = [_unit(organisation, entry) for entry in entries]
    verdicts = await door.submit(units) if units else []
    base = door.context(organisation).base
    answers = [_entry_answer(entry, verdict, base) for entry, verdict in zip(entries, verdicts, strict=True)]
    return exchange.json_response({"resourceType": "Bundle", "type": "batch-response", "entry": answers} if answers else _empty("batch"))


def _read_bundle(body: bytes, context: ReadingContext) -> tuple[str, list[bundle.Entry]]:
    parsed = front_door.parse(body, limit=front_door.BUNDLE_LIMIT_BYTES)
    return bundle.kind_of(parsed), bundle.read_bundle(parsed, body, context)


async def _transaction(door: Door, organisation: str, entries: Sequence[bundle.Entry]) -> dict[str, Any]:
    if not entries:
        return _empty("transaction")
    problems = [problem for entry in entries for problem in entry.problems]
    if problems:
        codes = [entry.problems[0].code if entry.problems else problems[0].code for entry in entries]
        await count_refused(door, Unit(organisation, refused=tuple(codes)))
        raise Refused(problems)
    asked = tuple(request for entry in entries for request in _unit(organisation, entry).requests)
    verdict = (await door.submit([Unit(organisation, asked)]))[0]
    if isinstance(verdict, Refused):
        raise verdict
    base = door.context(organisation).base
    answers = [_entry_answer(entry, [decision], base) for entry, decision in zip(entries, verdict, strict=True)]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}


def _permitted(entry: bundle.Entry, sender: Sender) -> bundle.Entry:
    """The entry, or its refusal where the sender's scopes do not reach that far: an entry needs what the same request alone needs."""
    if entry.method is None or entry.problems:
        return entry
    try:
        need = scopes.needed(entry.method, f"/{entry.url.partition('?')[0]}")
    except LookupError:
        problem = Problem("error", "not-supported", f"Bundle.entry[{entry.index}].request", "There is nothing at this address.", 404)
        return bundle.Entry(entry.index, entry.method, entry.url, problems=(problem,))
    if scopes.is_met(need, sender.scopes):
        return entry
    sentence = f"This sender may not do that. It takes the scope {scopes.scope_for(need)}."
    problem = Problem("error", "forbidden", f"Bundle.entry[{entry.index}].request", sentence, 403)
    return bundle.Entry(entry.index, entry.method, entry.url, problems=(problem,))


def _unit(organisation: str, entry: bundle.Entry) -> Unit:
    if entry.submission is None:
        return Unit(organisation, refused=(entry.problems[0].code,))
    place = f"Bundle.entry[{entry.index}].resource"
    return Unit(organisation, (Asked(organisation, entry.submission, entry.resource_id, entry.if_none_exist, entry.if_match, place),))


def _entry_answer(entry: bundle.Entry, verdict: Verdict, base: str) -> dict[str, Any]:
    """What became of one entry. The extension says what the header Beklijf-Outcome says of a single request."""
    if entry.submission is None or isinstance(verdict, Refused):
        refused = verdict if isinstance(verdict, Refused) else Refused(entry.problems)
        return {"response": {"status": str(refused.status), "outcome": operation_outcome(refused.problems)}}
    decision = verdict[0]
    response: dict[str, Any] = {
        "extension": [{"url": f"{base}/StructureDefinition/entry-outcome", "valueCode": decision.outcome}],
        "status": "201 Created" if decision.outcome == "created" else "200 OK",
        "location": location(decision).removeprefix(f"{ROOT}/"),
        "etag": f'W/"{decision.number}"',
        "lastModified": exchange.instant_with_offset(decision.received_at),
    }
    problems = [*decision.warnings, *entry.submission.received.warnings]
    return {"response": {**response, "outcome": operation_outcome(problems)} if problems else response}


def _empty(kind: str) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": f"{kind}-response"}
