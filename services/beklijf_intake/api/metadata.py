"""What this server says it can: the CapabilityStatement, read off its routes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange
from beklijf_intake.api.door import ROOT, door_of, route
from beklijf_intake.statement import capability_statement

SECURITY: dict[str, Any] = {"description": "A bearer token stands for one organisation."}
"""`CapabilityStatement.rest.security`: how a sender proves who it is."""


def add(app: FastAPI) -> None:
    """Adds the route of the CapabilityStatement."""
    route(app, "GET", f"{ROOT}/metadata", _metadata, "say what is supported (CapabilityStatement)")


async def _metadata(request: Request) -> Response:
    paths = {(method, route.path) for route in request.app.routes for method in getattr(route, "methods", None) or ()}
    address = exchange.server_address(request) + ROOT
    statement = capability_statement(paths, ROOT, door_of(request).context("").base, address=address, security=SECURITY)
    return exchange.json_response(statement)
