"""What every HTTP process shares: an application without surprises, safe headers, and a server that stops when told to."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_shared import telemetry
from beklijf_shared.process import Status
from beklijf_shared.settings import Settings

GRACE_SECONDS = 10
"""How long a stop waits for requests under way; a client that dawdles cannot hold it longer."""
HEADERS_MAXIMUM_BYTES = 64 * 1024

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Answer = Callable[[Request], Awaitable[Response]]


def application(title: str, version: str = "1.0.0") -> FastAPI:
    """A FastAPI application without documentation pages and without redirects for a trailing slash; counts its requests."""
    app = FastAPI(title=title, version=version, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.middleware("http")
    async def observe(request: Request, answer: Answer) -> Response:
        started = time.perf_counter()
        response = await answer(request)
        route = getattr(request.scope.get("route"), "path", "none")
        telemetry.REQUESTS.labels(request.method, route, str(response.status_code)).inc()
        telemetry.REQUEST_SECONDS.labels(route).observe(time.perf_counter() - started)
        for name, value in SAFE_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def serve(app: FastAPI, settings: Settings, status: Status, stop: threading.Event) -> None:
    """Serves until `stop`; then answers what is under way and ends within the grace. The loop beats while it serves."""
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=HEADERS_MAXIMUM_BYTES,
    )
    asyncio.run(_until(uvicorn.Server(config), status, stop))


async def _until(server: uvicorn.Server, status: Status, stop: threading.Event) -> None:
    serving = asyncio.create_task(server.serve())
    while not serving.done():
        status.beat()
        if stop.is_set():
            server.should_exit = True
        await asyncio.wait([serving], timeout=0.2)
    await serving
