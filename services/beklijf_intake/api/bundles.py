"""Bundles: a batch takes what it can, entry by entry; a transaction takes effect whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import bundle, exchange, front_door
from beklijf_intake.api import reads
from beklijf_intake.api.door import ROOT, Current, Door, count_refused, door_of, location, receipt_headers, route, sender_of
from beklijf_intake.domain import scopes
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.receipt import Delivery
from beklijf_intake.domain.register import Decision
from beklijf_intake.domain.register import Request as Asked
from beklijf_intake.outcome import operation_outcome
from beklijf_intake.senders.sender import Sender
from beklijf_intake.usecases import Unit, Verdict
from beklijf_intake.writer import Unavailable

ORDER = {"POST": 0, "PUT": 1}
"""In which order a transaction's entries take effect, whatever their order in the Bundle."""


def add(app: FastAPI) -> None:
    """Adds the route for Bundles."""
    route(app, "POST", ROOT, _bundle, "store the entries of a batch or a transaction")


async def _bundle(request: Request) -> Response:
    """A batch takes what it can, entry by entry; a transaction takes effect whole or not at all."""
    door, caller = door_of(request), sender_of(request)
    organisation = caller.organisation
    exchange.parameters_ignored(request, ())
    body = await exchange.body_of(request, front_door.BUNDLE_LIMIT_BYTES)
    try:
        kind, entries = await asyncio.to_thread(_read_bundle, body, door.context(organisation, caller.unversioned), f"{door.address}/")
    except Refused as refused:
        await count_refused(door, Unit(organisation, refused=(refused.problems[0].code,)))
        raise
    entries = [_permitted(entry, sender_of(request)) for entry in entries]
    storing = [entry for entry in entries if not entry.reads]
    delivery = door.deliver("bundle", len(storing))
    try:
        verdicts = await (_transaction if kind == "transaction" else _batch)(door, organisation, storing, delivery)
    except Refused as refused:
        allowed = {"Allow": "POST"} if refused.status == 405 else {}
        return exchange.outcome_response(refused.problems, {**receipt_headers(delivery), **allowed})
    answering = Answering(exchange.preference(request).wanted, door.context(organisation).base, await _wanted(request, door, verdicts))
    stored, reading = iter(zip(storing, verdicts, strict=True)), reads.Reads(request)
    answers = [await reading.answer(entry) if entry.reads else answering.entry(*next(stored)) for entry in entries]
    bare: dict[str, Any] = {"resourceType": "Bundle", "type": f"{kind}-response", **({"entry": answers} if answers else {})}
    if not storing:
        return exchange.json_response(bare)
    headers = receipt_headers(delivery)
    link = [{"relation": "describedby", "url": headers["Beklijf-Receipt"]}]
    return exchange.json_response({**bare, "link": link}, headers=headers)


def _read_bundle(body: bytes, context: ReadingContext, address: str) -> tuple[str, list[bundle.Entry]]:
    gate = context.gate
    if gate is not None:
        body = gate.cleared(body, front_door.BUNDLE_LIMIT_BYTES)
    parsed = front_door.parse(body, limit=front_door.BUNDLE_LIMIT_BYTES)
    return bundle.kind_of(parsed), bundle.read_bundle(parsed, body, context, address)


async def _batch(door: Door, organisation: str, entries: Sequence[bundle.Entry], delivery: Delivery) -> list[Verdict]:
    """What became of each entry by itself, in the order of the Bundle: what fails for one says nothing about the others."""
    asked = [door.submit([_unit(organisation, entry, delivery)]) for entry in entries]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if failed and len(failed) == len(outcomes):
        raise failed[0]
    return [_failed(outcome, index) if isinstance(outcome, BaseException) else outcome[0] for index, outcome in enumerate(outcomes)]


def _failed(error: BaseException, index: int) -> Refused:
    """What is told of an entry that could not be judged, among others that were."""
    at = f"Bundle.entry[{index}]"
    if isinstance(error, Unavailable):
        return Refused([Problem("error", "transient", at, "This entry is not known to be stored. Send the same again later.", 503)])
    return Refused([Problem("fatal", "exception", at, "The registry failed on this entry. The fault is ours and is logged.", 500)])


async def _transaction(door: Door, organisation: str, entries: Sequence[bundle.Entry], delivery: Delivery) -> list[Verdict]:
    """What became of each entry, all being one unit: creates before updates, as FHIR R4 says (http, transactions)."""
    if not entries:
        return []
    problems = [problem for entry in entries for problem in entry.problems]
    if problems:
        codes = [entry.problems[0].code if entry.problems else problems[0].code for entry in entries]
        await count_refused(door, Unit(organisation, refused=tuple(codes), delivery=delivery))
        raise Refused(problems)
    order = sorted(range(len(entries)), key=lambda index: ORDER[entries[index].method or ""])
    asked = tuple(request for index in order for request in _unit(organisation, entries[index], delivery).requests)
    searches = any(request.search is not None for request in asked)
    verdict = (await door.submit([Unit(organisation, asked, delivery=delivery, searches=searches)]))[0]
    if isinstance(verdict, Refused):
        raise verdict
    decided = dict(zip(order, verdict, strict=True))
    return [[decided[index]] for index in range(len(entries))]


def _permitted(entry: bundle.Entry, sender: Sender) -> bundle.Entry:
    """The entry, or its refusal where the sender's scopes do not reach that far: an entry needs what the same request alone needs."""
    if entry.method is None or entry.problems or entry.reads:  # a read is permitted or not where it is answered
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


def _unit(organisation: str, entry: bundle.Entry, delivery: Delivery) -> Unit:
    if entry.submission is None:
        return Unit(organisation, refused=(entry.problems[0].code,), delivery=delivery)
    place = f"Bundle.entry[{entry.index}].resource"
    known = entry.condition
    how = (entry.resource_id, entry.if_none_exist, entry.if_match, place, known.named, known.search)
    return Unit(organisation, (Asked(organisation, entry.submission, *how),), delivery=delivery, searches=known.search is not None)


async def _wanted(request: Request, door: Door, verdicts: Sequence[Verdict]) -> Mapping[str, Current]:
    """The current versions of all that was stored, by id, where `Prefer: return=representation` asks for them."""
    if exchange.preference(request).wanted != "representation":
        return {}
    sender = sender_of(request)  # what is current need not be what was just sent, so showing it is a read
    decisions = [verdict[0] for verdict in verdicts if not isinstance(verdict, Refused)]
    ids = [decision.id for decision in decisions if sender.scopes.allows(decision.type, "r")]
    return await door.fetch_all(sender.organisation, ids)


@dataclass(frozen=True, slots=True)
class Answering:
    """How entries are answered: what the sender prefers, the base of our canonicals, and the resources to give back."""

    wanted: exchange.Return | None
    base: str
    stored: Mapping[str, Current]

    def entry(self, entry: bundle.Entry, verdict: Verdict) -> dict[str, Any]:
        """What became of one entry. The extension says what the header Beklijf-Outcome says of a single request."""
        if entry.submission is None or isinstance(verdict, Refused):
            refused = verdict if isinstance(verdict, Refused) else Refused(entry.problems)
            return {"response": {"status": str(refused.status), "outcome": operation_outcome(refused.problems)}}
        decision = verdict[0]
        response: dict[str, Any] = {
            "extension": [{"url": f"{self.base}/StructureDefinition/entry-outcome", "valueCode": decision.outcome}],
            "status": "201 Created" if decision.outcome == "created" else "200 OK",
            "location": location(decision),
            "etag": f'W/"{decision.number}"',
            "lastModified": exchange.instant_with_offset(decision.received_at),
        }
        problems = [*decision.warnings, *entry.submission.received.warnings]
        if self.wanted == "OperationOutcome" or (problems and self.wanted != "minimal"):
            response["outcome"] = operation_outcome(problems)
        return self._resource(decision) | {"response": response}

    def _resource(self, decision: Decision) -> dict[str, Any]:
        found = self.stored.get(decision.id)
        return {} if found is None else {"resource": msgspec.Raw(exchange.stamped(found[0], decision.id, found[1], found[2]))}
