"""What a sender's signed assertion must say (RFC 7523, SMART Backend Services), apart from its signature.

Stricter than libraries: those take an `exp` that is text or ten years off, several audiences, an empty `jti`, an `iss` that is
not the `sub`. No sentence here depends on who is registered, so nothing about that is told to whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

ALGORITHMS = ("RS384", "ES384")
LIFETIME_SECONDS = 300
SKEW_SECONDS = 30
"""How far a sender's clock may be ahead where it says when it began; never where it says when the assertion ends."""
ID_MAXIMUM_CHARACTERS = 255
_KEYS_OF_ITS_OWN = ("jwk", "x5u", "x5c")


class AssertionRefused(Exception):
    """The assertion proves nothing; the text says why and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What is claimed: by whom, under which key, for which single use, until when. Not true before its signature was verified."""

    client: str
    algorithm: str
    key_id: str
    unique: str
    expires: int
    key_set_url: str | None


def read(header: Mapping[str, Any], claims: Mapping[str, Any], *, audience: str, now: datetime) -> Assertion:
    """The assertion that this header and these claims make for the token endpoint `audience`; raises AssertionRefused."""
    algorithm, key_id, key_set_url = _header(header)
    client, unique = _text(claims, "iss"), _text(claims, "jti")
    if claims.get("sub") != client:
        raise AssertionRefused("iss and sub must both be the client id")
    if claims.get("aud") not in (audience, [audience]):
        raise AssertionRefused("aud must be the address of this token endpoint, exactly as .well-known/smart-configuration has it")
    return Assertion(client, algorithm, key_id, unique, _expires(claims, now), key_set_url)


def _header(header: Mapping[str, Any]) -> tuple[str, str, str | None]:
    algorithm, kind, key_set_url = header.get("alg"), header.get("typ"), header.get("jku")
    if algorithm not in ALGORITHMS:
        raise AssertionRefused("alg must be RS384 or ES384")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise AssertionRefused("typ must be JWT")
    if "crit" in header or "b64" in header:
        raise AssertionRefused("crit and b64 are not understood")
    if any(name in header for name in _KEYS_OF_ITS_OWN):
        raise AssertionRefused("a key is named by kid, and never brought along")
    if key_set_url is not None and not isinstance(key_set_url, str):
        raise AssertionRefused("jku must be a text")
    return algorithm, _text(header, "kid"), key_set_url


def _expires(claims: Mapping[str, Any], now: datetime) -> int:
    seconds, expires = now.timestamp(), claims.get("exp")
    if type(expires) is not int:
        raise AssertionRefused("exp must be a whole number of seconds since 1970")
    if expires <= seconds:
        raise AssertionRefused("exp has passed: the assertion, or the sender's clock, is late")
    if expires > seconds + LIFETIME_SECONDS:
        raise AssertionRefused(f"exp may lie at most {LIFETIME_SECONDS} seconds ahead: end it earlier, or is the sender's clock fast?")
    for name in ("iat", "nbf"):
        began = claims.get(name, 0)
        if type(began) not in (int, Decimal) or began > seconds + SKEW_SECONDS:
            sentence = f"{name} must be a number of seconds since 1970, and not lie in the future: is the sender's clock fast?"
            raise AssertionRefused(sentence)
    return expires


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= ID_MAXIMUM_CHARACTERS:
        raise AssertionRefused(f"{name} must be a text of 1 to {ID_MAXIMUM_CHARACTERS} characters")
    return value
