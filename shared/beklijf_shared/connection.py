"""One HTTP connection that cannot be held open, or filled, by somebody who never finishes a request.

The server behind it reads headers without limit of time or size, and lets a request without Host through. What is refused here never
becomes a request: it is answered and the connection is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_SECONDS = 10.0
"""From the first byte of a request, or from connecting, to the end of its headers."""
HEADERS_MAXIMUM_BYTES = 64 * 1024
LINGER_SECONDS = 1.0
REASONS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}

Refusal = Callable[[int, str], tuple[str, bytes]]
"""From status and sentence to media type and body."""


def plain(_: int, sentence: str) -> tuple[str, bytes]:
    """A refusal as text."""
    return "text/plain; charset=utf-8", sentence.encode()


class GuardedConnection(HttpToolsProtocol):
    """The protocol of one connection; `refusal` says how this service words what it refuses."""

    refusal: Refusal = staticmethod(plain)
    _waiting: asyncio.TimerHandle | None = None
    _reason: tuple[int, str] | None = None
    _refused = False
    _arrived = _said = 0
    """Bytes since the request began, while its headers are incomplete; and bytes of the headers that are complete."""

    def connection_made(self, transport: Any) -> None:
        """Somebody connects, and should say what for."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of headers or of a body; of what is refused already, the rest is thrown away."""
        if self._refused:
            return
        super().data_received(data)
        if self._waiting is not None:
            self._arrived += len(data)
            self._limit(self._arrived)
            if self._reason is not None and not self._refused:
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._arrived = self._said = 0
        self._wait()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the address; raises once it is too long."""
        self._said += len(url)
        self._limit(self._said)
        self._check()
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; raises once they are too many."""
        self._said += len(name) + len(value)
        self._limit(self._said)
        self._check()
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are there; raises where they do not say for whom (RFC 9112, 3.2)."""
        self._stop_waiting()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._reason = 400, "A request names its Host, once."
            self._check()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 the sentence is ours
        """Answers what is no request, and closes; a moment later, because closing at once would take the answer along with the unread."""
        self._refused = True
        self._stop_waiting()
        status, sentence = self._reason or (400, "This is no HTTP request that can be understood.")
        media_type, body = type(self).refusal(status, sentence)
        head = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n"
            "x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._waiting = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def eof_received(self) -> None:
        """The other side has said all, and, where it was refused, has read it."""
        if self._refused:
            self.transport.close()
        super().eof_received()

    def _limit(self, length: int) -> None:
        if length > HEADERS_MAXIMUM_BYTES and self._reason is None:
            self._reason = 431, f"The headers are larger than {HEADERS_MAXIMUM_BYTES} bytes."

    def _check(self) -> None:
        if self._reason is not None:
            raise ValueError(self._reason[1])  # the parser stops, and asks for the answer above

    def _wait(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(HEADERS_SECONDS, self._too_late)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_late(self) -> None:
        if not self.transport.is_closing():
            self._reason = 408, f"The headers did not arrive within {HEADERS_SECONDS:g} seconds."
            self.send_400_response("")


def guarded(refusal: Refusal) -> type[GuardedConnection]:
    """The protocol for a service that words its refusals like this."""
    return type("GuardedConnection", (GuardedConnection,), {"refusal": staticmethod(refusal)})
