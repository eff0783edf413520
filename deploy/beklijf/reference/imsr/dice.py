"""Dice for long searches: the same throws on every machine and every version of Python (the generator is splitmix64)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from beklijf.reference import draw

Choice = TypeVar("Choice")
_MASK = (1 << 64) - 1


class Dice:
    """Throws that depend on the names given at the start, and on how often they were thrown since."""

    def __init__(self, *names: object) -> None:
        self._state = draw.below(1 << 64, *names)

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % limit

    def percent(self, chance: int) -> bool:
        """True with a chance in percent."""
        return self.below(100) < chance

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        """One of several, all equally likely."""
        return choices[self.below(len(choices))]

    def shuffled(self, things: Sequence[Choice]) -> list[Choice]:
        """The same things in another order."""
        found = list(things)
        for last in range(len(found) - 1, 0, -1):
            other = self.below(last + 1)
            found[last], found[other] = found[other], found[last]
        return found
