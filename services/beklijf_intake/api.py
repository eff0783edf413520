"""The FHIR door: routes, from bytes to a verdict and back. Decides nothing; every answer is FHIR, also when something is wrong.

2xx leaves only after the commit: the writer's answer is awaited inside each handler (design, section 6.4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from beklijf_intake import bundle, exchange, fhir, front_door, sender
from beklijf_intake.domain.primitives import is_id
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.reading.criteria import check_names
from beklijf_intake.domain.register import Decision
from beklijf_intake.domain.register import Request as Asked
from beklijf_intake.domain.submission import ResourceType, Submission
from beklijf_intake.outcome import operation_outcome
from beklijf_intake.statement import capability_statement
from beklijf_intake.usecases import Unit, Verdict
from beklijf_intake.writer import RETRY_AFTER_SECONDS, Unavailable
from beklijf_shared import http
from beklijf_shared.telemetry import Log, Logger

ROOT = "/fhir"
TYPES: tuple[ResourceType, ...] = get_args(ResourceType)

# A resource's bytes, version number and receipt, as the store has them.
Current = tuple[bytes, int, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes need, put in by the composition root."""

    senders: sender.Senders
    context: Callable[[str], ReadingContext]
    submit: Callable[[Sequence[Unit]], Awaitable[list[Verdict]]]
    fetch: Callable[[str, str, str], Awaitable[Current | None]]
    log: Logger


def application() -> FastAPI:
    """The routes; `app.state.door` must be set before the first request."""
    app = http.application("Beklijf intake: FHIR R4")
    app.add_middleware(exchange.AddressGate)
    for type_ in sorted(TYPES, key=lambda each: each != "QuestionnaireResponse"):  # the one that comes most is matched first
        _route(app, "POST", f"{ROOT}/{type_}", partial(_create, type_), f"create {type_}, or update the one with this identifier")
        _route(app, "PUT", f"{ROOT}/{type_}", partial(_conditional_update, type_), f"create or update the {type_} with this identifier")
        _route(app, "PUT", f"{ROOT}/{type_}/{{id}}", partial(_update, type_), f"update {type_}")
        _route(app, "GET", f"{ROOT}/{type_}/{{id}}", partial(_read, type_), f"read the current version of {type_}")
    _route(app, "POST", ROOT, _bundle, "store the entries of a batch or a transaction")
    _route(app, "GET", f"{ROOT}/metadata", _metadata, "say what is supported (CapabilityStatement)")
    _handle_errors(app)
    return app


def _route(app: FastAPI, method: str, path: str, answer: Callable[[Request], Awaitable[Response]], summary: str) -> None:
    name = f"{method.lower()}_{path.strip('/').replace('/', '_').replace('{', '').replace('}', '')}"

    async def endpoint(request: Request) -> Response:
        exchange.check_accept(request)
        if method in ("POST", "PUT"):
            exchange.check_content(request)
        return await answer(request)

    body = {"requestBody": {"required": True, "content": {exchange.MEDIA_TYPE: {"schema": {"type": "object"}}}}}
    identified = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}}]
    more = {**(body if method != "GET" else {}), **({"parameters": identified} if "{id}" in path else {})}
    app.add_api_route(
        path,
        endpoint,
        methods=[method],
        name=name,
        summary=summary,
        response_class=Response,
        responses={
            200: {"description": "as asked", "content": {exchange.MEDIA_TYPE: {}}},
            "default": {"description": "OperationOutcome", "content": {exchange.MEDIA_TYPE: {}}},
        },
        openapi_extra=more,
    )


async def _create(type_: ResourceType, request: Request) -> Response:
    condition = request.headers.get("if-none-exist")
    return await _store(request, type_, if_none_exist=condition is not None, criteria=condition)


async def _conditional_update(type_: ResourceType, request: Request) -> Response:
    return await _store(request, type_, criteria=exchange.query_of(request))


async def _update(type_: ResourceType, request: Request) -> Response:
    return await _store(request, type_, resource_id=_id(request))


async def _store(
    request: Request, type_: ResourceType, *, resource_id: str | None = None, if_none_exist: bool = False, criteria: str | None = None
) -> Response:
    """One resource, from bytes to an answer after its commit; what cannot be read is counted as refused."""
    door, organisation = _door(request), _sender(request).organisation
    if_match = exchange.if_match(request.headers.get("if-match"))
    body = await exchange.body_of(request, front_door.RESOURCE_LIMIT_BYTES)
    try:
        submission = fhir.read(front_door.parse(body), body, door.context(organisation), type=type_, id=resource_id)
        _check_criteria(criteria, submission)
    except Refused as refused:
        await _count(door, Unit(organisation, refused=(refused.problems[0].code,)))
        raise
    asked = Asked(organisation, submission, resource_id, if_none_exist, if_match)
    verdict = (await door.submit([Unit(organisation, (asked,))]))[0]
    if isinstance(verdict, Refused):
        raise verdict
    return await _answer(request, door, organisation, verdict[0], submission)


def _check_criteria(criteria: str | None, submission: Submission) -> None:
    problems = [] if criteria is None else check_names(criteria, submission.received.name, None)
    if problems:
        raise Refused(problems)


async def _count(door: Door, unit: Unit) -> None:
    """Counts what was refused. A database that is away is no reason to keep the refusal from its sender."""
    try:
        await door.submit([unit])
    except Unavailable:
        door.log.event(Log.DATABASE_LOST, count=len(unit.refused))


async def _answer(request: Request, door: Door, organisation: str, decision: Decision, submission: Submission) -> Response:
    status = 201 if decision.outcome == "created" else 200
    # 200 is the answer to an update and to a repeat alike; a sender that counts what it sent needs to know which it was.
    said = {"Location": _location(decision), "Beklijf-Outcome": decision.outcome}
    headers = {**exchange.version_headers(decision.number, decision.received_at), **said}
    wanted = exchange.preference(request.headers.get("prefer"))
    problems = [*decision.warnings, *submission.received.warnings]
    if wanted == "representation":
        current = await door.fetch(organisation, decision.type, decision.id)
        if current is not None:
            return exchange.json_response(exchange.stamped(current[0], decision.id, current[1], current[2]), status, headers)
    if wanted == "OperationOutcome" or (problems and wanted is None):
        return exchange.json_response(operation_outcome(problems), status, headers)
    return Response(b"", status, headers)


async def _read(type_: ResourceType, request: Request) -> Response:
    id_ = _id(request)
    current = await _door(request).fetch(_sender(request).organisation, type_, id_)
    if current is None:
        raise Refused([Problem("error", "not-found", None, "There is no such resource here.", 404)])
    body, number, received_at = current
    return exchange.json_response(exchange.stamped(body, id_, number, received_at), 200, exchange.version_headers(number, received_at))


async def _bundle(request: Request) -> Response:
    """A batch takes what it can, entry by entry; a transaction takes effect whole or not at all."""
    door, organisation = _door(request), _sender(request).organisation
    body = await exchange.body_of(request, front_door.BUNDLE_LIMIT_BYTES)
    try:
        kind, entries = await asyncio.to_thread(_read_bundle, body, door.context(organisation))
    except Refused as refused:
        await _count(door, Unit(organisation, refused=(refused.problems[0].code,)))
        raise
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
        await _count(door, Unit(organisation, refused=tuple(codes)))
        raise Refused(problems)
    asked = tuple(request for entry in entries for request in _unit(organisation, entry).requests)
    verdict = (await door.submit([Unit(organisation, asked)]))[0]
    if isinstance(verdict, Refused):
        raise verdict
    base = door.context(organisation).base
    answers = [_entry_answer(entry, [decision], base) for entry, decision in zip(entries, verdict, strict=True)]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}


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
        "location": _location(decision).removeprefix(f"{ROOT}/"),
        "etag": f'W/"{decision.number}"',
        "lastModified": exchange.instant_with_offset(decision.received_at),
    }
    problems = [*decision.warnings, *entry.submission.received.warnings]
    return {"response": {**response, "outcome": operation_outcome(problems)} if problems else response}


def _empty(kind: str) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": f"{kind}-response"}


async def _metadata(request: Request) -> Response:
    paths = {(method, route.path) for route in request.app.routes for method in getattr(route, "methods", None) or ()}
    return exchange.json_response(capability_statement(paths, ROOT, _door(request).context("").base))


def _door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


def _sender(request: Request) -> sender.Sender:
    return _door(request).senders.authenticate(request.headers.get("authorization"))


def _id(request: Request) -> str:
    id_: str = request.path_params["id"]
    if not is_id(id_):
        raise Refused([Problem("error", "value", None, "An id is 1 to 64 letters, digits, hyphens and points.", 400)])
    return id_


def _location(decision: Decision) -> str:
    return f"{ROOT}/{decision.type}/{decision.id}"


def _handle_errors(app: FastAPI) -> None:
    """Every error leaves as an OperationOutcome, whoever raised it, and repeats nothing that was sent."""

    async def refused(_: Request, error: Any) -> Response:
        return exchange.outcome_response(error.problems)

    async def not_authenticated(_: Request, __: Any) -> Response:
        problem = Problem("error", "login", None, "Send the bearer token of a known sender.", 401)
        return exchange.outcome_response([problem], {"WWW-Authenticate": 'Bearer realm="beklijf"'})

    async def unavailable(_: Request, __: Any) -> Response:
        problem = Problem("error", "transient", None, "Nothing is known to be stored. Send the same again later; that is always safe.", 503)
        return exchange.outcome_response([problem], {"Retry-After": str(RETRY_AFTER_SECONDS)})

    async def unknown_place(request: Request, error: Any) -> Response:
        if error.status_code == 405:
            problem = Problem("error", "not-supported", None, "This address does not support that method.", 405)
            return exchange.outcome_response([problem], {"Allow": ", ".join(_allowed(request))})
        problem = Problem("error", "not-found", None, "There is nothing at this address.", error.status_code)
        return exchange.outcome_response([problem])

    async def failed(request: Request, error: Any) -> Response:
        _door(request).log.event(Log.REQUEST_FAILED, error=type(error).__name__, method=request.method)
        problem = Problem("fatal", "exception", None, "The registry failed. The fault is ours and is logged.", 500)
        # the server closes the connection after an unexpected error; said here, so that the sender does not use it again
        return exchange.outcome_response([problem], {"Connection": "close"})

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(sender.NotAuthenticated, not_authenticated)
    app.add_exception_handler(Unavailable, unavailable)
    app.add_exception_handler(HTTPException, unknown_place)
    app.add_exception_handler(Exception, failed)


def _allowed(request: Request) -> list[str]:
    """The methods that this address supports, of all routes that share it."""
    scope = {**request.scope, "type": "http"}
    methods = (getattr(route, "methods", None) or () for route in request.app.routes if route.matches(scope)[0] is not Match.NONE)
    return sorted({method for each in methods for method in each})
