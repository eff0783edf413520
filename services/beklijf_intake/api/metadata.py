"""What this server says it can: the CapabilityStatement, read off its routes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange
from beklijf_intake.api.door import ROOT, door_of, route
from beklijf_intake.statement import capability_statement

SECURITY_SERVICES = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def security(address: str) -> dict[str, Any]:
    """`CapabilityStatement.rest.security`: how a sender proves who it is (SMART), and where it is said how a token is got.

    Not by the extension oauth-uris: it asks for an address where people log in, and here are none.
    """
    return {
        "service": [{"coding": [{"system": SECURITY_SERVICES, "code": "SMART-on-FHIR"}]}],
        "description": (
            "A sender signs an assertion with its own key and gets a token for its one organisation (SMART Backend Services): "
            f"{address}/.well-known/smart-configuration"
        ),
    }


def add(app: FastAPI) -> None:
    """Adds the route of the CapabilityStatement."""
    route(app, "GET", f"{ROOT}/metadata", _metadata, "say what is supported (CapabilityStatement)")


async def _metadata(request: Request) -> Response:
    paths = {(method, route.path) for route in request.app.routes for method in getattr(route, "methods", None) or ()}
    door = door_of(request)
    statement = capability_statement(paths, ROOT, door.context("").base, address=door.address, security=security(door.address))
    return exchange.json_response(statement)
