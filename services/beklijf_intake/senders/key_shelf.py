"""The keys of senders that publish them: fetched from the registered address, and kept no longer than that address lets them be kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from beklijf_intake import front_door, outside
from beklijf_intake.domain.problem import Refused
from beklijf_intake.senders import keys
from beklijf_intake.senders.keys import KeySet, KeysUnusable
from beklijf_shared.telemetry import Log, Logger

KEPT_AT_MOST_SECONDS = 300.0
AGAIN_AT_MOST_EVERY_SECONDS = 10.0
"""Between two looks for a key that is not among those held, and after a failure: nobody may make us flood another server."""
KEPT_AT_LEAST_SECONDS = 1.0
"""Also where the address says that nothing may be kept; for the same reason."""

Fetch = Callable[[str], outside.Fetched]


@dataclass(frozen=True, slots=True)
class _Held:
    keys: KeySet | None
    fetched_at: float
    until: float


class KeyShelf:
    """One for each process."""

    def __init__(self, fetch: Fetch = outside.fetch, log: Logger | None = None, passed: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._log, self._passed = fetch, log, passed
        self._held: dict[str, _Held] = {}
        self._locks: dict[str, threading.Lock] = {}

    def keys_at(self, url: str, key_id: str) -> KeySet | None:
        """The keys published there, fetched anew when they are too old or this one is not among them; None when there are none."""
        with self._locks.setdefault(url, threading.Lock()):
            held, now = self._held.get(url), self._passed()
            if held is None or now >= held.until or (_lacks(held, key_id) and now >= held.fetched_at + AGAIN_AT_MOST_EVERY_SECONDS):
                held = self._held[url] = self._fetched(url, now)
            return held.keys

    def _fetched(self, url: str, now: float) -> _Held:
        try:
            fetched = self._fetch(url)
            found = keys.read_keys(front_door.parse(fetched.body, limit=outside.LIMIT_BYTES))
        except (outside.NotFetched, KeysUnusable, Refused) as error:
            if self._log is not None:
                self._log.event(Log.KEYS_NOT_FETCHED, reason=type(error).__name__)
            return _Held(None, now, now + AGAIN_AT_MOST_EVERY_SECONDS)
        keep = KEPT_AT_MOST_SECONDS if fetched.keep_seconds is None else min(fetched.keep_seconds, KEPT_AT_MOST_SECONDS)
        return _Held(found, now, now + max(keep, KEPT_AT_LEAST_SECONDS))


def _lacks(held: _Held, key_id: str) -> bool:
    return held.keys is None or key_id not in held.keys.keys
