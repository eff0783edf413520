"""What every HTTP process shares: an application without surprises, safe headers, and a server that stops when told to."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beklijf_shared import connection, db, process, siblings, telemetry
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status

GRACE_SECONDS = 10
"""How long a stop waits for requests under way; a client that dawdles cannot hold it longer."""
CHECK_SECONDS = 1.0

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}

NOTHING: Any = {"tracing": False, "metrics": False, "logs": False}
"""What the framework's own telemetry may send: metrics are ours, and it looks into the environment at every request."""
SAFE_HEADERS_RAW = [(name.lower().encode(), value.encode()) for name, value in SAFE_HEADERS.items()]


def application(title: str, version: str = "1.0.0") -> FastAPI:
    """A FastAPI application without documentation pages and without redirects for a trailing slash; counts its requests."""
    app = FastAPI(title=title, version=version, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, telemetry=NOTHING)
    app.add_middleware(Observed)
    app.state.direct = {}
    app.user_middleware.append(Middleware(Direct, direct=app.state.direct, handlers=app.exception_handlers))  # the innermost
    return app


Endpoint = Callable[[Request], Awaitable[Response]]


def direct(app: FastAPI, method: str, path: str, endpoint: Endpoint) -> None:
    """Lets requests for a route that was just added, without parameters in its path, go straight to what answers them."""
    app.state.direct[method, path] = (app.routes[-1], endpoint)


class Direct:
    """Looks the few busy routes up in a table: the framework's way to them costs more than answering (50 µs of 150, measured).

    The same endpoint answers, and the same handlers say what went wrong; whatever is not in the table goes the framework's way.
    """

    def __init__(
        self, app: ASGIApp, direct: Mapping[tuple[str, str], tuple[BaseRoute, Endpoint]], handlers: Mapping[Any, Callable[..., Any]]
    ) -> None:
        self._app, self._direct, self._handlers = app, direct, handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        found = self._direct.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"], endpoint = found
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            handler = next((self._handlers[kind] for kind in type(error).__mro__[:-3] if kind in self._handlers), None)
            if handler is None:
                raise
            response = await handler(request, error)
        await response(scope, receive, send)


class Observed:
    """Counts and times requests by route, and sets safe headers where the answer has none. Plain ASGI: it stands in the hot path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def observing(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                there = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in SAFE_HEADERS_RAW if pair[0] not in there)]
            await send(message)

        try:
            await self._app(scope, receive, observing)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            telemetry.REQUESTS.labels(scope["method"], route, str(status)).inc()
            telemetry.REQUEST_SECONDS.labels(route).observe(time.perf_counter() - started)


def serve(
    app: FastAPI,
    settings: Settings,
    status: Status,
    stop: threading.Event,
    *,
    refusal: connection.Refusal = connection.plain,
    workers: int = 1,
) -> None:
    """Serves until `stop`; then answers what is under way and ends within the grace. The loop beats while it serves.

    `refusal` words what is refused before it is a request at all; `workers` is how many processes serve the port together.
    """
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
        http=connection.guarded(refusal),
    )
    process.settle()
    with (
        siblings.listening(settings.http_host, settings.http_port, workers) as port,
        siblings.beside(workers, port.getsockname()[1], stop),
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,  # uvloop, which `asyncio.run` would not choose
    ):
        runner.run(_until(uvicorn.Server(config), port, status, stop))


@contextmanager
def watched(engine: db.Engine, status: Status, stop: threading.Event) -> Iterator[None]:
    """Meanwhile the operations port says when the database is away, or has not its tables; sets `stop` in the end."""
    watch = threading.Thread(target=_watch, args=(engine, status, stop), name="watch", daemon=True)
    watch.start()
    try:
        yield
    finally:
        stop.set()
        watch.join()


def _watch(engine: db.Engine, status: Status, stop: threading.Event) -> None:
    while not stop.is_set():
        if db.answers(engine):
            status.has("database")
        else:
            status.lacks("database", "does not answer, or is not migrated")
        stop.wait(CHECK_SECONDS)


async def _until(server: uvicorn.Server, port: socket.socket, status: Status, stop: threading.Event) -> None:
    serving = asyncio.create_task(server.serve([port]))
    while not serving.done():
        status.beat()
        if stop.is_set():
            server.should_exit = True
        await asyncio.wait([serving], timeout=0.2)
    await serving
