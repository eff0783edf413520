"""A hospital at work while things die: it sends patient after patient, an archive after the other, and keeps what it was told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.lib.hospital import Hospital, Planned, plan
from tests.lib.wait import wait_until

PATIENTS_AT_ONCE = 4
PATIENTS_IN_AN_ARCHIVE = 50
"""Their messages are more than a block of lines: an archive does not go in in one piece."""
REACHED_SECONDS = 900.0
ENDED_SECONDS = 900.0
ROUND_SECONDS = 0.2
NDJSON = {"Content-Type": "application/fhir+ndjson"}


@dataclass
class Shift:
    """A hospital that keeps sending new patients until it is told to go home."""

    hospital: Hospital
    seed: int
    sent: list[Planned] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Archives whose sums or outcomes are not what they must be."""
    taken: int = 0
    """Archives that are in."""
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self, *, archives: bool = False) -> Iterator[None]:
        """Sends while the block runs, also archives where told to; afterwards all that was begun is acknowledged."""
        self._over.clear()
        works = [self._one_by_one, *([self._by_archive] if archives else [])]
        threads = [threading.Thread(target=work) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def goes_on(self, more: int = 60) -> None:
        """Return when a few more messages were acknowledged."""
        enough = self.hospital.history["ok"] + more
        wait_until(lambda: self.hospital.history["ok"] >= enough, REACHED_SECONDS, because="messages are acknowledged")

    def _one_by_one(self) -> None:
        while not self._over.is_set():
            group = plan(self.seed + len(self.sent), PATIENTS_AT_ONCE)
            self.hospital.push(group, threads=2)
            self.sent += group

    def _by_archive(self) -> None:
        with httpx.Client(base_url=self.hospital.base, timeout=60) as client:
            while not self._over.is_set():
                group = plan(-self.seed - self.taken, PATIENTS_IN_AN_ARCHIVE)
                messages = [message for one in group for message in one.messages]
                address = self._handed_in(client, "".join(json.dumps(message) + "\n" for message in messages).encode())
                self._check(messages, self._ended(client, address), self._outcomes(client, address))
                self.sent += group
                self.taken += 1

    def _handed_in(self, client: httpx.Client, content: bytes) -> str:
        """An archive that is taken; sent again until that is said."""
        answer = self._until(lambda: client.post("/$import", content=content, headers=NDJSON), 202)
        return str(answer.headers["Content-Location"])

    def _ended(self, client: httpx.Client, address: str) -> dict[str, Any]:
        manifest: dict[str, Any] = self._until(lambda: client.get(_absolute(client, address)), 200).json()
        return manifest

    def _outcomes(self, client: httpx.Client, address: str) -> list[dict[str, Any]]:
        answer = self._until(lambda: client.get(_absolute(client, f"{address}/outcomes")), 200)
        return [json.loads(line) for line in answer.text.splitlines()]

    def _until(self, ask: Callable[[], httpx.Response], status: int) -> httpx.Response:
        """The answer with this status; nothing, and that it is not so far, are no reason to stop asking."""

        def asked() -> httpx.Response | None:
            try:
                answer = ask()
            except httpx.TransportError:
                return None
            if answer.status_code == status:
                return answer
            if answer.status_code not in (202, 429, 503):
                self.wrong.append(f"{answer.status_code}: {answer.text[:300]}")
            time.sleep(ROUND_SECONDS)
            return None

        found = wait_until(asked, ENDED_SECONDS, because=f"an archive is answered with {status}")
        assert found is not None
        return found

    def _check(self, messages: list[dict[str, Any]], manifest: dict[str, Any], outcomes: list[dict[str, Any]]) -> None:
        """The receipt adds up, and says of every line what became of it."""
        sums = manifest["sums"]
        if (sums["sent"], sums["refused"], sums["accepted"] + sums["duplicate"]) != (len(messages), 0, len(messages)):
            self.wrong.append(f"{len(messages)} lines, and the sums say {sums}")
        if [one["line"] for one in outcomes] != list(range(1, len(messages) + 1)):
            self.wrong.append(f"{len(messages)} lines, and {len(outcomes)} outcomes")
        for message, one in zip(messages, outcomes, strict=False):
            self.hospital.found_at(message, one["location"])


def _absolute(client: httpx.Client, address: str) -> str:
    """An address of the registry as its answers name it, from the root."""
    return str(client.base_url.copy_with(path=address)) if address.startswith("/") else address
