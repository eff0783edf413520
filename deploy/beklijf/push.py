"""Sending FHIR resources to intake: many at a time over kept connections, again after a failure, with a receipt at the end.

Sending the same content again has no effect there (M11), so a failed or unanswered request is simply repeated. What is about
one patient goes over one connection in the order of the file; patients go side by side.
"""

from __future__ import annotations

import json
import queue
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

WORKERS = 16
QUEUE_SIZE = 64
REQUEST_TIMEOUT_SECONDS = 60.0
GIVE_UP_SECONDS = 120.0
LONGEST_PAUSE_SECONDS = 10.0
AGAIN = frozenset({408, 429, 502, 503, 504})
JSON_TYPE = "application/fhir+json"
CHANGES = frozenset({"created", "updated", "outranked"})
"""What intake calls an answer that made it store something; a repeat without effect is `repeated` or `ignored`."""


class PushFailedError(Exception):
    """Intake could not be reached, or did not take a resource for reasons that are not the resource's."""


@dataclass(frozen=True, slots=True)
class Item:
    """One resource or Bundle as it stands in a file, unchanged, and where it stands."""

    place: str
    body: bytes


Numbered = tuple[int, Item]
"""An item and its place among all that are pushed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A resource that was not accepted: where it stands, the status, and what intake says about it."""

    place: str
    status: int
    issues: tuple[str, ...]


@dataclass(slots=True)
class Receipt:
    """What came of it: sent = accepted + duplicate + refused. Not answered means that the push has failed."""

    sent: int = 0
    accepted: int = 0
    duplicate: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many were refused; each is listed."""
        return len(self.refusals)

    def add(self, other: Receipt) -> None:
        """Add what another part of the push counted."""
        self.sent += other.sent
        self.accepted += other.accepted
        self.duplicate += other.duplicate
        self.refusals.extend(other.refusals)


def items_of(file: Path) -> Iterator[Item]:
    """The resources of a file: NDJSON one per line (`.ndjson`, `.jsonl`), otherwise one JSON resource or Bundle."""
    if file.suffix in {".ndjson", ".jsonl"}:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield Item(f"{file.name}:{number}", line.strip())
    else:
        yield Item(file.name, file.read_bytes())


def push(items: Iterable[Item], base_url: str, token: str | None = None, progress: Callable[[], None] = lambda: None) -> Receipt:
    """Send all items to the FHIR base address (`http://.../fhir`) and count the answers; `progress` is called once per item.

    Raises PushFailedError when an item gets no answer about itself; what was sent until then has had its effect.
    """
    sender = _Sender(base_url.rstrip("/"), token, progress)
    return sender.run(items)


class _Sender:
    """Workers with a queue each; an item's patient decides which worker sends it."""

    def __init__(self, base_url: str, token: str | None, progress: Callable[[], None]) -> None:
        self._base_url, self._progress = base_url, progress
        headers = {"Content-Type": JSON_TYPE, "Accept": JSON_TYPE, **({"Authorization": f"Bearer {token}"} if token else {})}
        limits = httpx.Limits(max_connections=WORKERS, max_keepalive_connections=WORKERS)
        self._client = httpx.Client(headers=headers, timeout=REQUEST_TIMEOUT_SECONDS, limits=limits)
        self._queues: list[queue.Queue[Numbered | None]] = [queue.Queue(QUEUE_SIZE) for _ in range(WORKERS)]
        self._total, self._refusals, self._lock = Receipt(), list[tuple[int, Refusal]](), threading.Lock()
        self._failure: Exception | None = None

    def run(self, items: Iterable[Item]) -> Receipt:
        workers = [threading.Thread(target=self._work, args=(own,), daemon=True) for own in self._queues]
        for worker in workers:
            worker.start()
        for number, item in enumerate(items):
            if self._failure is not None:
                break
            self._queues[_lane(item)].put((number, item))
        for own in self._queues:
            own.put(None)
        for worker in workers:
            worker.join()
        self._client.close()
        if self._failure is not None:
            raise self._failure
        self._total.refusals = [refusal for _, refusal in sorted(self._refusals, key=lambda one: one[0])]  # as in the file
        return self._total

    def _work(self, own: queue.Queue[Numbered | None]) -> None:
        while (numbered := own.get()) is not None:
            if self._failure is not None:
                continue  # drained, so that whoever fills the queue is never blocked
            number, item = numbered
            try:
                part = self._send(item)
            except PushFailedError as error:
                self._failure = error
                continue
            with self._lock:
                self._count(number, part)
            self._progress()

    def _count(self, number: int, part: Receipt) -> None:
        self._total.sent += part.sent
        self._total.accepted += part.accepted
        self._total.duplicate += part.duplicate
        self._refusals.extend((number, refusal) for refusal in part.refusals)

    def _send(self, item: Item) -> Receipt:
        try:
            resource = json.loads(item.body)
            kind = str(resource["resourceType"])
        except (ValueError, KeyError, TypeError):
            return Receipt(1, refusals=[Refusal(item.place, 0, ("not sent: no JSON object with a resourceType",))])
        url = self._base_url if kind == "Bundle" else f"{self._base_url}/{kind}"
        return counted(item.place, kind, self._answered(item, url))

    def _answered(self, item: Item, url: str) -> httpx.Response:
        """Repeat the same content until there is an answer about it; pauses grow, Retry-After is honoured."""
        deadline, pause, why = time.monotonic() + GIVE_UP_SECONDS, 0.1, ""
        while time.monotonic() < deadline:
            wait = pause
            try:
                response = self._client.post(url, content=item.body)
                if response.status_code not in AGAIN:
                    return response
                why, wait = f"status {response.status_code}", _retry_after(response, pause)
            except httpx.TransportError as error:
                why = type(error).__name__
            time.sleep(min(wait, LONGEST_PAUSE_SECONDS))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        raise PushFailedError(f"{item.place}: no answer from {url} within {GIVE_UP_SECONDS:.0f} s ({why})")


def counted(place: str, kind: str, response: httpx.Response) -> Receipt:
    """What one answer means; a Bundle's answer counts once per entry."""
    body = _json(response)
    if kind == "Bundle" and response.status_code == 200 and body.get("resourceType") == "Bundle":
        total = Receipt()
        for number, entry in enumerate(body.get("entry") or ()):
            answer = entry.get("response") or {}
            status = int(str(answer.get("status", "0"))[:3])
            total.add(_one(f"{place} entry {number}", status, answer.get("outcome") or {}))
        return total
    if response.status_code >= 500 or response.status_code in {401, 403, 404}:
        raise PushFailedError(f"{place}: intake answered {response.status_code}: {'; '.join(_issues(body)) or response.text[:200]}")
    return _one(place, response.status_code, body, changed=response.headers.get("Beklijf-Outcome") in CHANGES)


def _one(place: str, status: int, body: dict[str, Any], *, changed: bool = False) -> Receipt:
    """201 is new; 200 is an update when intake says so, otherwise something that it knew."""
    if status == 201 or (status == 200 and changed):
        return Receipt(1, accepted=1)
    if 200 <= status < 300:
        return Receipt(1, duplicate=1)
    return Receipt(1, refusals=[Refusal(place, status, tuple(_issues(body)))])


def _issues(body: dict[str, Any]) -> list[str]:
    """The issues of an OperationOutcome, each with the element that it is about."""
    issues = body.get("issue") if body.get("resourceType") == "OperationOutcome" else None
    return [_issue(issue) for issue in issues or ()]


def _issue(issue: dict[str, Any]) -> str:
    where = ", ".join(issue.get("expression") or ())
    text = issue.get("diagnostics") or (issue.get("details") or {}).get("text") or issue.get("code") or "no reason given"
    return f"{where}: {text}" if where else str(text)


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(response: httpx.Response, otherwise: float) -> float:
    stated = response.headers.get("Retry-After", "")
    return float(stated) if stated.isdigit() else otherwise


def _lane(item: Item) -> int:
    """Which worker: the same for everything about one patient, so that an amendment is never sent before its original."""
    return zlib.crc32(_patient(item.body)) % WORKERS


def _patient(body: bytes) -> bytes:
    try:
        resource = json.loads(body)
        reference = resource.get("subject") or resource.get("patient") or {}
        identifier = reference.get("identifier") or (resource.get("identifier") if resource.get("resourceType") == "Patient" else None)
        found = identifier[0] if isinstance(identifier, list) else identifier
        return str((found or {}).get("value", "")).encode() or body
    except (ValueError, AttributeError, LookupError):
        return body
