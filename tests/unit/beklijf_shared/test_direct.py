"""Routes that are found by table answer as the framework's own way to them does, errors included."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_shared import http


class Known(Exception):
    """Something that the application has an answer to."""


class MoreSpecial(Known):
    """Answered as what it is a kind of."""


async def endpoint(request: Request) -> Response:
    match (await request.body()).decode():
        case "known":
            raise Known
        case "special":
            raise MoreSpecial
        case "unknown":
            raise LookupError
        case other:
            return Response(f"{other} {request.url.query} {request.app.title}", 201, {"X-Own": "1"})


def made(*, direct: bool) -> FastAPI:
    app = http.application("test")
    app.add_api_route("/a", endpoint, methods=["POST"], response_class=Response)
    if direct:
        http.direct(app, "POST", "/a", endpoint)

    async def known(_: Request, __: Any) -> Response:
        return Response("answered", 422)

    async def unknown(_: Request, __: Any) -> Response:
        return Response("failed", 500)

    app.add_exception_handler(Known, known)
    app.add_exception_handler(Exception, unknown)
    return app


def ask(app: FastAPI, method: str, path: str, body: bytes, query: bytes = b"") -> tuple[list[dict[str, Any]], Any, str]:
    """What the application sends, the address it counts the request under, and what it raises besides."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [],
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    raised = ""
    try:
        asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    except LookupError as error:
        raised = type(error).__name__
    return sent, getattr(scope.get("route"), "path", None), raised


@pytest.mark.parametrize("query", [b"", b"x=1"])
@pytest.mark.parametrize("body", [b"fine", b"known", b"special", b"unknown"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/a"), ("GET", "/a"), ("POST", "/a/"), ("POST", "/b")])
def test_the_short_way_answers_as_the_long_way(method: str, path: str, body: bytes, query: bytes) -> None:
    short, long = (ask(made(direct=direct), method, path, body, query) for direct in (True, False))

    for message in (*short[0], *long[0]):  # the framework answers an error that nobody foresaw outside of what adds these
        message["headers"] = [pair for pair in message.get("headers", []) if pair not in http.SAFE_HEADERS_RAW]
    assert short == long
    assert short[0][0]["status"] == {("POST", "/a"): {b"known": 422, b"special": 422, b"unknown": 500}.get(body, 201)}.get(
        (method, path), 405 if path == "/a" else 404
    )
