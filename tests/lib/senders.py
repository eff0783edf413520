"""Senders that prove themselves with keys, for tests: keys made once, assertions of any shape, and what the token endpoint says to them."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from beklijf_intake.senders import registrar
from beklijf_intake.senders.registrar import Proof, Wish
from beklijf_shared import db

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_UNIQUE = count(1)
Key = RSAKey | ECKey
ANY_ALGORITHM = ["RS256", "RS384", "ES384", "ES256", "HS256", "HS384"]


@cache
def rsa(number: int = 0) -> RSAKey:
    """An RSA key of tests, the same one for the same number."""
    return RSAKey.generate_key(2048, {"kid": f"rsa-{number}"})


@cache
def curve(number: int = 0, name: str = "P-384") -> ECKey:
    """An elliptic-curve key of tests, the same one for the same number."""
    return ECKey.generate_key(name, {"kid": f"curve-{number}"})


def weak() -> bytes:
    """The JWKS of a key that is too short; the library warns of it, so it is written out here."""
    numbers = generate_private_key(65_537, 1024).public_key().public_numbers()
    return json.dumps({"keys": [{"kty": "RSA", "kid": "weak", "n": _text(numbers.n), "e": _text(numbers.e)}]}).encode()


def _text(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def public(*keys: Key) -> bytes:
    """The JWKS that a sender hands over."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def register(
    engine: db.Engine,
    id_: str,
    organisation: str,
    keys: bytes | None,
    now: datetime,
    *,
    url: str | None = None,
    wish: Wish | None = None,
    private_networks: bool = False,
) -> None:
    """Registers a sender, as the operator's command does."""
    with db.transaction(engine) as connection:
        proof = Proof(keys=keys, url=url)
        registrar.add(connection, id_, organisation, wish or Wish(), proof, now, private_networks=private_networks)


def part(value: Any) -> str:
    """One part of a token; text stands for itself, so that what is no JSON can be sent too."""
    text = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unique() -> str:
    """A jti that no other assertion of this run has."""
    return f"jti-{next(_UNIQUE)}"


def claims(client: str, audience: str, now: datetime, **changed: Any) -> dict[str, Any]:
    """The claims of a proper assertion, some of them changed; one that is `...` is left out."""
    proper = {"iss": client, "sub": client, "aud": audience, "jti": unique(), "exp": int(now.timestamp()) + 240}
    return {name: value for name, value in {**proper, **changed}.items() if value is not ...}


def header(key: Key, **changed: Any) -> dict[str, Any]:
    """The header of a proper assertion, some of it changed; what is `...` is left out."""
    proper = {"alg": "ES384" if isinstance(key, ECKey) else "RS384", "typ": "JWT", "kid": key.kid}
    return {name: value for name, value in {**proper, **changed}.items() if value is not ...}


def signed(key: Key, head: Mapping[str, Any] | str, body: Mapping[str, Any] | str) -> str:
    """A token truly signed, whatever stands in it: text is taken as it is, so a key may stand in it twice."""
    said = json.loads(head) if isinstance(head, str) else dict(head)
    algorithm = said.get("alg")
    known = algorithm if algorithm in ANY_ALGORITHM else "ES384" if isinstance(key, ECKey) else "RS384"
    signing = f"{part(head)}.{part(body)}"
    # The library signs whatever it is given under a header of its own; the signature is over our text.
    return f"{signing}.{_signature(key, known, signing)}"


def signed_with_secret(secret: bytes, head: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """A token with an HMAC in the place of a signature."""
    signing = f"{part(head)}.{part(body)}"
    return f"{signing}.{part(hmac.digest(secret, signing.encode(), 'sha384'))}"


def _signature(key: Key, algorithm: str, text: str) -> str:
    model = jws.default_registry.algorithms[algorithm]
    return base64.urlsafe_b64encode(model.sign(text.encode(), key)).rstrip(b"=").decode()


def ask(client: httpx.Client, assertion: str, scope: str | None = "system/*.cruds", **changed: str) -> httpx.Response:
    """What the token endpoint answers."""
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    if scope is not None:
        form["scope"] = scope
    return client.post("/fhir/auth/token", data={**form, **changed})
