"""How one process is: what it lacks, how far it is, and whether its loop still comes round."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

LIVE_SECONDS = 60.0
"""A loop that has not come round for so long is taken for dead."""


def _none(_: str) -> Sequence[tuple[int, bytes]]:
    return ()


@dataclass(slots=True)
class Status:
    """What a process says of itself on its operations port; written by its loop, read by the port's thread."""

    service: str
    process: str
    incarnation: str | None = None
    settled: bool | None = None
    missing: dict[str, str] = field(default_factory=dict)
    report: Callable[[], dict[str, Any]] = dict
    siblings: Callable[[str], Sequence[tuple[int, bytes]]] = _none
    """What other processes that answer for the same port say at a path of their operations ports: status and body."""
    beat_at: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """The loop came round."""
        self.beat_at = time.monotonic()

    def alive(self) -> bool:
        """Whether the loop came round lately."""
        return time.monotonic() - self.beat_at < LIVE_SECONDS

    def lacks(self, what: str, why: str) -> None:
        """Something is missing; readiness says so until `has`."""
        self.missing[what] = why

    def has(self, what: str) -> None:
        """It is there again."""
        self.missing.pop(what, None)

    def progress(self) -> dict[str, Any]:
        """What `/progress` answers."""
        base = {"service": self.service, "process": self.process, "incarnation": self.incarnation, "unsent": None}
        return {**base, "acknowledged": {}, "applied": {}, "settled": self.settled, **self.report(), "waiting_for": sorted(self.missing)}
