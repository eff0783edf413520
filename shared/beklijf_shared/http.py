"""What every HTTP process shares: an application without surprises, safe headers, and a server that stops when told to."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import uvicorn
from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beklijf_shared import connection, db, ops, process, siblings, telemetry
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


Endpoint = Callable[[Request], Awaitable[Response]]


class IndexedHeaders(Headers):
    """Headers that are looked up in a table: a busy route asks for ten of them, and the framework walks the list for each."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._first = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(self._list)}

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._first


class DirectRequest(Request):
    """A request whose headers are indexed."""

    @property
    def headers(self) -> Headers:
        """As the framework's."""
        if not hasattr(self, "_headers"):
            self._headers = IndexedHeaders(self.scope)
        return self._headers


class Application(FastAPI):
    """An application that looks its few busy routes up in a table: the framework's way to them costs more than answering (measured).

    The same endpoint answers, and the same handlers say what went wrong; whatever is not in the table goes the framework's way, and so
    does everything with parameters, which has to be looked at first.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.straight: dict[tuple[str, str], tuple[BaseRoute, Endpoint]] = {}
        self._observed = Observed(self._answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the application's life. HEAD is GET whose body the server leaves out (RFC 9110, 9.3.2)."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        if scope["type"] == "http" and not scope["query_string"] and (scope["method"], scope["path"]) in self.straight:
            await self._observed(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        scope["route"], endpoint = self.straight[scope["method"], scope["path"]]
        request = DirectRequest(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            kind = next((kind for kind in type(error).__mro__ if kind in self.exception_handlers), None)
            if kind is None:
                raise
            handler: Any = self.exception_handlers[kind]
            await (await handler(request, error))(scope, receive, send)
            if kind is Exception:
                raise  # nobody foresaw it: who runs the application should hear of it, as behind the framework's own way
            return
        await response(scope, receive, send)


def direct(app: FastAPI, method: str, path: str, endpoint: Endpoint) -> None:
    """Lets requests for the route that was added last, without parameters in its path, go straight to what answers them."""
    assert isinstance(app, Application)
    app.straight[method, path] = (app.routes[-1], endpoint)


def application(title: str, version: str = "1.0.0") -> Application:
    """An application without documentation pages and without redirects for a trailing slash; counts its requests."""
    pages: Any = {"docs_url": None, "redoc_url": None, "openapi_url": None, "redirect_slashes": False}
    app = Application(title=title, version=version, telemetry=NOTHING, **pages)
    app.add_middleware(Observed)
    return app


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
            count, seconds = _series(scope["method"], route, status)
            count.inc()
            seconds.observe(time.perf_counter() - started)


@lru_cache(maxsize=1024)
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of such requests; the library's own way to them takes longer than counting."""
    return telemetry.REQUESTS.labels(method, route, str(status)), telemetry.REQUEST_SECONDS.labels(route)


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
        proxy_headers=False,  # no address of a caller, and none of ours, is taken from a request
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
        http=connection.guarded(refusal),
    )
    process.settle()
    with (
        ops.listening("BEKLIJF_HTTP_PORT", settings.http_host, settings.http_port, workers) as port,
        siblings.beside(workers, settings.http_host, port.getsockname()[1], stop) as others,
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,  # uvloop, which `asyncio.run` would not choose
    ):
        status.siblings = others.ask
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
