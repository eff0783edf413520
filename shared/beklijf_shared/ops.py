"""The operations port of every process: alive, ready (and what is missing), metrics, progress. Never anything about a patient."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from beklijf_shared import siblings, telemetry
from beklijf_shared.settings import SettingMissing, Settings
from beklijf_shared.status import Status

START_TIMEOUT_SECONDS = 10.0


def application(status: Status) -> Starlette:
    """The four answers as an ASGI application; `/progress` asks the database in a worker thread."""

    def live(_: Request) -> Response:
        alive = status.alive() and _others_live(status)
        return JSONResponse({"alive": alive}, 200 if alive else 503)

    def ready(_: Request) -> Response:
        telemetry.READY.set(0 if status.missing else 1)
        return JSONResponse({"ready": not status.missing, "missing": dict(status.missing)}, 503 if status.missing else 200)

    def metrics(_: Request) -> Response:
        telemetry.READY.set(0 if status.missing else 1)
        try:
            theirs = [body for _, body in status.siblings("/metrics")]
        except siblings.Silent:  # a sum without one of them would look as if everything had begun anew
            return Response("a sibling does not answer\n", 503, media_type="text/plain")
        return Response(telemetry.exposed(theirs), headers={"Content-Type": CONTENT_TYPE_LATEST})

    def progress(_: Request) -> Response:
        try:
            return JSONResponse(status.progress())
        except Exception as error:  # noqa: BLE001 the database is away: say so, and the asker tries again
            return JSONResponse({"error": type(error).__name__}, 503)

    routes = [("/health/live", live), ("/health/ready", ready), ("/metrics", metrics), ("/progress", progress)]
    return Starlette(routes=[Route(path, endpoint) for path, endpoint in routes])


def _others_live(status: Status) -> bool:
    try:
        return all(code == 200 for code, _ in status.siblings("/health/live"))
    except siblings.Silent:
        return False


@contextmanager
def serving(status: Status, settings: Settings) -> Iterator[int]:
    """Serves the operations port in a thread while the block runs; gives the port."""
    port = listening("BEKLIJF_OPERATIONS_PORT", settings.http_host, settings.operations_port)
    server = uvicorn.Server(uvicorn.Config(application(status), log_level="critical", access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([port])), name="operations", daemon=True)
    thread.start()
    try:
        yield _port(server, thread)
    finally:
        server.should_exit = True
        thread.join(timeout=5)


def listening(setting: str, host: str, port: int, workers: int = 1) -> socket.socket:
    """The port that a setting names, open; raises SettingMissing, which says why, when it cannot be."""
    try:
        return siblings.listening(host, port, workers)
    except OSError as error:
        why = "another program has it already" if error.errno == errno.EADDRINUSE else error.strerror
        raise SettingMissing(f"{setting} is {port}, which cannot be opened: {why}") from None


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    """Waits until the port is served; raises OSError when it is not."""
    waited = threading.Event()
    for _ in range(int(START_TIMEOUT_SECONDS / 0.02)):
        if server.started:
            return int(server.servers[0].sockets[0].getsockname()[1])
        if not thread.is_alive():
            break
        waited.wait(0.02)
    raise OSError("the operations port could not be served")
