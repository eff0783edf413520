"""A load generator that costs little: raw HTTP/1.1 over kept connections, requests made beforehand, answers only counted.

It shares the processors with what it measures, so every microsecond of its own would be charged to the server.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came of one run: seconds of wall time, answers by status, and every latency in seconds."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers per second over the whole run."""
        return sum(self.statuses.values()) / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """The latency in milliseconds below which this share of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


def post(path: str, body: bytes) -> bytes:
    """One POST of a FHIR resource as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


Heard = Callable[[bytes, float], None]
"""What becomes of an answer: its head, and the moment at which it was there."""


def run(port: int, requests: Iterable[bytes], *, clients: int, rate: float | None = None, heard: Heard = lambda *_: None) -> Load:
    """Sends all requests over so many connections, as fast as answers come, or at `rate` per second of all of them together."""
    return asyncio.run(_run(port, iter(requests), clients, rate, heard))


async def _run(port: int, requests: Iterator[bytes], clients: int, rate: float | None, heard: Heard) -> Load:
    load, started = Load(), time.perf_counter()
    paced = zip(requests, _pace(started, rate), strict=False)
    await asyncio.gather(*(_client(port, paced, load, heard) for _ in range(clients)))
    load.seconds = time.perf_counter() - started
    return load


def _pace(started: float, rate: float | None) -> Iterator[float]:
    """The moments at which requests may leave."""
    number = 0
    while True:
        yield 0.0 if rate is None else started + number / rate
        number += 1


async def _client(port: int, paced: Iterator[tuple[bytes, float]], load: Load, heard: Heard) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for request, at in paced:
            wait = at - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            started = time.perf_counter()
            writer.write(request)
            head = await _answer(reader)
            ended = time.perf_counter()
            load.statuses[int(head[9:12])] += 1
            load.latencies.append(ended - started)
            heard(head, ended)
    finally:
        writer.close()
        await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Reads one answer to its end; gives its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().find(b"content-length:")
    length = int(head[at + 15 : head.index(b"\r\n", at)]) if at >= 0 else 0
    if length:
        await reader.readexactly(length)
    return head
