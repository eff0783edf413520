"""Reading one resource as it is now, whole or in part, and only if it is another version than the reader has."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange
from beklijf_intake.api.door import ROOT, TYPES, door_of, id_of, not_found, route, sender_of
from beklijf_intake.domain.search import query, subset
from beklijf_intake.domain.search.parameters import RESULT_PARAMETERS
from beklijf_intake.domain.search.subset import Kept
from beklijf_intake.domain.submission import ResourceType

PARTS = {name: RESULT_PARAMETERS[name] for name in ("_summary", "_elements")}


def add(app: FastAPI) -> None:
    """Adds the address of each of the four resources; after the histories, whose addresses would fit it too."""
    for type_ in sorted(TYPES, key=lambda each: each != "QuestionnaireResponse"):
        summary = f"read the current version of {type_}"
        route(app, "GET", f"{ROOT}/{type_}/{{id}}", partial(_read, type_), summary, parameters=PARTS)


async def _read(type_: ResourceType, request: Request) -> Response:
    id_ = id_of(request)
    keeps = part(type_, request)
    current = await door_of(request).fetch(sender_of(request).organisation, type_, id_)
    if current is None:
        raise not_found()
    body, number, received_at = current
    headers = exchange.version_headers(number, received_at)
    if exchange.is_unchanged(request, number, received_at):
        return Response(b"", 304, headers)
    return exchange.json_response(exchange.stamped(body, id_, number, received_at, keeps), 200, headers)


def part(type_: str, request: Request) -> Kept | None:
    """Which elements of one resource are wanted, None for all."""
    exchange.parameters_ignored(request, tuple(PARTS))
    if not request.scope["query_string"]:
        return None
    pairs = exchange.pairs_of(request.scope["query_string"], query.PARAMETERS_MAXIMUM)
    return subset.asked_of_one([pair for pair in pairs if pair[0] in PARTS], type_)
