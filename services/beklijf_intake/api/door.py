"""What all routes share: what they are given, who asks and about what, and how a route is added."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeVar, get_args

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange
from beklijf_intake.definitions import Definitions
from beklijf_intake.domain import scopes
from beklijf_intake.domain.primitives import is_id
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.receipt import Delivery, Receipt
from beklijf_intake.domain.register import Decision
from beklijf_intake.domain.register import Request as Asked
from beklijf_intake.domain.submission import ResourceType
from beklijf_intake.senders import sender
from beklijf_intake.usecases import Unit, Verdict
from beklijf_intake.writer import Unavailable
from beklijf_shared import http
from beklijf_shared.db import Connection
from beklijf_shared.telemetry import Log, Logger

ROOT = "/fhir"
RECEIPTS = "/receipts"
SENDER = "beklijf.sender"
"""Under which name the sender of a request stands in its ASGI scope."""
TYPES: tuple[ResourceType, ...] = get_args(ResourceType)

# A resource's bytes, version number and receipt, as the store has them.
Current = tuple[bytes, int, Any]


class MakesContext(Protocol):
    """What reading needs to know of a sender: its organisation, and what its answers without a version are taken for."""

    def __call__(self, organisation: str, unversioned: str = ...) -> ReadingContext: ...


Answer = TypeVar("Answer")


class Ask(Protocol):
    """Whoever can put a question to the database; raises Unavailable while it is away."""

    def __call__(self, question: Callable[[Connection], Answer]) -> Awaitable[Answer]:
        """The answer; few questions are asked at the same time, the others wait."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes need, put in by the composition root."""

    senders: sender.Authority
    context: MakesContext
    submit: Callable[[Sequence[Unit]], Awaitable[list[Verdict]]]
    judge: Callable[[Asked], Awaitable[Verdict]]
    """What would become of a request, without storing anything."""
    fetch: Callable[[str, str, str], Awaitable[Current | None]]
    fetch_all: Callable[[str, Collection[str]], Awaitable[dict[str, Current]]]
    """The current versions of one organisation's resources, by id."""
    deliver: Callable[[Literal["bundle", "import"], int | None], Delivery]
    """Begins a receipt: of what kind, and how many resources it holds where that is known."""
    receipt: Callable[[str, str], Awaitable[Receipt | None]]
    """One organisation's receipt, by id."""
    definitions: Definitions
    ask: Ask
    """Asks the database a question that changes nothing."""
    address: str
    """The FHIR base as senders know it, without a slash at its end."""
    log: Logger


class NotAllowed(Exception):
    """The sender is known, and what it asks is beyond its scopes; carries the scope that would allow it."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


def route(
    app: FastAPI,
    method: str,
    path: str,
    answer: Callable[[Request], Awaitable[Response]],
    summary: str,
    *,
    takes: Sequence[str] = exchange.JSON_TYPES,
    gives: Sequence[str] = (),
    parameters: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Adds a route. Who may use it stands in `domain/scopes.py`, and is checked before the answer is asked for; LookupError if not.

    `takes`: media types of the body; `gives`: those of the answer beside JSON; `parameters`: those of its query, with what they mean.
    """
    need = scopes.needed(method, path.removeprefix(ROOT))
    name = f"{method.lower()}_{path.strip('/').replace('/', '_').replace('{', '').replace('}', '')}"

    async def endpoint(request: Request) -> Response:
        if need != "nothing":
            request.scope[SENDER] = permitted(request, need)
        exchange.check_accept(request, gives)
        if method in ("POST", "PUT"):
            exchange.check_content(request, takes)
        return await answer(request)

    kind = "object" if takes is exchange.JSON_TYPES else "string"
    body = {"requestBody": {"required": True, "content": {takes[0]: {"schema": {"type": kind}}}}}
    identified = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}}]
    numbered = [{"name": "version", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}}]
    asked = [{"name": one, "in": "query", "description": says, "schema": {"type": "string"}} for one, says in parameters.items()]
    listed = [*(identified if "{id}" in path else []), *(numbered if "{version}" in path else []), *asked]
    more = {**(body if method in ("POST", "PUT") else {}), **({"parameters": listed} if listed else {})}
    app.add_api_route(
        path,
        endpoint,
        methods=[method],
        name=name,
        summary=summary,
        response_class=Response,
        responses={
            200: {"description": "as asked", "content": {one: {} for one in (*gives, exchange.MEDIA_TYPE)}},
            "default": {"description": "OperationOutcome", "content": {exchange.MEDIA_TYPE: {}}},
        },
        openapi_extra=more,
    )
    if "{" not in path:
        http.direct(app, method, path, endpoint)


def door_of(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


def sender_of(request: Request) -> sender.Sender:
    """Who sends this; known and permitted since before the route's own code began."""
    found: sender.Sender = request.scope[SENDER]
    return found


def permitted(request: Request, need: scopes.Need) -> sender.Sender:
    """The sender of a request, if its scopes meet what is needed; raises NotAuthenticated or NotAllowed."""
    if b"access_token=" in request.scope["query_string"]:
        sentence = "A token in an address ends up in logs. Send it in the Authorization header, and take this one for known to others."
        raise Refused([Problem("error", "security", None, sentence, 400)])
    found = door_of(request).senders.authenticate(request.headers.get("authorization"))
    if not scopes.is_met(need, found.scopes):
        raise NotAllowed(scopes.scope_for(need))
    return found


def id_of(request: Request) -> str:
    id_: str = request.path_params["id"]
    if not is_id(id_):
        instead = " A search by GET is <type>?..., by POST <type>/_search." if id_ == "_search" else ""
        raise Refused([Problem("error", "value", None, f"An id is 1 to 64 letters, digits, hyphens and points.{instead}", 400)])
    return id_


def not_found() -> Refused:
    """What is said of whatever is not there, and word for word of what is another organisation's."""
    return Refused([Problem("error", "not-found", None, "There is no such resource here.", 404)])


def receipt_headers(delivery: Delivery) -> dict[str, str]:
    return {"Beklijf-Receipt": f"{RECEIPTS}/{delivery.id}"}


def location(decision: Decision) -> str:
    """Where the version that counts is, from the FHIR base on; with its number, as R4 asks where versions are kept (http, create)."""
    return f"{decision.type}/{decision.id}/_history/{decision.number}"


async def count_refused(door: Door, unit: Unit) -> None:
    """Counts what was refused. A database that is away is no reason to keep the refusal from its sender."""
    try:
        await door.submit([unit])
    except Unavailable:
        door.log.event(Log.DATABASE_LOST, count=len(unit.refused))
