"""Fetching what a sender points to: https only, from hosts on a list, never from a private network, never by a redirect.

The name is resolved once, every address it has must be public, and the connection goes to that very address; so a name that changes its
mind between the question and the connection gains nothing.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from beklijf_intake import front_door
from beklijf_intake.domain.problem import Refused

CHUNK_BYTES = 1024 * 1024
MANIFEST_LIMIT_BYTES = 1024 * 1024
FILES_LIMIT = 1_000
URL_LIMIT_CHARACTERS = 2_000
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
WHOLE_SECONDS = 4 * 3600.0


class CannotFetch(Exception):
    """It is not fetched; the sentence says why and may be shown to the sender: it holds nothing of the address or of the answer."""


@dataclass(frozen=True, slots=True)
class Sources:
    """From where files may be fetched: host names, with a port where it is not 443; and what makes a connection trusted."""

    hosts: frozenset[str]
    is_public: Callable[[str], bool]
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context


def check(url: str, hosts: Collection[str]) -> tuple[str, int, str]:
    """Host, port and path of an address that may be fetched from; raises CannotFetch."""
    if not hosts:
        raise CannotFetch("This registry fetches from nowhere: BEKLIJF_IMPORT_SOURCES names no host. Send the files themselves.")
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        raise CannotFetch("The address cannot be read.") from None
    if len(url) > URL_LIMIT_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise CannotFetch(f"An address is at most {URL_LIMIT_CHARACTERS} printable ASCII characters.")
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.password is not None:
        raise CannotFetch("An address begins with https:// and names no user.")
    if (parts.hostname if port == 443 else f"{parts.hostname}:{port}") not in hosts:
        raise CannotFetch("The host is not one that this registry fetches from (BEKLIJF_IMPORT_SOURCES).")
    return parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def fetch(url: str, sources: Sources, write: Callable[[bytes], Any], goes_on: Callable[[], bool], *, limit: int | None = None) -> None:
    """Hands the content of an address to `write`, piece by piece; raises CannotFetch."""
    host, port, path = check(url, sources.hosts)
    connection = _Pinned(host, port, _address(host, port, sources), sources.context())
    try:
        connection.request("GET", path, headers={"Accept-Encoding": "identity", "User-Agent": "beklijf"})
        with connection.getresponse() as response:
            _check_answer(response)
            _copy(response, write, goes_on, limit)
    except (OSError, http.client.HTTPException) as error:
        raise CannotFetch(f"The host could not be read from ({type(error).__name__}).") from None
    finally:
        connection.close()


def _check_answer(response: http.client.HTTPResponse) -> None:
    if response.status != 200:
        more = " Redirects are not followed." if 300 <= response.status < 400 else ""
        raise CannotFetch(f"The host answered with status {response.status}.{more}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise CannotFetch("The host sent the file compressed although it was asked not to.")


def _copy(response: http.client.HTTPResponse, write: Callable[[bytes], Any], goes_on: Callable[[], bool], limit: int | None) -> None:
    deadline, length = time.monotonic() + WHOLE_SECONDS, 0
    while chunk := response.read(CHUNK_BYTES):
        length += len(chunk)
        if limit is not None and length > limit:
            raise CannotFetch(f"It is larger than {limit} bytes.")
        if time.monotonic() > deadline or not goes_on():
            raise CannotFetch(f"It did not arrive within {WHOLE_SECONDS:g} seconds.")
        write(chunk)
    if response.length:
        raise CannotFetch("The host ended before the file was complete.")


def links_of(manifest: bytes, url: str) -> Sequence[str]:
    """The addresses that a Bulk Data manifest lists under `output`, in its order; raises CannotFetch."""
    try:
        listed = front_door.parse(manifest, limit=MANIFEST_LIMIT_BYTES).get("output")
    except Refused as refused:
        raise CannotFetch(f"The manifest is no JSON: {refused.problems[0].sentence}") from None
    if type(listed) is not list or len(listed) > FILES_LIMIT:
        raise CannotFetch(f"The manifest must have an array `output` of at most {FILES_LIMIT} files.")
    links = [one.get("url") if type(one) is dict else None for one in listed]
    if not all(type(link) is str for link in links):
        raise CannotFetch("Each file of the manifest's `output` must have a url.")
    return [urljoin(url, link) for link in links if link is not None]


def _address(host: str, port: int, sources: Sources) -> str:
    """The address that a name has; every one it has must be public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise CannotFetch("The host's name is not known.") from None
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(sources.is_public(address) for address in addresses):
        raise CannotFetch("The host has an address of a private network; nothing is fetched from there.")
    return addresses[0]


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address, whatever the name may mean by now; the certificate must be the name's."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=SILENCE_SECONDS, context=context)
        self._pinned, self._trust = address, context

    def connect(self) -> None:
        """TCP to the address, TLS with the name."""
        plain = socket.create_connection((self._pinned, self.port), CONNECT_SECONDS)
        plain.settimeout(SILENCE_SECONDS)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)
