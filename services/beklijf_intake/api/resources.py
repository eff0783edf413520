"""One resource at a time: create, update. From bytes to a verdict and back; decides nothing.

2xx leaves only after the commit: the writer's answer is awaited inside each handler (design, section 6.4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange, front_door, receive
from beklijf_intake.api.door import ROOT, TYPES, Door, count_refused, door_of, id_of, location, route, sender_of
from beklijf_intake.api.searching import circumstances
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.reading.context import Gate
from beklijf_intake.domain.register import Decision
from beklijf_intake.domain.register import Request as Asked
from beklijf_intake.domain.search import condition
from beklijf_intake.domain.search.condition import UNCONDITIONAL
from beklijf_intake.domain.search.criteria import Circumstances
from beklijf_intake.domain.submission import ResourceType, Submission
from beklijf_intake.outcome import operation_outcome
from beklijf_intake.usecases import Unit


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the address and the headers of a request ask, before its body is read."""

    resource_id: str | None = None
    if_none_exist: bool = False
    criteria: str | None = None
    if_match: int | None = None

    def of(self, organisation: str, submission: Submission, at: Callable[[], Circumstances]) -> Asked:
        """The request for this submission; raises Refused where the condition is none, or names something else."""
        known = UNCONDITIONAL if self.criteria is None else condition.read(self.criteria, submission.received.name, at())
        asked = (self.resource_id, self.if_none_exist, self.if_match)
        return Asked(organisation, submission, *asked, named=known.named, search=known.search)


def add(app: FastAPI) -> None:
    """Adds the routes of the four resources that hospitals send."""
    for type_ in sorted(TYPES, key=lambda each: each != "QuestionnaireResponse"):  # the one that comes most is matched first
        route(app, "POST", f"{ROOT}/{type_}", partial(_create, type_), f"create {type_}, or update the one with this identifier")
        route(app, "PUT", f"{ROOT}/{type_}", partial(_conditional_update, type_), f"create or update the {type_} with this identifier")
        route(app, "PUT", f"{ROOT}/{type_}/{{id}}", partial(_update, type_), f"update {type_}")


async def _create(type_: ResourceType, request: Request) -> Response:
    condition = request.headers.get("if-none-exist")
    asked = Conditions(if_none_exist=condition is not None, criteria=condition)
    return await _store(request, type_, asked, exchange.parameters_ignored(request, ()))


async def _conditional_update(type_: ResourceType, request: Request) -> Response:
    return await _store(request, type_, Conditions(criteria=exchange.query_of(request)))


async def _update(type_: ResourceType, request: Request) -> Response:
    return await _store(request, type_, Conditions(resource_id=id_of(request)), exchange.parameters_ignored(request, ()))


async def _store(request: Request, type_: ResourceType, conditions: Conditions, ignored: Sequence[Problem] = ()) -> Response:
    """One resource, from bytes to an answer after its commit; what cannot be read is counted as refused."""
    door, caller = door_of(request), sender_of(request)
    organisation = caller.organisation
    conditions = replace(conditions, if_match=exchange.if_match(request))
    body = await exchange.body_of(request, front_door.RESOURCE_LIMIT_BYTES)
    try:
        context = door.context(organisation, caller.unversioned)
        if context.gate is None:
            submission = receive.read(body, context, type=type_, id=conditions.resource_id)
        else:  # which asks the database, so not in this thread
            submission = await asyncio.to_thread(receive.read, body, context, type=type_, id=conditions.resource_id)
            conditions = await asyncio.to_thread(_cleared, conditions, context.gate)
        asked = conditions.of(organisation, submission, partial(circumstances, type_, request))
    except Refused as refused:
        await count_refused(door, Unit(organisation, refused=(refused.problems[0].code,)))
        raise
    verdict = (await door.submit([Unit(organisation, (asked,), searches=asked.search is not None)]))[0]
    if isinstance(verdict, Refused):
        raise verdict
    decision = verdict[0]
    return await _answer(request, door, organisation, decision, [*decision.warnings, *submission.received.warnings, *ignored])


def _cleared(conditions: Conditions, gate: Gate) -> Conditions:
    return replace(conditions, criteria=None if conditions.criteria is None else gate.cleared_criteria(conditions.criteria))


async def _answer(request: Request, door: Door, organisation: str, decision: Decision, problems: Sequence[Problem]) -> Response:
    status = 201 if decision.outcome == "created" else 200
    # 200 is the answer to an update and to a repeat alike; a sender that counts what it sent needs to know which it was.
    said = {"Location": f"{door.address}/{location(decision)}", "Beklijf-Outcome": decision.outcome}
    headers = {**exchange.version_headers(decision.number, decision.received_at), **said}
    wanted = exchange.preference(request).wanted
    # what is current need not be what was just sent, so showing it is a read
    if wanted == "representation" and sender_of(request).scopes.allows(decision.type, "r"):
        current = await door.fetch(organisation, decision.type, decision.id)
        if current is not None:
            return exchange.json_response(exchange.stamped(current[0], decision.id, current[1], current[2]), status, headers)
    if wanted == "OperationOutcome" or (problems and wanted is None):
        return exchange.json_response(operation_outcome(problems), status, headers)
    return Response(b"", status, headers)
