"""Numbers that look random and depend on their names only, so that episode 7 is the same in a cohort of 60 and of 10,000."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")
SIXTEEN_BITS = 65536


def below(limit: int, *names: object) -> int:
    """A whole number from 0 to limit - 1."""
    return int.from_bytes(_digest(*names)[:8], "big") % limit


def between(lowest: int, highest: int, *names: object) -> int:
    """A whole number from lowest to highest, both possible."""
    return lowest + below(highest - lowest + 1, *names)


def one_in(how_many: int, *names: object) -> bool:
    """True once in so many."""
    return below(how_many, *names) == 0


def percent(chance: int, *names: object) -> bool:
    """True with a chance in percent."""
    return below(100, *names) < chance


def one_of(choices: Sequence[Choice], *names: object) -> Choice:
    """One of several, all equally likely."""
    return choices[below(len(choices), *names)]


def bell(mean: int, spread: int, *names: object) -> int:
    """A whole number around a mean; the sum of twelve draws, near enough to a normal distribution of this standard deviation."""
    total: int = sum(struct.unpack_from(">12H", _digest(*names)))
    return mean + round((total - 6 * SIXTEEN_BITS) * spread / SIXTEEN_BITS)


def uniforms(count: int, *names: object) -> list[int]:
    """Up to 32 numbers from 0 to 65535, for things that come in rows."""
    digest = _digest(*names)
    return [int.from_bytes(digest[2 * n : 2 * n + 2], "big") for n in range(count)]


def _digest(*names: object) -> bytes:
    return hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=64).digest()
