"""Fetching from outside: an address that somebody registered, by https, with nothing followed and nothing trusted beyond it.

A server that fetches what others name is a way into its own network. So: no redirects, no proxies of the environment, no address
that is not public, looked up once and connected to as looked up (a name that answers differently the second time gains nothing),
and limits on bytes and on the whole time.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore

LIMIT_BYTES = 256 * 1024
LIMIT_SECONDS = 5.0
_MAX_AGE = re.compile(rb"(?:^|[\s,])max-age=\"?([0-9]{1,9})", re.IGNORECASE)
_NOT_KEPT = re.compile(rb"(?:^|[\s,])no-(?:store|cache)", re.IGNORECASE)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotFetched(Exception):
    """Nothing came that may be used; the text is a short reason without any part of the address or the answer."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body, and for how many seconds its sender lets it be kept (None: it does not say)."""

    body: bytes
    keep_seconds: int | None


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, and no other address in disguise."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped or found.sixtofour or found.teredo or found in _NAT64):
        return False
    return found.is_global and not found.is_multicast


def fetch(url: str, *, private_networks: bool = False, limit_bytes: int = LIMIT_BYTES, limit_seconds: float = LIMIT_SECONDS) -> Fetched:
    """GETs `url`; raises NotFetched for anything but a 200 within the limits. The caller has checked that `url` is one it knows."""
    guard = _Guard(time.monotonic() + limit_seconds, private_networks)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=guard, max_connections=1) as pool,
            pool.stream("GET", url, headers={"Accept": "application/json"}, extensions={"timeout": _timeouts(limit_seconds)}) as answer,
        ):
            if answer.status != 200:
                raise NotFetched(f"status {answer.status}")
            return Fetched(_limited(answer.iter_stream(), limit_bytes), _keep_seconds(answer.headers))
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise NotFetched(type(error).__name__) from error


def _timeouts(seconds: float) -> dict[str, float]:
    return dict.fromkeys(("connect", "read", "write", "pool"), seconds)


def _limited(chunks: Iterable[bytes], limit: int) -> bytes:
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise NotFetched(f"more than {limit} bytes")
    return body


def _keep_seconds(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    said = b",".join(value for name, value in headers if name.lower() == b"cache-control")
    if _NOT_KEPT.search(said):
        return 0
    found = _MAX_AGE.search(said)
    return int(found[1]) if found else None


class _Guard(httpcore.SyncBackend):
    """Connects to public addresses only, and gives every connection one deadline."""

    def __init__(self, deadline: float, private_networks: bool) -> None:
        super().__init__()
        self._deadline, self._private_networks = deadline, private_networks

    def connect_tcp(self, host: str, port: int, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(address[0]) for *_, address in found]
        if not self._private_networks and not all(is_public(address) for address in addresses):
            raise NotFetched("the address is not public")
        return _Timed(super().connect_tcp(addresses[0], port, *arguments, **options), self._deadline)


class _Timed(httpcore.NetworkStream):
    """A stream whose reads and writes all end at one deadline: a sender that dawdles byte by byte gains nothing."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 the deadline is stricter
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 the deadline is stricter
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(*arguments, **options), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise NotFetched("it took too long")
        return left
