"""Every error leaves as an OperationOutcome, whoever raised it, and repeats nothing that was sent."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from beklijf_intake import exchange
from beklijf_intake.api.door import ROOT, NotAllowed, door_of
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.senders import sender
from beklijf_intake.writer import RETRY_AFTER_SECONDS, Busy, Unavailable
from beklijf_shared.telemetry import Log

SENTENCES: dict[sender.Reason, str] = {
    "login": "Send the bearer token of a known sender.",
    "unknown": "This token stands for nobody: it is damaged, meant for another server, or its sender may no longer send.",
    "expired": "This token has expired. Ask for a new one.",
}

NOTHING_THERE = f"There is nothing at this address. What there is stands in the CapabilityStatement: GET {ROOT}/metadata."

INSTEAD = {
    "DELETE": " Nothing is deleted here: send the resource with status entered-in-error.",
    "PATCH": " Send the whole resource by PUT.",
}
"""What to do in place of a method that is not supported."""


def add(app: FastAPI) -> None:
    """Adds what answers each kind of error."""

    async def refused(_: Request, error: Any) -> Response:
        return exchange.outcome_response(error.problems)

    async def not_authenticated(_: Request, error: Any) -> Response:
        problem = Problem("error", error.reason, None, SENTENCES[error.reason], 401)
        said = "" if error.reason == "login" else ', error="invalid_token"'  # RFC 6750, section 3.1: no code where nothing was sent
        return exchange.outcome_response([problem], {"WWW-Authenticate": f'Bearer realm="beklijf"{said}'})

    async def not_allowed(_: Request, error: Any) -> Response:
        problem = Problem("error", "forbidden", None, f"This sender may not do that. It takes the scope {error.scope}.", 403)
        said = f'Bearer realm="beklijf", error="insufficient_scope", scope="{error.scope}"'
        return exchange.outcome_response([problem], {"WWW-Authenticate": said})

    async def busy(_: Request, __: Any) -> Response:
        problem = Problem(
            "error", "throttled", None, "Too many requests wait already. This one was not taken on: send it again later.", 429
        )
        return exchange.outcome_response([problem], {"Retry-After": str(RETRY_AFTER_SECONDS)})

    async def unavailable(_: Request, __: Any) -> Response:
        problem = Problem("error", "transient", None, "Nothing is known to be stored. Send the same again later; that is always safe.", 503)
        return exchange.outcome_response([problem], {"Retry-After": str(RETRY_AFTER_SECONDS)})

    async def unknown_place(request: Request, error: Any) -> Response:
        if error.status_code == 405:
            methods = _allowed(request)
            allowed = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
            sentence = f"This address supports {', '.join(methods)} only.{INSTEAD.get(request.method, '')}"
            return exchange.outcome_response([Problem("error", "not-supported", None, sentence, 405)], {"Allow": allowed})
        problem = Problem("error", "not-found", None, NOTHING_THERE, error.status_code)
        return exchange.outcome_response([problem])

    async def failed(request: Request, error: Any) -> Response:
        door_of(request).log.event(Log.REQUEST_FAILED, error=type(error).__name__, method=request.method)
        problem = Problem("fatal", "exception", None, "The registry failed. The fault is ours and is logged.", 500)
        # the server closes the connection after an unexpected error; said here, so that the sender does not use it again
        return exchange.outcome_response([problem], {"Connection": "close"})

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(sender.NotAuthenticated, not_authenticated)
    app.add_exception_handler(NotAllowed, not_allowed)
    app.add_exception_handler(Busy, busy)
    app.add_exception_handler(Unavailable, unavailable)
    app.add_exception_handler(sender.Unknowable, unavailable)
    app.add_exception_handler(HTTPException, unknown_place)
    app.add_exception_handler(Exception, failed)


def _allowed(request: Request) -> list[str]:
    """The methods that this address supports, of all routes that share it."""
    scope = {**request.scope, "type": "http"}
    methods = (getattr(route, "methods", None) or () for route in request.app.routes if route.matches(scope)[0] is not Match.NONE)
    return sorted({method for each in methods for method in each})
