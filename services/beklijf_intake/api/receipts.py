"""Receipts: intake's part of what a sender's day, Bundle or import came to, as JSON and as FHIR. Each sender sees its own."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange
from beklijf_intake.api.door import RECEIPTS, ROOT, door_of, id_of, route, sender_of
from beklijf_intake.domain.primitives import is_id
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.receipt import Receipt
from beklijf_intake.slip import as_json, as_parameters


def add(app: FastAPI) -> None:
    """Adds the two addresses of a receipt."""
    route(app, "GET", f"{RECEIPTS}/{{id}}", _json, "the receipt of a day (2026-11-22), a Bundle or an import, as JSON")
    route(app, "GET", f"{ROOT}/$receipt", _parameters, "the same receipt, named by the parameter id, as FHIR Parameters")


async def _json(request: Request) -> Response:
    return exchange.json_response(as_json(await _found(request, id_of(request))), media_type="application/json")


async def _parameters(request: Request) -> Response:
    asked = request.query_params.get("id", "")
    if not is_id(asked):
        raise Refused([Problem("error", "required", None, "Say which receipt: $receipt?id=<day or id>.", 400)])
    return exchange.json_response(as_parameters(await _found(request, asked)))


async def _found(request: Request, id_: str) -> Receipt:
    found = await door_of(request).receipt(sender_of(request).organisation, id_)
    if found is None:
        raise Refused([Problem("error", "not-found", None, "There is no such receipt of yours here.", 404)])
    return found
