"""What is written down of every version, so that it can be found again."""

from __future__ import annotations

from dataclasses import dataclass

from beklijf_intake.domain.submission import ResourceType, Searchable


@dataclass(frozen=True, slots=True)
class Listed:
    """One version as lists of resources know it. One that was outranked when it arrived never counts later: no search shows it.

    `awaits` is our id of the episode that answers state, where that had not been received by then (M7).
    """

    organisation: str
    type: ResourceType
    shown: bool
    stated: Searchable
    awaits: str | None
