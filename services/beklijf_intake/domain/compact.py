"""The compact form of a signed token (RFC 7515): three parts in base64url, each written in the one way there is.

A token that could be written in two ways would pass for two tokens. So padding, line feeds and spare bits are refused, though
libraries forgive them.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

MAXIMUM_CHARACTERS = 16_384
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)


class NotCompact(Exception):
    """It is not written as a signed token is."""


class Parts(NamedTuple):
    """Header and payload, decoded and not yet believed."""

    header: bytes
    payload: bytes


def parts_of(token: str) -> Parts:
    """The parts of a token; raises NotCompact."""
    match = _COMPACT.fullmatch(token) if len(token) <= MAXIMUM_CHARACTERS else None
    if match is None:
        raise NotCompact
    header, payload, _ = (_decoded(part) for part in match.groups())
    return Parts(header, payload)


def _decoded(part: str) -> bytes:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise NotCompact from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode():
        raise NotCompact
    return decoded
