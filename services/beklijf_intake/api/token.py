"""How a sender gets a token: SMART Backend Services. Speaks OAuth, not FHIR: its errors are JSON objects with `error` in them.

Every answer of the token endpoint is derived by `Roster.grant`; here is only how it is asked and answered (RFC 6749, 7521, 7523).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from beklijf_intake import exchange
from beklijf_intake.api.door import ROOT, TYPES, door_of
from beklijf_intake.domain import assertion, scopes
from beklijf_intake.domain.problem import Refused
from beklijf_intake.senders.roster import Granted, Roster
from beklijf_intake.senders.sender import Unknowable
from beklijf_intake.writer import RETRY_AFTER_SECONDS
from beklijf_shared import db
from beklijf_shared.telemetry import Log

GRANT_TYPE = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM_TYPE = "application/x-www-form-urlencoded"
BODY_LIMIT_BYTES = 2 * 1024 * 1024
"""Far above any assertion: what is too long for one is said so, instead of cutting the connection."""
FIELDS_MAXIMUM = 20

NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
Error = Literal["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type", "temporarily_unavailable", "server_error"]


class NotGranted(Exception):
    """No token; carries the error of RFC 6749, a sentence that repeats nothing that was sent, and the status."""

    def __init__(self, error: Error, sentence: str, status: int = 400) -> None:
        super().__init__(error)
        self.error: Error = error
        self.sentence, self.status = sentence, status


def add(app: FastAPI) -> None:
    """Adds the token endpoint, and the document that says where it is."""
    app.add_api_route(
        f"{ROOT}/auth/token",
        _token,
        methods=["POST"],
        name="post_token",
        summary="get an access token with a signed assertion (SMART Backend Services)",
        response_class=JSONResponse,
        openapi_extra={"requestBody": {"required": True, "content": {FORM_TYPE: {"schema": _FORM}}}},
    )
    app.add_api_route(
        f"{ROOT}/.well-known/smart-configuration",
        _configuration,
        methods=["GET"],
        name="get_smart_configuration",
        summary="say how a token is got",
        response_class=JSONResponse,
    )


_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type", "scope", "client_assertion_type", "client_assertion"],
    "properties": {
        "grant_type": {"const": GRANT_TYPE},
        "scope": {"type": "string"},
        "client_assertion_type": {"const": ASSERTION_TYPE},
        "client_assertion": {"type": "string"},
        "client_id": {"type": "string"},
    },
}


def roster_of(request: Request) -> Roster:
    """The registered senders, put in by the composition root."""
    roster: Roster = request.app.state.roster
    return roster


async def _token(request: Request) -> Response:
    try:
        form = await _form(request)
        granted = await _granted(roster_of(request), form)
    except NotGranted as not_granted:
        return _not_granted(not_granted)
    except Exception as error:  # noqa: BLE001 whatever it is, whoever asks for a token expects an answer of OAuth
        door_of(request).log.event(Log.REQUEST_FAILED, error=type(error).__name__, method=request.method)
        return _not_granted(NotGranted("server_error", "the registry failed; the fault is ours and is logged", 500))
    token: dict[str, Any] = {
        "access_token": granted.token,
        "token_type": "bearer",
        "expires_in": granted.seconds,
        "scope": str(granted.scopes),
    }
    return JSONResponse(token, 200, NOT_STORED)


def _not_granted(not_granted: NotGranted) -> Response:
    said = {"error": not_granted.error, "error_description": not_granted.sentence}
    again = {"Retry-After": str(RETRY_AFTER_SECONDS)} if not_granted.status == 503 else {}
    closing = {"Connection": "close"} if not_granted.status in (408, 413) else {}  # what is left of the body is not read
    return JSONResponse(said, not_granted.status, {**NOT_STORED, **again, **closing})


async def _form(request: Request) -> dict[str, str]:
    """The parameters of the body, each once."""
    if request.scope["query_string"]:
        raise NotGranted("invalid_request", "parameters are sent in the body: an address ends up in logs")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise NotGranted("invalid_request", f"the body must be sent as Content-Type: {FORM_TYPE}")
    if "authorization" in request.headers:
        raise NotGranted("invalid_request", "a sender proves itself by its assertion alone: leave the Authorization header out")
    try:
        body = await exchange.body_of(request, BODY_LIMIT_BYTES)
        found = parse_qsl(body.decode("ascii"), True, True, errors="strict", max_num_fields=FIELDS_MAXIMUM)
    except Refused as refused:
        raise NotGranted("invalid_request", refused.problems[0].sentence, refused.status) from None
    except ValueError:
        raise NotGranted("invalid_request", "the body is no form of a few parameters, percent-encoded in UTF-8") from None
    form = dict(found)
    if len(form) != len(found):
        raise NotGranted("invalid_request", "a parameter is given twice")
    return form


async def _granted(roster: Roster, form: Mapping[str, str]) -> Granted:
    if form.get("grant_type") != GRANT_TYPE:
        raise NotGranted("unsupported_grant_type" if "grant_type" in form else "invalid_request", f"grant_type must be {GRANT_TYPE}")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise NotGranted("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}")
    if not form.get("client_assertion"):
        raise NotGranted("invalid_request", "client_assertion is missing: a JWT signed with the sender's private key")
    try:
        asked = scopes.parse(form.get("scope", ""))
        granted = await asyncio.to_thread(roster.grant, form["client_assertion"], form.get("client_id"), asked)
    except scopes.ScopeUnreadable as unreadable:
        raise NotGranted("invalid_scope", str(unreadable)) from None
    except assertion.AssertionRefused as refused:
        raise NotGranted("invalid_client", str(refused), 401) from None
    except Unknowable:
        raise NotGranted("temporarily_unavailable", "try again later", 503) from None
    except db.DBAPIError as error:
        if not db.is_transient(error):
            raise
        raise NotGranted("temporarily_unavailable", "try again later", 503) from None
    if granted is None:
        raise NotGranted("invalid_scope", "none of these scopes is among those that the sender is registered for")
    return granted


async def _configuration(request: Request) -> Response:
    return JSONResponse(
        {
            "token_endpoint": roster_of(request).token_url,
            "grant_types_supported": [GRANT_TYPE],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(assertion.ALGORITHMS),
            "scopes_supported": [f"system/{name}.cruds" for name in ("*", *sorted(TYPES))],
            "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
        }
    )
