"""Keys: the public ones that senders sign with, the secret ones that this service signs its own tokens with.

The only module that knows the library of signatures. What it verifies was read by our own strict parser before.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

KEYS_MAXIMUM = 20
KEY_ID_MAXIMUM_CHARACTERS = 255
RSA_MINIMUM_BITS, RSA_MAXIMUM_BITS = 2048, 8192
"""The maximum bounds what a stranger can make us compute."""
RSA_MINIMUM_EXPONENT = 65_537
CURVE = "P-384"
_OF_PRIVATE_KEYS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_OWN_ALGORITHM = "HS256"

PublicKey = RSAKey | ECKey


class KeysUnusable(Exception):
    """A set of keys that nobody may be recognised by; the text says why, without any part of a key."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """A sender's public keys by their id."""

    keys: Mapping[str, PublicKey]

    def verifies(self, token: str, algorithm: str, key_id: str) -> bool:
        """Whether the token was signed, in that algorithm, by the key of that id: which must be here, and of that algorithm's kind."""
        key = self.keys.get(key_id)
        if key is None or algorithm != _algorithm_of(key):
            return False
        return _verifies(token, key, algorithm)


def read_keys(jwks: Any) -> KeySet:
    """The usable keys of a JWKS (RFC 7517), parsed before; raises KeysUnusable.

    A key of a kind that is not used here is passed over; a private or weak one spoils the set, because somebody must be told.
    """
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise KeysUnusable('a set of keys is a JSON object like {"keys": [...]}')
    if len(listed) > KEYS_MAXIMUM:
        raise KeysUnusable(f"more than {KEYS_MAXIMUM} keys")
    found: dict[str, PublicKey] = {}
    for one in listed:
        if any(member in one for member in _OF_PRIVATE_KEYS):
            raise KeysUnusable(
                "a private or secret key is among them: it is compromised now; make a new one, and send its public half only"
            )
        if _is_of_use(one):
            key_id, key = _read(one)
            if key_id in found:
                raise KeysUnusable("two keys have the same kid")
            found[key_id] = key
    if not found:
        raise KeysUnusable("no key for RS384 (RSA) or ES384 (EC P-384) among them")
    return KeySet(found)


def key_set_of(public_key_pem: bytes) -> dict[str, Any]:
    """A JWKS with the one key of a PEM file, named by its thumbprint (RFC 7638); raises KeysUnusable, also for a private key."""
    if b"PRIVATE KEY" in public_key_pem:
        raise KeysUnusable("this is a private key: keep it to yourself, and give its public half (openssl pkey -in KEY -pubout)")
    for kind in (ECKey, RSAKey):
        try:
            key = kind.import_key(public_key_pem)
        except (JoseError, ValueError, TypeError):
            continue
        return {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint()}]}
    raise KeysUnusable("this is no public key in PEM (RSA or EC P-384)")


def new_key_pair() -> tuple[bytes, dict[str, Any]]:
    """A new EC P-384 key: the private half in PEM, the public one as a JWKS."""
    key = ECKey.generate_key(CURVE)
    return key.as_pem(private=True), {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint()}]}


def _is_of_use(jwk: Mapping[str, Any]) -> bool:
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        return False
    kind, algorithm = jwk.get("kty"), jwk.get("alg")
    return (kind == "RSA" and algorithm in (None, "RS384")) or (kind == "EC" and jwk.get("crv") == CURVE and algorithm in (None, "ES384"))


def _read(jwk: Mapping[str, Any]) -> tuple[str, PublicKey]:
    key_id = jwk.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= KEY_ID_MAXIMUM_CHARACTERS:
        raise KeysUnusable(f"each key needs a kid, a text of 1 to {KEY_ID_MAXIMUM_CHARACTERS} characters")
    members = {name: value for name, value in jwk.items() if name in ("kty", "n", "e", "crv", "x", "y")}
    try:
        if jwk["kty"] == "EC":
            curve_key = ECKey.import_key(cast("Any", members))
            assert curve_key.public_key.curve.name == "secp384r1"  # reading it checks that the point lies on the curve
            return key_id, curve_key
        bits, exponent = _number(members["n"]).bit_length(), _number(members["e"])
        if not RSA_MINIMUM_BITS <= bits <= RSA_MAXIMUM_BITS or not RSA_MINIMUM_EXPONENT <= exponent < 1 << 64:
            raise KeysUnusable(
                f"an RSA key must have {RSA_MINIMUM_BITS} to {RSA_MAXIMUM_BITS} bits, and an exponent of {RSA_MINIMUM_EXPONENT} or more"
            )
        return key_id, RSAKey.import_key(cast("Any", members))
    except (JoseError, ValueError, TypeError, KeyError):
        raise KeysUnusable("a key cannot be read") from None


def _number(text: str) -> int:
    """A number as a JWK has it. Its size is looked at before the library sees it."""
    return int.from_bytes(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), "big")


def _algorithm_of(key: PublicKey) -> str:
    return "ES384" if isinstance(key, ECKey) else "RS384"


def _verifies(token: str, key: Any, algorithm: str) -> bool:
    try:
        jws.deserialize_compact(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class SecretKeys:
    """The keys of one purpose by their id; the first signs, all are recognised. A key is rotated by putting a new one in front and
    taking the old one away when nothing signed with it is in use any more."""

    keys: Mapping[str, bytes]

    @classmethod
    def of(cls, keys: Sequence[bytes]) -> Self:
        """From the keys, newest first. The id of a key follows from the key and tells nothing of it."""
        return cls({hashlib.sha256(b"beklijf key id\n" + key).hexdigest()[:8]: key for key in keys})

    @property
    def current(self) -> str:
        """The id of the key that signs."""
        return next(iter(self.keys))

    def sign(self, kind: str, claims: Mapping[str, Any]) -> str:
        """A token of this kind (`typ`) with these claims."""
        header = {"alg": _OWN_ALGORITHM, "typ": kind, "kid": self.current}
        key = OctKey.import_key(self.keys[self.current])
        return jws.serialize_compact(header, json.dumps(dict(claims)).encode(), key, algorithms=[_OWN_ALGORITHM])

    def signed(self, token: str, kind: str, header: Mapping[str, Any]) -> bool:
        """Whether this service signed the token as one of this kind; `header` is the token's, parsed before."""
        if header.get("typ") != kind or header.get("alg") != _OWN_ALGORITHM or "crit" in header or not isinstance(header.get("kid"), str):
            return False
        key = self.keys.get(header["kid"])
        return key is not None and _verifies(token, OctKey.import_key(key), _OWN_ALGORITHM)
