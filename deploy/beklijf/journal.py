"""How far a push is, in a file: what was answered is not sent again when the command is run again, and counts nevertheless.

Without it nothing is lost either, for what is known to intake has no effect; the journal saves the time.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from beklijf.receipt import Receipt, Refusal

SAVE_SECONDS = 2.0


def fingerprint(files: Iterable[Path], *more: str) -> str:
    """Which files these are, by name, size and time of change: another content is another push."""
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(json.dumps([stats, more]).encode()).hexdigest()[:32]


class Journal:
    """What of one push was answered. Without a file it remembers nothing. Not for several threads at once."""

    def __init__(self, file: Path | None, push: str) -> None:
        self._file, self._push, self._done, self._upto = file, push, set[int](), 0
        self.receipt = Receipt()
        self.refusals: list[tuple[int, Refusal]] = []
        self._saved_at = time.monotonic()
        if file is not None and file.exists():
            self._read(file)

    def is_done(self, number: int) -> bool:
        """Whether this item was answered before."""
        return number < self._upto or number in self._done

    def answered(self, number: int, part: Receipt) -> None:
        """Enters the answer to an item; saved now and then."""
        self.receipt.sent += part.sent
        self.receipt.accepted += part.accepted
        self.receipt.duplicate += part.duplicate
        self.refusals.extend((number, refusal) for refusal in part.refusals)
        if self._file is None:
            return
        self._done.add(number)
        while self._upto in self._done:
            self._done.remove(self._upto)
            self._upto += 1
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Writes the file, whole or not at all."""
        if self._file is None:
            return
        sums = {"sent": self.receipt.sent, "accepted": self.receipt.accepted, "duplicate": self.receipt.duplicate}
        refusals = [[number, refusal.place, refusal.status, list(refusal.issues)] for number, refusal in self.refusals]
        state: dict[str, Any] = {"push": self._push, "upto": self._upto, "done": sorted(self._done), **sums, "refusals": refusals}
        beside = self._file.with_name(self._file.name + ".new")
        beside.write_text(json.dumps(state), encoding="utf-8")
        beside.replace(self._file)
        self._saved_at = time.monotonic()

    def finished(self) -> None:
        """The push is over; there is nothing to go on with."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _read(self, file: Path) -> None:
        """What the last run has left; of another push it is not taken up."""
        state = json.loads(file.read_text(encoding="utf-8"))
        if state["push"] != self._push:
            raise FileExistsError(f"{file} is the journal of another push (other files, or changed ones): finish that, or remove it")
        self._upto, self._done = state["upto"], set(state["done"])
        self.receipt = Receipt(state["sent"], state["accepted"], state["duplicate"])
        self.refusals = [(number, Refusal(place, status, tuple(issues))) for number, place, status, issues in state["refusals"]]
