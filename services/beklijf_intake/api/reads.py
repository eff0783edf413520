"""Reads within a batch: each goes the way that the same request alone would go, through every check, and is answered in its entry."""

from __future__ import annotations

from collections.abc import MutableMapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request

from beklijf_intake import bundle, exchange
from beklijf_intake.api.door import ROOT
from beklijf_intake.domain.problem import Problem
from beklijf_intake.outcome import operation_outcome

TOGETHER_BYTES = 16 * 1024 * 1024
_LIKE_THE_BATCH = ("authorization", "host", "prefer")
_UNESCAPED = "%/?&=:@!$'()*+,;~|-._"
Message = MutableMapping[str, Any]


class Reads:
    """The reads of one batch, which together stay within what one answer may hold."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._left = TOGETHER_BYTES

    async def answer(self, entry: bundle.Entry) -> dict[str, Any]:
        """What the entry is answered with: the resource or Bundle asked for, or why there is none."""
        if self._left <= 0:
            sentence = "The reads of this batch are too much for one answer. Ask for the rest in another one."
            outcome = operation_outcome([Problem("error", "too-costly", None, sentence, 413)])
            return {"response": {"status": "413", "outcome": outcome}}
        status, headers, body = await self._asked(entry)
        self._left -= len(body)
        response: dict[str, Any] = {"status": f"{status} {HTTPStatus(status).phrase}"}
        if "etag" in headers:
            response["etag"] = headers["etag"]
        if "last-modified" in headers:
            response["lastModified"] = exchange.instant_with_offset(parsedate_to_datetime(headers["last-modified"]))
        if status == HTTPStatus.OK:
            return {"resource": msgspec.Raw(body), "response": response}
        return {"response": response | ({"outcome": msgspec.Raw(body)} if body else {})}

    async def _asked(self, entry: bundle.Entry) -> tuple[int, Headers, bytes]:
        said: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            said.append(message)

        await self._request.app(self._scope(entry), receive, send)
        start = next(message for message in said if message["type"] == "http.response.start")
        body = b"".join(message.get("body", b"") for message in said if message["type"] == "http.response.body")
        return start["status"], Headers(raw=list(start["headers"])), body

    def _scope(self, entry: bundle.Entry) -> Message:
        """The same request alone. Nothing of the batch goes along but who asks, and what it prefers."""
        path, _, query = quote(f"{ROOT}/{entry.url}", safe=_UNESCAPED).partition("?")
        headers = [(name.encode(), value.encode()) for name, value in self._request.headers.items() if name in _LIKE_THE_BATCH]
        if entry.if_none_match is not None:
            headers.append((b"if-none-match", entry.if_none_match.encode()))
        kept = {name: self._request.scope.get(name) for name in ("type", "asgi", "http_version", "scheme", "client", "server", "state")}
        at = {"path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": ""}
        return {**kept, **at, "method": "GET", "headers": headers}
