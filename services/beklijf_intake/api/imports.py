"""Archives: `POST $import` takes NDJSON of any size and answers 202; how far it is, and what became of each line, is asked afterwards.

Experimental: names and forms may still change with the Bulk Data guide they follow (its asynchronous pattern and its manifest).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from beklijf_intake import exchange
from beklijf_intake.api.door import RECEIPTS, ROOT, id_of, route, sender_of
from beklijf_intake.bulk import spool
from beklijf_intake.bulk.handover import Handover, Named
from beklijf_intake.domain.problem import IssueCode, Problem, Refused
from beklijf_intake.store.imports import Import, Progress

IMPORT = f"{ROOT}/$import"
UPLOADS_AT_ONCE = 8
"""Of one process: each holds a piece in memory and a thread of the pool while it is written."""
LOOK_AGAIN_SECONDS = 2
FULL_RETRY_SECONDS = 120
SIZE_MAXIMUM_DIGITS = 15
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_PARAMETERS = ("submission", "file", "complete", "_format")


def add(app: FastAPI) -> None:
    """Adds the routes of imports."""
    app.state.uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)
    lines = exchange.NDJSON_TYPES
    route(app, "POST", IMPORT, _import, "import an archive: NDJSON, one resource a line (experimental)", takes=lines)
    route(app, "GET", f"{IMPORT}/{{id}}", _status, "how far an import is: 202 while it is under way, 200 when it has ended")
    route(app, "DELETE", f"{IMPORT}/{{id}}", _cancel, "cancel an import; what went in stays")
    route(app, "GET", f"{IMPORT}/{{id}}/outcomes", _outcomes, "what became of each line so far, as NDJSON", gives=lines)
    route(app, "GET", f"{IMPORT}/{{id}}/refusals", _refusals, "the lines refused so far, as NDJSON of OperationOutcomes", gives=lines)


def handover_of(request: Request) -> Handover:
    """Where archives are handed in; refuses (501) where this registry has no place for them."""
    handover: Handover | None = request.app.state.handover
    if handover is None:
        raise Refused([_problem(501, "not-supported", "This registry takes no archives: BEKLIJF_SPOOL names no folder. Send Bundles.")])
    return handover


def headers_of(import_id: str) -> dict[str, str]:
    """Where an import is asked about, and where its receipt is."""
    return {"Content-Location": f"{IMPORT}/{import_id}", "Beklijf-Receipt": f"{RECEIPTS}/{import_id}"}


async def _import(request: Request) -> Response:
    """One file: on the disk and in its import before the answer leaves."""
    handover, sender, named = handover_of(request), sender_of(request), _named(request)
    uploads: asyncio.Semaphore = request.app.state.uploads
    if uploads.locked():
        problem = _problem(429, "throttled", f"{UPLOADS_AT_ONCE} archives are being received already. Send this one later.")
        return exchange.outcome_response([problem], {"Retry-After": str(LOOK_AGAIN_SECONDS), "Connection": "close"})
    async with uploads:
        try:
            incoming = await asyncio.to_thread(handover.begin, _declared(request))
            try:
                async for piece in exchange.pieces_of(request, spool.CHUNK_BYTES):
                    await asyncio.to_thread(incoming.write, piece)
                if not incoming.size:
                    raise Refused([_problem(400, "required", "The body is empty. Send one resource a line.")])
                import_id = await asyncio.to_thread(handover.take, incoming, sender, named)
            finally:
                await asyncio.to_thread(incoming.discard)
        except spool.Full:
            problem = _problem(507, "no-store", "There is no room for this archive now. Send it later, or in parts.")
            return exchange.outcome_response([problem], {"Retry-After": str(FULL_RETRY_SECONDS), "Connection": "close"})
        except spool.TooLarge:
            raise Refused([_problem(413, "too-long", "The archive is larger than this registry ever has room for. Send parts.")]) from None
    return Response(b"", 202, {**headers_of(import_id), "Retry-After": str(LOOK_AGAIN_SECONDS)})


async def _status(request: Request) -> Response:
    """202 with what is known so far, or 200 with the same when nothing more is to come."""
    found = await asyncio.to_thread(handover_of(request).read, sender_of(request), id_of(request))
    ended = found.ended_at is not None or found.cancelled
    headers = {} if ended else {"X-Progress": _progress(found), "Retry-After": str(LOOK_AGAIN_SECONDS)}
    return Response(msgspec.json.encode(manifest(found)), 200 if ended else 202, headers, media_type="application/json")


async def _cancel(request: Request) -> Response:
    await asyncio.to_thread(handover_of(request).cancel, sender_of(request), id_of(request))
    return Response(b"", 202)


async def _outcomes(request: Request) -> Response:
    return await _stream(request, refusals=False)


async def _refusals(request: Request) -> Response:
    return await _stream(request, refusals=True)


async def _stream(request: Request, *, refusals: bool) -> Response:
    handover = handover_of(request)
    found = await asyncio.to_thread(handover.read, sender_of(request), id_of(request))
    pieces = iter(handover.outcomes(found.id, refusals=refusals))

    async def content() -> AsyncIterator[bytes]:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece

    return StreamingResponse(content(), 200, media_type=exchange.NDJSON_TYPES[0])


def manifest(found: Import) -> dict[str, Any]:
    """An import as it stands: the manifest of the Bulk Data guide, and the sums of the receipt (sent = accepted + duplicate + refused)."""
    files = [_file(one) for one in found.files if one.kind != "manifest"]
    failed = [{"name": one.name, "reason": one.reason} for one in found.files if one.reason is not None]
    sums = {name: sum(one[name] for one in files) for name in ("sent", "accepted", "duplicate", "refused")}
    here = f"{IMPORT}/{found.id}"
    return {
        "transactionTime": _text(found.ended_at or found.created_at),
        "request": IMPORT,
        "requiresAccessToken": True,
        "status": _state(found),
        "submission": found.submission,
        "import": found.id,
        "created": _text(found.created_at),
        "ended": None if found.ended_at is None else _text(found.ended_at),
        "sums": sums,
        "receipt": f"{RECEIPTS}/{found.id}",
        "files": files,
        "failed": failed,
        "output": [],
        "lines": [{"url": f"{here}/outcomes", "count": sums["sent"]}],
        "error": [{"type": "OperationOutcome", "url": f"{here}/refusals", "count": sums["refused"]}] if sums["refused"] else [],
    }


def _file(one: Progress) -> dict[str, Any]:
    sent = one.accepted + one.duplicate + one.refused
    known = {"name": one.name, "state": one.state, "bytes": one.size, "bytesDone": one.position, "linesDone": one.lines}
    return {**known, "sent": sent, "accepted": one.accepted, "duplicate": one.duplicate, "refused": one.refused}


def _state(found: Import) -> str:
    if found.cancelled:
        return "cancelled"
    if found.ended_at is None:
        return "in-progress"
    return "failed" if any(one.state == "failed" for one in found.files) else "complete"


def _progress(found: Import) -> str:
    """At most 100 characters, as the Bulk Data guide has it."""
    size, done = sum(one.size or 0 for one in found.files), sum(one.position for one in found.files)
    waiting = sum(one.state == "waiting" for one in found.files)
    if not waiting:
        return "waiting for more files, or for the word that the submission is complete"
    return f"{100 * done // size if size else 0} % of {size} bytes, {waiting} of {len(found.files)} files to go"


def _named(request: Request) -> Named:
    """What the query says; refuses what it does not know, so that a typing error is no file of its own."""
    given = request.query_params
    if unknown := [name for name in given if name not in _PARAMETERS]:
        sentence = f"{len(unknown)} parameter(s) are not known here: the query may have submission, file and complete."
        raise Refused([_problem(400, "not-supported", sentence)])
    for name in ("submission", "file"):
        if name in given and not _NAME.fullmatch(given[name]):
            raise Refused([_problem(400, "value", f"{name} is 1 to 100 letters, digits, points, hyphens and underscores.")])
    if given.get("complete", "false") not in ("true", "false"):
        raise Refused([_problem(400, "value", "complete is true or false.")])
    more = {"file": given["file"]} if "file" in given else {}
    return Named(submission=given.get("submission"), complete=given.get("complete") == "true", **more)


def _declared(request: Request) -> int:
    """The size that the sender states beforehand; 0 where it does not."""
    stated = request.headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) <= SIZE_MAXIMUM_DIGITS else 0


def _text(at: datetime) -> str:
    return exchange.instant_with_offset(at)


def _problem(status: int, code: IssueCode, sentence: str) -> Problem:
    return Problem("error", code, None, sentence, status)
