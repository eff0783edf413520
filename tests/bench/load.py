"""A load generator that costs little: raw HTTP/1.1 over kept connections, requests made beforehand, answers only counted.

It shares the processors with what it measures, so every microsecond of its own would be charged to the server.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
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


def post(path: str, body: bytes, host: str = "127.0.0.1") -> bytes:
    """One POST of a FHIR resource as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def run(port: int, requests: Iterable[bytes], *, clients: int, rate: float | None = None) -> Load:
    """Sends all requests over so many connections, as fast as answers come, or at `rate` per second."""
    return asyncio.run(_run(port, iter(requests), clients, rate))


async def _run(port: int, requests: Iterator[bytes], clients: int, rate: float | None) -> Load:
    load, started = Load(), time.perf_counter()
    await asyncio.gather(*(_client(port, requests, load, _pace(started, rate)) for _ in range(clients)))
    load.seconds = time.perf_counter() - started
    return load


def _pace(started: float, rate: float | None) -> Iterator[float]:
    """The moments at which requests may leave; shared by nobody, so that clients stay independent."""
    number = 0
    while True:
        yield 0.0 if rate is None else started + number / rate
        number += 1


async def _client(port: int, requests: Iterator[bytes], load: Load, pace: Iterator[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for request in requests:
            wait = next(pace) - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            started = time.perf_counter()
            writer.write(request)
            load.statuses[await _answer(reader)] += 1
            load.latencies.append(time.perf_counter() - started)
    finally:
        writer.close()
        await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> int:
    """Reads one answer to its end; gives its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().find(b"content-length:")
    length = int(head[at + 15 : head.index(b"\r\n", at)]) if at >= 0 else 0
    if length:
        await reader.readexactly(length)
    return int(head[9:12])
