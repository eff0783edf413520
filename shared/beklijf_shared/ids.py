"""Identifiers of what is received: UUIDv7, so that they grow with time and indexes stay compact (RFC 9562, section 5.7)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from uuid import UUID

IdMaker = Callable[[], str]
"""Gives a new identifier at every call; tests hand in one that counts."""


def new_id() -> str:
    """A random UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))
