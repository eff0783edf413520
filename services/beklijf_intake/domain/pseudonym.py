"""What may leave this service in the place of an identifier: never the identifier, nor a hash that anybody could try out.

A subject's id is random and is not made here. What has to be a function of the identifier is keyed: without the key, which
only intake has, it tells nothing (an unkeyed hash of a short number is undone in minutes).
"""

from __future__ import annotations

import hmac

MINIMUM_KEY_BYTES = 16


def tie_break(key: bytes, system: str, value: str) -> str:
    """Sixty-four hexadecimal digits that decide between answers measured at one instant (M6, `contracts/decisions/0010`).

    Deterministic, and free of the order of arrival. Raises ValueError for a key that could be tried out.
    """
    if len(key) < MINIMUM_KEY_BYTES:
        raise ValueError(f"the key must have at least {MINIMUM_KEY_BYTES} bytes")
    return _keyed(key, f"tie-break\n{system}\n{value}")


def pseudonym(key: bytes, key_id: str, organisation: str, system: str, value: str) -> str:
    """What takes the place of a local identifier: the id of the key, a point, sixty-four hexadecimal digits.

    An organisation's own: the same number at two hospitals is two people. Raises ValueError for a key that could be tried out.
    """
    if len(key) < MINIMUM_KEY_BYTES:
        raise ValueError(f"the key must have at least {MINIMUM_KEY_BYTES} bytes")
    text = f"pseudonym\n{organisation}\n{system}\n{value}"
    return f"{key_id}.{_keyed(key, text)}"


def _keyed(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()  # at once: a tenth of the time that an object of hmac takes
