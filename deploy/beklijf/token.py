"""A sender's bearer token, from its client id and private key (SMART Backend Services), renewed before it runs out.

The key never leaves this process: what is sent is an assertion signed with it, good for one use and a few minutes.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from beklijf_shared.clock import Clock, system_clock
from beklijf_shared.ids import new_id

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 240
"""Below the five minutes that the registry allows, so that clocks may differ a little."""
RENEW_SECONDS = 60.0
"""A token with less than this to live is renewed before it is used: a request that waits in a queue must not outlive it."""
TIMEOUT_SECONDS = 30.0
EVERYTHING = "system/*.cruds"
"""Asked for by default; the registry grants what the sender is registered for."""

CLIENT_ID, KEY_FILE = "BEKLIJF_CLIENT_ID", "BEKLIJF_CLIENT_KEY_FILE"


class NoTokenError(Exception):
    """The registry gave no token, or the key cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a sender proves itself with: the id it was registered under, and its private key (EC P-384, or RSA of 2048 bits or more)."""

    client_id: str
    key: ECKey | RSAKey
    key_id: str = ""
    """As the registry knows the key; by default its thumbprint (RFC 7638), which `beklijf sender add` prints."""

    @classmethod
    def of(cls, client_id: str, file: Path) -> Identity:
        """Reads a private key in PEM; raises NoTokenError for anything else, never with its content."""
        try:
            text = file.read_bytes()
        except OSError:
            raise NoTokenError(f"{file} cannot be read: it must hold the private key in PEM") from None
        for kind in (ECKey, RSAKey):
            try:
                key = kind.import_key(text)
            except (JoseError, ValueError, TypeError):
                continue
            if key.is_private:
                return cls(client_id, key)
        raise NoTokenError(f"{file} holds no private key in PEM that can sign (EC P-384 or RSA)")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Identity | None:
        """As `BEKLIJF_CLIENT_ID` and `BEKLIJF_CLIENT_KEY_FILE` say, or None where neither is set."""
        client_id, file = environment.get(CLIENT_ID, ""), environment.get(KEY_FILE, "")
        if not client_id and not file:
            return None
        if not client_id or not file:
            raise NoTokenError(f"{CLIENT_ID} and {KEY_FILE} belong together: one of them is not set")
        return cls.of(client_id, Path(file))

    def assertion(self, audience: str, at: float, unique: str) -> str:
        """A signed statement of who this is, for one token endpoint (`audience`), one use (`unique`) and a few minutes from `at`."""
        algorithm = "ES384" if isinstance(self.key, ECKey) else "RS384"
        header = {"alg": algorithm, "typ": "JWT", "kid": self.key_id or self.key.thumbprint()}
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": audience, "jti": unique, "exp": int(at) + ASSERTION_SECONDS}
        return jws.serialize_compact(header, json.dumps(claims).encode(), self.key, algorithms=[algorithm])


class Held(httpx.Auth):
    """A token that somebody already has, put on every request as it is."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class Bearer(httpx.Auth):
    """Puts a valid token on every request of a client; safe to share between threads, which then ask for one token together.

    `base_url` is the FHIR base as this process reaches it. The token endpoint lies below it; the address that the assertion is
    for is the one the registry publishes, which may be another where a proxy stands between.
    """

    def __init__(self, identity: Identity, base_url: str, scope: str = EVERYTHING, clock: Clock = system_clock) -> None:
        self._identity, self._base_url, self._scope, self._clock = identity, base_url.rstrip("/"), scope, clock
        self._token, self._renew_at, self._lock = "", 0.0, threading.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One request, and once more with a new token where the first was refused (its keys were changed there)."""
        used = self.token()
        request.headers["Authorization"] = f"Bearer {used}"
        answer = yield request
        if answer.status_code == 401:
            request.headers["Authorization"] = f"Bearer {self.token(instead_of=used)}"
            yield request

    def token(self, instead_of: str = "") -> str:
        """A token with time to live; a new one if what is held is `instead_of`. NoTokenError when the registry gives none."""
        with self._lock:
            if not self._token or self._token == instead_of or time.monotonic() > self._renew_at:
                asked = time.monotonic()
                self._token, lives = self._ask()
                self._renew_at = asked + max(lives - RENEW_SECONDS, lives / 2)
            return self._token

    def _ask(self) -> tuple[str, float]:
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
                known = client.get(f"{self._base_url}/.well-known/smart-configuration", headers={"Accept": "application/json"})
                assertion = self._identity.assertion(known.raise_for_status().json()["token_endpoint"], self._clock().timestamp(), new_id())
                form = {
                    "grant_type": "client_credentials",
                    "scope": self._scope,
                    "client_assertion_type": ASSERTION_TYPE,
                    "client_assertion": assertion,
                }
                answer = client.post(f"{self._base_url}/auth/token", data=form)
                said = answer.json()
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise NoTokenError(f"no token from {self._base_url}: {type(error).__name__}") from error
        if answer.status_code != 200:
            raise NoTokenError(f"no token from {self._base_url}: {said.get('error', '')} {said.get('error_description', '')}".rstrip())
        return str(said["access_token"]), float(said["expires_in"])
