"""$reconcile: takes a sender's own list of what it has, and answers what is missing there, missing here, and different."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from fastapi import FastAPI
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from beklijf_intake import exchange, reconciliation
from beklijf_intake.api.door import ROOT, door_of, route, sender_of
from beklijf_intake.domain import listing
from beklijf_intake.domain.problem import Problem, Refused

FORMS = {"text/csv": "csv", "application/x-ndjson": "ndjson", "application/ndjson": "ndjson", "application/fhir+ndjson": "ndjson"}
ANSWER_TYPE = "application/x-ndjson"
LIST_LIMIT_BYTES = 512 * 1024 * 1024
IN_MEMORY_BYTES = 1024 * 1024
READ_BYTES = 64 * 1024


def add(app: FastAPI) -> None:
    """Adds the operation."""
    route(
        app, "POST", f"{ROOT}/$reconcile", _reconcile, "compare a list of type, identifier and digest with what is held", takes=tuple(FORMS)
    )


async def _reconcile(request: Request) -> Response:
    """List and answer are put aside whole, on disk beyond a megabyte: neither a slow sender nor a slow reader keeps a transaction open."""
    form = FORMS[request.headers.get("content-type", "").partition(";")[0].strip().lower()]
    door, organisation = door_of(request), sender_of(request).organisation
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as list_:
        await _put_aside(request, list_)
        list_.seek(0)
        lines = listing.read(_lines(list_), form)
        with ExitStack() as unless_answered:
            answer = unless_answered.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))
            await door.ask(lambda connection: answer.writelines(reconciliation.answers(connection, organisation, lines)))
            answer.seek(0)
            unless_answered.pop_all()  # closed when it was sent
    return StreamingResponse(_chunks(answer), media_type=ANSWER_TYPE, background=BackgroundTask(answer.close))


def _chunks(answer: IO[bytes]) -> Iterator[bytes]:
    while chunk := answer.read(READ_BYTES):
        yield chunk


async def _put_aside(request: Request, list_: IO[bytes]) -> None:
    length = 0
    async for piece in exchange.pieces_of(request, READ_BYTES):
        length += len(piece)
        if length > LIST_LIMIT_BYTES:
            raise Refused([Problem("error", "too-long", None, f"The list is larger than {LIST_LIMIT_BYTES} bytes. Send parts.", 413)])
        await asyncio.to_thread(list_.write, piece)


def _lines(list_: IO[bytes]) -> Iterator[bytes]:
    """The lines; of one that is far too long, its beginning, which is too long too."""
    while line := list_.readline(READ_BYTES):
        yield line
        while len(line) == READ_BYTES and not line.endswith(b"\n"):
            line = list_.readline(READ_BYTES)
