"""A sender that sends every answer again until it is told that it is stored, and remembers how that went."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.lib import builders
from tests.lib.builders import NAMES

FHIR = {"Content-Type": "application/fhir+json"}
ANSWERS = "/fhir/QuestionnaireResponse"
AUTHORED = "2014-03-03T10:00:00+01:00"
TRIES_MAXIMUM = 2_000
PAUSE_SECONDS = 0.05


@dataclass
class Persistent:
    """Sends answers from several threads, each in one of the three ways in which sending again is safe."""

    base: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    """What was said of each in the end, by name: `created`, or something else where it had been stored unanswered."""
    unanswered: Counter[str] = field(default_factory=Counter)
    """How often each was sent without learning whether it is stored."""
    statuses: Counter[int] = field(default_factory=Counter)
    """All statuses that were answered."""
    wrong: list[str] = field(default_factory=list)
    """Answers that nobody may get."""
    slowest_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def push(self, names: Iterable[str], threads: int = 4) -> None:
        """Sends all of these, and returns when each is acknowledged."""
        waiting = iter(list(names))
        workers = [threading.Thread(target=self._work, args=(waiting,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    @contextmanager
    def pushing(self, prefix: str, threads: int = 4) -> Iterator[None]:
        """Sends one answer after the other while the block runs; afterwards each that was begun is acknowledged."""
        over = threading.Event()

        def names() -> Iterator[str]:
            number = 0
            while not over.is_set():
                number += 1
                yield f"{prefix}-{number}"

        waiting = names()
        workers = [threading.Thread(target=self._work, args=(waiting,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        try:
            yield
        finally:
            over.set()
            for worker in workers:
                worker.join()

    @property
    def stored_unanswered(self) -> list[str]:
        """Those that had been stored although their sender was not told so."""
        return [name for name, said in self.acknowledged.items() if said != "created" and self.unanswered[name]]

    def _work(self, waiting: Iterator[str]) -> None:
        client = httpx.Client(base_url=self.base, timeout=90, headers=FHIR)
        with client:
            while True:
                with self._lock:
                    name = next(waiting, None)
                if name is None:
                    return
                self._until_acknowledged(client, name)

    def _until_acknowledged(self, client: httpx.Client, name: str) -> None:
        for _ in range(TRIES_MAXIMUM):
            began = time.monotonic()
            try:
                answer = send(client, name)
            except httpx.TransportError:
                answer = None
            if self._told(name, answer, time.monotonic() - began):
                return
            time.sleep(PAUSE_SECONDS if answer is not None else 0)
        with self._lock:
            self.wrong.append(f"{name} was never acknowledged")

    def _told(self, name: str, answer: httpx.Response | None, seconds: float) -> bool:
        """Whether this is the end of it."""
        with self._lock:
            if answer is None:
                self.unanswered[name] += 1
                return False
            self.statuses[answer.status_code] += 1
            if answer.is_success:
                self.acknowledged[name] = answer.headers["Beklijf-Outcome"]
                self.slowest_seconds = max(self.slowest_seconds, seconds)
                return True
            self.unanswered[name] += answer.status_code != 429
            if not says_later(answer):
                self.wrong.append(f"{answer.status_code}: {answer.text[:300]}")
            return answer.status_code not in (429, 503)


def send(client: httpx.Client, name: str) -> httpx.Response:
    """One answer; in which way is a matter of its name, so that it is the same way every time."""
    body = json.dumps(builders.vas(name, len(name), authored=AUTHORED, of=f"p-{name}"))
    criterion = f"identifier={NAMES}answer|{name}"
    way = sum(name.encode()) % 3
    if way == 0:
        return client.post(ANSWERS, content=body)
    if way == 1:
        return client.post(ANSWERS, content=body, headers={"If-None-Exist": criterion})
    return client.put(f"{ANSWERS}?{criterion}", content=body)


def says_later(answer: httpx.Response) -> bool:
    """Whether a refusal is one that says: the same again, later."""
    outcome = answer.json()
    code = {429: "throttled", 503: "transient"}.get(answer.status_code)
    return outcome["resourceType"] == "OperationOutcome" and outcome["issue"][0]["code"] == code and "retry-after" in answer.headers
