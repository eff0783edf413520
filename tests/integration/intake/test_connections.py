"""Requests as no library would send them, over a raw socket: answered quickly, the connection closed, nothing stored (H03 to H09, H38)."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from beklijf_intake import exchange, front_door
from beklijf_shared import connection
from tests.integration.intake.test_api import Door, door, running
from tests.lib import builders
from tests.lib.databases import Databases
from tests.lib.importing import Counter, counter

__all__ = ["door", "running"]

POST = b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
BODY = json.dumps(builders.patient()).encode()
ANSWER_SECONDS = 90
DRIP_PIECES, DRIP_PAUSE_SECONDS = 60_000, 0.02
DRIP_SECONDS = DRIP_PIECES * DRIP_PAUSE_SECONDS
"""Of a body that drips without a long pause: so long it would take if it were waited for."""


@contextmanager
def line(client: httpx.Client) -> Iterator[socket.socket]:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=ANSWER_SECONDS) as found:
        yield found


@pytest.fixture(scope="module")
def importing(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """A door that takes archives too."""
    with counter(databases("intake"), tmp_path_factory.mktemp("spool"), importing=False) as one:
        yield one


def said(open_line: socket.socket) -> bytes:
    """All that comes until the server closes."""
    return b"".join(iter(lambda: open_line.recv(65_536), b""))


def refusal(answer: bytes) -> tuple[int, str]:
    """Status, and issue code of the OperationOutcome."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/fhir+json" in head
    assert b"connection: close" in head.lower()
    return int(head.split(b" ")[1]), str(json.loads(body)["issue"][0]["code"])


@pytest.mark.parametrize(
    ("id", "sent", "expected"),
    [
        ("H05", POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400, "structure")),
        ("H05-reversed", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", (400, "structure")),
        ("H06", POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}", (400, "structure")),
        ("H08-one", POST + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n", (431, "too-long")),
        ("H08-many", POST + b"X-Many: aaaaaaaaaa\r\n" * 20_000 + b"\r\n", (431, "too-long")),
        ("H08-line", b"GET /fhir/Patient?x=" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (431, "too-long")),
        ("H24", b"GET /fhir/Patient?_id=" + b"1" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (431, "too-long")),
        ("H09", b"GET /fhir/metadata HTTP/1.1\r\n\r\n", (400, "structure")),
        ("H09-twice", b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", (400, "structure")),
        ("no-http", b"hello\r\n\r\n", (400, "structure")),
        ("folded", POST + b"X-Folded: a\r\n b\r\nContent-Length: -5\r\n\r\n", (400, "structure")),
        ("two-lines", POST + b"X-A: a\rX-B: b\r\n\r\n", (400, "structure")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_request_is_refused_and_the_connection_closed(door: Door, id: str, sent: bytes, expected: tuple[int, str]) -> None:
    with line(door.client) as open_line:
        open_line.sendall(sent)
        answer = said(open_line)

    assert refusal(answer) == expected
    assert door.registry.rows("SELECT count(*) FROM resource") == [0]


def test_a_chunk_without_a_size_ends_the_request(door: Door) -> None:
    with line(door.client) as open_line:
        open_line.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + BODY)

        assert refusal(said(open_line)) == (400, "structure")
    assert door.registry.rows("SELECT count(*) FROM resource") == [0]


def drip(open_line: socket.socket, pieces: Iterable[bytes], pause: float) -> bytes:
    """Sends piece after piece, and between any two waits so long for an answer; gives what was answered, at once when something was."""
    for piece in pieces:
        open_line.sendall(piece)
        if select.select([open_line], [], [], pause)[0]:
            break
    return said(open_line)


def as_chunks(body: bytes, size: int) -> Iterator[bytes]:
    """A body of unknown length, in chunks."""
    for start in range(0, len(body), size):
        part = body[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def test_a_body_that_stops_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert exchange.SILENCE_SECONDS <= 15
    monkeypatch.setattr(exchange, "SILENCE_SECONDS", 0.2)

    with line(door.client) as open_line:
        open_line.sendall(POST + b"Content-Length: 100\r\n\r\n" + BODY[:10])

        assert refusal(said(open_line)) == (408, "timeout")


@pytest.mark.parametrize(
    ("address", "kind"),
    [(b"/Patient", b"fhir+json"), (b"", b"fhir+json"), (b"/$reconcile", b"x-ndjson"), (b"/$import", b"fhir+ndjson")],
    ids=["resource", "Bundle", "list", "archive"],
)
def test_a_body_that_drips_is_not_waited_for(importing: Counter, monkeypatch: pytest.MonkeyPatch, address: bytes, kind: bytes) -> None:
    """No pause is long, and yet the whole would take hours."""
    monkeypatch.setattr(exchange, "SILENCE_SECONDS", 1.0)
    head = b"POST /fhir%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/%s\r\nContent-Length: 100000\r\n\r\n" % (address, kind)
    began = time.monotonic()

    with line(importing.client) as open_line:
        answer = drip(open_line, (head, *([b" "] * DRIP_PIECES)), DRIP_PAUSE_SECONDS)

    assert refusal(answer) == (408, "timeout")
    assert time.monotonic() - began < DRIP_SECONDS / 10


def test_a_body_that_comes_slowly_and_steadily_is_taken(importing: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """In all it takes longer than anyone may be silent; each pause is a small part of that, for a machine that has much else to do."""
    monkeypatch.setattr(exchange, "SILENCE_SECONDS", 5.0)
    monkeypatch.setattr(exchange, "RATE_BYTES_PER_SECOND", 1_000)
    sent = json.dumps(builders.patient(extension=[{"url": "https://example.org/x", "valueString": "a" * 15_000}])).encode()
    heads = [POST, POST.replace(b"/Patient", b"/$import").replace(b"json", b"ndjson")]

    def answered(head: bytes) -> tuple[bytes, float]:
        began = time.monotonic()
        with line(importing.client) as open_line:
            opening = head + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            answer = drip(open_line, (opening, *as_chunks(sent, 750)), 0.3)
        return answer.split(b" ")[1], time.monotonic() - began

    with ThreadPoolExecutor(len(heads)) as senders:
        answers = list(senders.map(answered, heads))

    assert [status for status, _ in answers] == [b"201", b"202"]
    assert min(seconds for _, seconds in answers) > exchange.SILENCE_SECONDS


def test_no_body_is_waited_for_without_end(importing: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert front_door.BUNDLE_LIMIT_BYTES / exchange.RATE_BYTES_PER_SECOND < exchange.BODY_SECONDS <= 600
    monkeypatch.setattr(exchange, "BODY_SECONDS", 0.5)

    with line(importing.client) as open_line:
        opening = POST + b"Transfer-Encoding: chunked\r\n\r\n"
        answer = drip(open_line, (opening, *as_chunks(b" " * 1_000_000, 1_000)), 0.05)

    assert refusal(answer) == (408, "timeout")


def test_headers_that_drip_are_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert connection.HEADERS_SECONDS <= 10
    monkeypatch.setattr(connection, "HEADERS_SECONDS", 0.5)
    with line(door.client) as open_line, line(door.client) as silent:
        open_line.settimeout(0.05)
        answer = b""
        for byte in POST * 200:
            try:
                open_line.sendall(bytes([byte]))
                answer += open_line.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if answer:
                break

        assert refusal(answer) == (408, "timeout")
        assert refusal(said(silent)) == (408, "timeout")


def test_a_connection_that_is_kept_gets_as_long_for_its_next_request(door: Door) -> None:
    get = b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n"

    with line(door.client) as open_line:
        statuses = []
        for _ in range(3):
            open_line.sendall(get)
            head = b""
            while b"\r\n\r\n" not in head:
                head += open_line.recv(1)
            length = next(int(one.split(b":")[1]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length"))
            while length:
                length -= len(open_line.recv(length))
            statuses.append(int(head.split(b" ")[1]))

    assert statuses == [200, 200, 200]


def test_two_requests_sent_at_once_are_answered_in_order(door: Door) -> None:
    one = b"GET /fhir/Patient/1 HTTP/1.1\r\nHost: x\r\n\r\n"
    two = b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    with line(door.client) as open_line:
        open_line.sendall(one + two)
        answer = said(open_line)

    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"404", b"200"]


def test_a_sender_that_leaves_in_mid_body_leaves_nothing_behind(door: Door, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(20):
        with line(door.client) as open_line:
            open_line.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:-1])

    assert door.post(builders.consent()).status_code == 201
    assert door.registry.rows("SELECT type FROM resource") == ["Consent"]
    assert "Traceback" not in capfd.readouterr().err
