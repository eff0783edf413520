"""Sending FHIR resources to intake: many at a time over kept connections, again after a failure, with a receipt at the end.

Sending the same content again has no effect there (M11), so a failed or unanswered request is simply repeated. What is about
one patient goes over one connection in the order of the file; patients go side by side. Resources travel in Bundles of type
batch, which intake takes entry by entry: a request's own cost is shared, and the receipt still says what became of each.
"""

from __future__ import annotations

import queue
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from beklijf import receipt, retry
from beklijf.journal import Journal
from beklijf.receipt import PushFailedError, Receipt, Refusal

__all__ = ["Item", "PushFailedError", "Receipt", "Refusal", "items_of", "push"]

WORKERS = 4
QUEUE_SIZE = 2
BATCH_ENTRIES = 200
"""As many as intake stores in one transaction."""
BATCH_BYTES = 1024 * 1024
REQUEST_TIMEOUT_SECONDS = 60.0
GIVE_UP_SECONDS = retry.GIVE_UP_SECONDS
JSON_TYPE = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Item:
    """One resource or Bundle as it stands in a file, unchanged, and where it stands."""

    place: str
    body: bytes


class _Seen(msgspec.Struct):
    """What must be known of a resource to send it: its type, and whom it is about."""

    resourceType: str  # noqa: N815 as FHIR has it
    identifier: Any = None
    subject: Any = None
    patient: Any = None


_SEEN = msgspec.json.Decoder(_Seen)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """An item on its way: its place among all that are pushed, and its type."""

    number: int
    item: Item
    kind: str

    @property
    def entry(self) -> bytes:
        """It as an entry of a batch, its own bytes untouched."""
        return b'{"resource":' + self.item.body + b',"request":{"method":"POST","url":"' + self.kind.encode() + b'"}}'


Batch = list[_Parcel]


def items_of(file: Path) -> Iterator[Item]:
    """The resources of a file: NDJSON one per line (`.ndjson`, `.jsonl`), otherwise one JSON resource or Bundle."""
    if file.suffix in {".ndjson", ".jsonl"}:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield Item(f"{file.name}:{number}", line.strip())
    else:
        yield Item(file.name, file.read_bytes())


def push(
    items: Iterable[Item],
    base_url: str,
    auth: httpx.Auth | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    singly: bool = False,
    journal: Journal | None = None,
) -> Receipt:
    """Send all items to the FHIR base address (`http://.../fhir`) and count the answers; `progress` is told how many more are done.
    `auth` says who sends (`beklijf.token`); without it the receiver's default counts, where it has one. `singly`: one resource a
    request; `journal`: what was answered before is not sent again, and counts.

    Raises PushFailedError when an item gets no answer about itself; what was sent until then has had its effect.
    """
    sender = _Sender(base_url.rstrip("/"), auth, progress, 1 if singly else BATCH_ENTRIES, journal or Journal(None, ""))
    return sender.run(items)


@dataclass(slots=True)
class _Lane:
    """What one worker is to send: batches that wait, and the one that is being filled."""

    entries: int
    waiting: queue.Queue[Batch | None] = field(default_factory=lambda: queue.Queue(QUEUE_SIZE))
    filling: Batch = field(default_factory=list)
    size: int = 0

    def add(self, parcel: _Parcel) -> None:
        """Takes one more; what is large, a Bundle, or of no type that could stand in an address travels alone."""
        alone = parcel.kind == "Bundle" or not parcel.kind.isalpha() or len(parcel.item.body) > BATCH_BYTES
        if alone or self.size + len(parcel.item.body) > BATCH_BYTES:
            self.flush()
        self.filling.append(parcel)
        self.size += len(parcel.item.body)
        if alone or len(self.filling) >= self.entries:
            self.flush()

    def flush(self) -> None:
        """Hands over what is there; waits while the worker is behind."""
        if self.filling:
            self.waiting.put(self.filling)
            self.filling, self.size = [], 0


class _Sender:
    """Workers with a lane each; an item's patient decides which worker sends it."""

    def __init__(self, base_url: str, auth: httpx.Auth | None, progress: Callable[[int], None], entries: int, journal: Journal) -> None:
        self._base_url, self._progress = base_url, progress
        headers = {"Content-Type": JSON_TYPE, "Accept": JSON_TYPE}
        limits = httpx.Limits(max_connections=WORKERS, max_keepalive_connections=WORKERS)
        self._client = httpx.Client(headers=headers, auth=auth, timeout=REQUEST_TIMEOUT_SECONDS, limits=limits)
        self._lanes = [_Lane(entries) for _ in range(WORKERS)]
        self._journal, self._lock = journal, threading.Lock()
        self._failure: Exception | None = None

    def run(self, items: Iterable[Item]) -> Receipt:
        workers = [threading.Thread(target=self._work, args=(lane.waiting,), daemon=True) for lane in self._lanes]
        for worker in workers:
            worker.start()
        for number, item in enumerate(items):
            if self._failure is not None:
                break
            if self._journal.is_done(number):
                self._progress(1)
            else:
                self._take(number, item)
        for lane in self._lanes:
            lane.flush()
            lane.waiting.put(None)
        for worker in workers:
            worker.join()
        self._client.close()
        self._journal.save()
        if self._failure is not None:
            raise self._failure
        total = self._journal.receipt
        total.refusals = [refusal for _, refusal in sorted(self._journal.refusals, key=lambda one: one[0])]  # as in the file
        return total

    def _take(self, number: int, item: Item) -> None:
        try:
            seen = _SEEN.decode(item.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._count(number, Receipt(1, refusals=[Refusal(item.place, 0, ("not sent: no JSON object with a resourceType",))]))
            return
        self._lanes[_lane(seen, item.body)].add(_Parcel(number, item, seen.resourceType))

    def _work(self, waiting: queue.Queue[Batch | None]) -> None:
        while (batch := waiting.get()) is not None:
            if self._failure is not None:
                continue  # drained, so that whoever fills the lane is never blocked
            try:
                for parcel, part in zip(batch, self._send(batch), strict=True):
                    self._count(parcel.number, part)
            except Exception as error:  # noqa: BLE001 whatever it is, it ends the push and not only this worker
                self._failure = error

    def _count(self, number: int, part: Receipt) -> None:
        with self._lock:
            self._journal.answered(number, part)
        self._progress(1)

    def _send(self, batch: Batch) -> Iterator[Receipt]:
        """A receipt for each. A batch that is refused as a whole is sent one by one, so that only the culprit is refused."""
        if len(batch) > 1:
            body = b'{"resourceType":"Bundle","type":"batch","entry":[' + b",".join(parcel.entry for parcel in batch) + b"]}"
            response = self._answered(batch[0].item.place, self._base_url, body)
            said = receipt.of_batch([(parcel.item.place, parcel.kind) for parcel in batch], response)
            if said is not None:
                yield from said
                return
        for parcel in batch:
            url = self._base_url if parcel.kind == "Bundle" else f"{self._base_url}/{parcel.kind}"
            yield receipt.of_answer(parcel.item.place, parcel.kind, self._answered(parcel.item.place, url, parcel.item.body))

    def _answered(self, place: str, url: str, body: bytes) -> httpx.Response:
        """Repeat the same content until there is an answer about it."""
        return retry.answered(place, url, lambda: self._client.post(url, content=body), GIVE_UP_SECONDS)


def _lane(seen: _Seen, body: bytes) -> int:
    """Which worker: the same for everything about one patient, so that an amendment is never sent before its original."""
    return zlib.crc32(_patient(seen) or body) % WORKERS


def _patient(seen: _Seen) -> bytes:
    """The pseudonym of whom a resource is about; empty where none can be seen."""
    reference = seen.subject or seen.patient
    identifier = reference.get("identifier") if isinstance(reference, dict) else seen.identifier
    found = identifier[0] if isinstance(identifier, list) and identifier else identifier
    return str(found.get("value", "")).encode() if isinstance(found, dict) else b""
