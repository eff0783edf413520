"""HTTP as FHIR speaks it: what a request may look like before its body is read, and how answers look. No meaning here.

Every refusal is a `Refused`, so that it leaves as an OperationOutcome; none repeats what was sent.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any, Literal, NoReturn, get_args
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from beklijf_intake.domain.problem import IssueCode, Problem, Refused, status_of
from beklijf_intake.domain.reading.criteria import version_wanted
from beklijf_intake.domain.search.subset import SUBSETTED, Kept
from beklijf_intake.outcome import operation_outcome
from beklijf_shared import http

MEDIA_TYPE = "application/fhir+json"
JSON_TYPES = ("application/fhir+json", "application/json")
ACCEPTABLE = (*JSON_TYPES, "application/*", "*/*")
NDJSON_TYPES = ("application/fhir+ndjson", "application/x-ndjson", "application/ndjson")
FORMATS = ("json", *JSON_TYPES, "application/fhir json")  # a plus sign in a query reads as a space
VERSIONS = ("4.0", "4.0.1")
"""Of FHIR, as the parameter fhirVersion of a media type names them; R4 is what everybody means who names none."""
_REFUSED = re.compile(r"q=0(\.0{0,3})?")
SILENCE_SECONDS = 15.0
"""How long nothing of a body may come; and how much longer all of it may take than it would at the least rate."""
RATE_BYTES_PER_SECOND = 32 * 1024
"""The least rate at which a body may come: 16 MiB in under nine minutes, which a line of a third of a megabit can do."""
BODY_SECONDS = 600.0
"""How long any body may take that is read whole: somewhat more than the largest at the least rate."""
ADDRESS_LIMIT_BYTES = 16 * 1024
PARAMETERS_LIMIT, CHAIN_LIMIT = 100, 3
FORM_TYPES = ("application/x-www-form-urlencoded",)
FORM_LIMIT_BYTES = 64 * 1024

Return = Literal["minimal", "representation", "OperationOutcome"]
SHARED_PARAMETERS = ("_format", "_pretty")
"""Understood everywhere; `_pretty` changes nothing, because what was received is given back as it came."""


@dataclass(frozen=True, slots=True)
class AddressGate:
    """ASGI: refuses, before any routing, an address that holds NUL or no UTF-8, or that costs too much to read.

    One slash at the end says nothing: some clients write one behind the base address, and a redirect would lose the body (H37).
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 400 or 414 itself, or hands on."""
        problem = _wrong_address(scope) if scope["type"] == "http" else None
        if problem is not None:
            await outcome_response([problem], http.SAFE_HEADERS)(scope, receive, send)
        elif scope["type"] == "http" and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            await self.app({**scope, "path": scope["path"][:-1]}, receive, send)
        else:
            await self.app(scope, receive, send)


def _wrong_address(scope: Scope) -> Problem | None:
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    if len(path) + len(query) > ADDRESS_LIMIT_BYTES:
        sentence = f"The address is longer than {ADDRESS_LIMIT_BYTES} bytes. A long search can be sent by POST to <type>/_search."
        return Problem("error", "too-long", None, sentence, 414)
    if not (_is_text(path) and _is_text(query)):
        return Problem("error", "value", None, "The address holds a NUL or is not UTF-8.", 400)
    parameters = query.split(b"&") if query else []
    if len(parameters) > PARAMETERS_LIMIT or any(one.partition(b"=")[0].count(b".") > CHAIN_LIMIT for one in parameters):
        sentence = f"An address may have {PARAMETERS_LIMIT} parameters, and a parameter {CHAIN_LIMIT} points in its name."
        return Problem("error", "too-costly", None, sentence, 400)
    return None


def _is_text(quoted: bytes) -> bool:
    plain = unquote_to_bytes(quoted)
    if b"\x00" in plain:
        return False
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check_accept(request: Request, more: Sequence[str] = ()) -> None:
    """Refuses (406) a request that asks for anything but JSON, or `more` where a route answers that; `_format` overrides Accept."""
    wanted = request.query_params.get("_format") if request.scope["query_string"] else None
    if wanted is not None:
        if not _allows(wanted, FORMATS):
            _refuse(406, "not-supported", "Only FHIR R4 in JSON is answered here: _format must be json.")
        return
    accept = request.headers.get("accept")
    if accept and not _allows(accept, (*ACCEPTABLE, *more)):
        _refuse(406, "not-supported", f"Only FHIR R4 in JSON is answered here: Accept must allow {MEDIA_TYPE}.")


@lru_cache(maxsize=64)
def _allows(accept: str, kinds: Sequence[str]) -> bool:
    """Whether one of the media types that are asked for is of these kinds: not one with weight 0, and not one of another FHIR version."""
    for part in accept.split(","):
        kind, *parameters = (text.strip().lower() for text in part.split(";"))
        if kind in kinds and not _other_version(parameters) and not any(_REFUSED.fullmatch(one) for one in parameters):
            return True
    return False


def _other_version(parameters: Iterable[str]) -> bool:
    """Whether the parameters of a media type ask for another version of FHIR than R4 (R4, http, 3.1.0.1.11)."""
    given = (one.partition("=") for one in parameters)
    return any(name.strip().lower() == "fhirversion" and value.strip().strip('"') not in VERSIONS for name, _, value in given)


def check_content(request: Request, kinds: Sequence[str] = JSON_TYPES) -> None:
    """Refuses (415) a body that is not JSON (or of another of these `kinds`) in UTF-8, sent as it is."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() not in kinds:
        _refuse(415, "not-supported", f"The body must be sent as Content-Type: {kinds[0]}.")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            _refuse(415, "not-supported", "The body must be UTF-8.")
    if _other_version(parameters.split(";")):
        _refuse(415, "not-supported", "The body must be FHIR R4: fhirVersion is 4.0, or is left out.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        _refuse(415, "not-supported", "A compressed body is not accepted: send it without Content-Encoding.")


async def body_of(request: Request, limit: int) -> bytes:
    """The body, up to `limit` bytes, as long as it comes fast enough; refuses with 413 or 408 and closes the connection then."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        _too_long(limit)
    chunks, length, now = [], 0, asyncio.get_running_loop().time
    began = now()
    try:
        async with asyncio.timeout_at(began + SILENCE_SECONDS) as patience:
            more = True
            while more:  # not `request.stream()`, whose generator costs as much as all the rest here
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    _refuse(400, "incomplete", "The body ended before it was complete.")
                chunk, more = message.get("body", b""), message.get("more_body", False)
                length += len(chunk)
                if length > limit:
                    _too_long(limit)
                chunks.append(chunk)
                if more:
                    patience.reschedule(_patience_ends(began, now(), length, BODY_SECONDS))
    except TimeoutError:
        _too_slow()
    return b"".join(chunks)


async def pieces_of(request: Request, size: int) -> AsyncIterator[bytes]:
    """A body of any length in pieces of at least `size` bytes, the last one apart; refuses with 408 when it comes too slowly.

    It may take as long as it likes, because whoever takes the pieces keeps none of them in memory; but not at a drip.
    """
    arriving, piece, length, now = aiter(request.stream()), bytearray(), 0, asyncio.get_running_loop().time
    began = now()
    try:
        while True:
            async with asyncio.timeout_at(_patience_ends(began, now(), length)):
                chunk = await anext(arriving, None)
            if chunk is None:
                break
            piece += chunk
            length += len(chunk)
            if len(piece) >= size:
                paused = now()
                yield bytes(piece)
                began += now() - paused  # what the pieces are put aside in is no fault of the sender's
                piece.clear()
    except TimeoutError:
        _too_slow()
    except ClientDisconnect:
        _refuse(400, "incomplete", "The body ended before it was complete.")
    if piece:
        yield bytes(piece)


def _patience_ends(began: float, now: float, length: int, most: float = math.inf) -> float:
    """When the next piece must be there: soon; not so late that the whole comes slower than the least rate; nor ever beyond `most`."""
    return min(now + SILENCE_SECONDS, began + SILENCE_SECONDS + length / RATE_BYTES_PER_SECOND, began + most)


@dataclass(frozen=True, slots=True)
class Preference:
    """What `Prefer` asks for. `wanted`: what comes back, None when it does not say; `strict`: refuse what is not understood."""

    wanted: Return | None = None
    strict: bool = False


NO_PREFERENCE = Preference()


def preference(request: Request) -> Preference:
    """The preferences that we know; the first of a kind holds (RFC 7240), all others are no business of ours."""
    if "prefer" not in request.headers:
        return NO_PREFERENCE
    said: dict[str, str] = {}
    for part in re.split(r"[;,]", ",".join(request.headers.getlist("prefer"))):
        name, _, value = part.partition("=")
        said.setdefault(name.strip().lower(), value.strip().strip('"'))
    wanted = next((known for known in get_args(Return) if known == said.get("return")), None)
    return Preference(wanted, said.get("handling") == "strict")


def parameters_ignored(request: Request, known: Collection[str]) -> list[Problem]:
    """A warning for each parameter of the query that is not understood; refuses (400) where `Prefer: handling=strict` asks to."""
    if not request.scope["query_string"]:
        return []
    ignored = [name for name in request.query_params if name not in known and name not in SHARED_PARAMETERS]
    if not ignored:
        return []
    sentence = f"{len(ignored)} parameter(s) in the address are not known here. Known: {', '.join(sorted({*known, *SHARED_PARAMETERS}))}."
    if preference(request).strict:
        _refuse(400, "not-supported", sentence)
    return [Problem("warning", "not-supported", None, f"{sentence} They were ignored.", 200)]


def pairs_of(encoded: bytes, maximum: int) -> list[tuple[str, str]]:
    """The parameters of a query or a form; refuses (400) more than `maximum`, and what is no text."""
    if encoded.count(b"&") >= maximum:
        _refuse(400, "too-costly", f"At most {maximum} parameters may be given.")
    if not _is_text(encoded):
        _refuse(400, "value", "The parameters hold a NUL or are not UTF-8.")
    return parse_qsl("".join(chr(one) if one < 128 else f"%{one:02X}" for one in encoded), keep_blank_values=True)


def is_unchanged(request: Request, number: int, received_at: datetime) -> bool:
    """Whether the version that a reader has is still the one: If-None-Match, or where that is absent If-Modified-Since."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return any(tag.strip() == "*" or version_wanted(tag.strip()) == number for tag in known.split(","))
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and received_at.replace(microsecond=0) <= since


def if_match(request: Request) -> int | None:
    """The version that If-Match names, None without the header. Refuses (400) what is no version of ours, and other conditions."""
    for name in ("if-none-match", "if-unmodified-since"):
        if name in request.headers:
            _refuse(400, "not-supported", f"{name.title()} is not supported when storing. Use If-Match, or If-None-Exist to create.")
    header = request.headers.get("if-match")
    if header is None:
        return None
    number = version_wanted(header)
    if number is None:
        _refuse(400, "value", 'If-Match must be a version like W/"3".')
    return number


def query_of(request: Request) -> str:
    """The criteria of a conditional update: the query as sent, without what is understood everywhere."""
    return "&".join(part for part in request.url.query.split("&") if part.partition("=")[0] not in SHARED_PARAMETERS)


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None, *, media_type: str = MEDIA_TYPE) -> Response:
    """A FHIR resource, as an object or as the bytes of one; or another document, with its own media type."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Response(body, status, headers, media_type=media_type)


def outcome_response(problems: Sequence[Problem], headers: Mapping[str, str] | None = None) -> Response:
    """An OperationOutcome with the status that answers for all its problems."""
    status = status_of(problems)
    more = {"Connection": "close"} if status in (408, 413) else {}  # what is left of the body is not read
    return json_response(operation_outcome(problems), status, {**(headers or {}), **more})


def not_a_request(status: int, sentence: str) -> tuple[str, bytes]:
    """How what cannot even be understood as HTTP is answered: media type and body."""
    codes: dict[int, IssueCode] = {408: "timeout", 431: "too-long"}
    outcome = operation_outcome([Problem("fatal", codes.get(status, "structure"), None, sentence, status)])
    return MEDIA_TYPE, msgspec.json.encode(outcome)


def stamped(body: bytes, id_: str, number: int, received_at: datetime, keeps: Kept | None = None) -> bytes:
    """The resource as received, element by element to the byte, with the id, version and receipt that are ours to say.

    With `keeps` only the elements that it names, tagged as a part.
    """
    elements = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    meta = msgspec.json.decode(elements.get("meta", b"{}"), type=dict[str, msgspec.Raw])
    meta["versionId"] = _raw(str(number))
    meta["lastUpdated"] = _raw(instant_with_offset(received_at))
    if keeps is not None:
        elements = {name: value for name, value in elements.items() if keeps(name)}
        meta["tag"] = _raw([*msgspec.json.decode(meta.get("tag", b"[]"), type=list[msgspec.Raw]), SUBSETTED])
    head = {"resourceType": elements["resourceType"], "id": _raw(id_), "meta": _raw(meta)}
    return msgspec.json.encode(head | {name: value for name, value in elements.items() if name not in head})


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def instant_with_offset(at: datetime) -> str:
    """A FHIR instant in UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def version_headers(number: int, received_at: datetime) -> dict[str, str]:
    """ETag and Last-Modified of a version."""
    return {"ETag": f'W/"{number}"', "Last-Modified": _http_date(received_at.replace(microsecond=0))}


@lru_cache(maxsize=8)
def _http_date(second: datetime) -> str:
    return format_datetime(second, usegmt=True)


def _too_slow() -> NoReturn:
    rate = f"less than {RATE_BYTES_PER_SECOND // 1024} KiB a second"
    _refuse(408, "timeout", f"The body came too slowly: nothing for {SILENCE_SECONDS:g} seconds, or all in all {rate}.")


def _too_long(limit: int) -> NoReturn:
    _refuse(413, "too-long", f"The body is larger than {limit} bytes. Send several smaller requests.")


def _refuse(status: int, code: IssueCode, sentence: str) -> NoReturn:
    raise Refused([Problem("error", code, None, sentence, status)])
