"""Episodes that a newer version of a programme takes over on purpose, as data: who, since which day of start, and why.

An episode stays under the version it began with. Only what stands in the file of a newer version takes it from there, so that an emptied
and rebuilt registry moves the same episodes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from beklijf_domain.document import Document


@dataclass(frozen=True, slots=True)
class Move:
    """Either the episodes that are named, or all that began on or after `began_from` and before `began_before`; None: no limit there."""

    reason: str
    episodes: tuple[str, ...] = ()
    began_from: date | None = None
    began_before: date | None = None

    def takes(self, t0: date, episode: str) -> bool:
        """Whether this episode, which began on that day, is moved."""
        if self.episodes:
            return episode in self.episodes
        return (self.began_from is None or self.began_from <= t0) and (self.began_before is None or t0 < self.began_before)


def read(document: Document) -> Iterator[Move]:
    """What a version takes over. Raises ContractError."""
    yield from document.each("moved", _move) if document.has("moved") else ()


def _move(entry: Document) -> Move:
    move = Move(
        reason=entry.text("reason"),
        episodes=entry.texts("episodes", default=()),
        began_from=day(entry, "began_from"),
        began_before=day(entry, "began_before"),
    )
    by_day = move.began_from is not None or move.began_before is not None
    if bool(move.episodes) == by_day:
        entry.complain("episodes", "name either episodes, or days between which they began (began_from, began_before)")
    if move.began_from is not None and move.began_before is not None and move.began_from >= move.began_before:
        entry.complain("began_before", "is not after began_from: nobody would be moved")
    entry.finish()
    return move


def day(document: Document, key: str) -> date | None:
    """A day as text, "2027-01-01"; None when it is not there. Raises ContractError."""
    text = document.optional_text(key)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        document.misread(key, f"{text!r} is no day, like 2027-01-01")
        return None
