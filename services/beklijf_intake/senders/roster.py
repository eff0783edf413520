"""The registered senders as this process knows them: who gets a token, and whom a token stands for.

A request asks no database: tokens carry what they say, signed; each is verified once and then known until it expires or anything
about any sender changes. What the database says is looked at every second, so who is disabled is refused a second later, and
five minutes later at the most while the database is away: tokens live no longer, and none is given meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from beklijf_intake import front_door
from beklijf_intake.domain import assertion, compact, scopes
from beklijf_intake.domain.assertion import Assertion, AssertionRefused
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.registration import Registration, pseudonymised
from beklijf_intake.senders import keys
from beklijf_intake.senders.key_shelf import KeyShelf
from beklijf_intake.senders.keys import KeySet, KeysUnusable, SecretKeys
from beklijf_intake.senders.sender import BEARER, NotAuthenticated, Sender, Unknowable
from beklijf_intake.store import senders as store
from beklijf_shared import db
from beklijf_shared.clock import Clock
from beklijf_shared.ids import IdMaker

TOKEN_SECONDS = 300
REFRESH_SECONDS = 1.0
KIND = "at+jwt"
KNOWN_TOKENS_MAXIMUM = 10_000
USED_KEPT = timedelta(minutes=10)
"""How long a used assertion is kept beyond its end: more than the clocks of two workers may differ."""

NONE: frozenset[str] = frozenset()

UNPROVEN = "the assertion is not signed by a registered key of a sender that may send"
"""The same for an unknown sender, an unknown key, a wrong signature and a disabled sender: who asks learns nothing about others."""


@dataclass(frozen=True, slots=True)
class Granted:
    """An access token, and what it is for."""

    token: str
    scopes: scopes.Scopes
    seconds: int = TOKEN_SECONDS


@dataclass(frozen=True, slots=True)
class _One:
    registration: Registration
    sender: Sender
    keys: KeySet | None


@dataclass(frozen=True, slots=True)
class _Known:
    """Everybody at one moment, and the tokens that were verified against it."""

    senders: Mapping[str, _One]
    pseudonymised: Mapping[str, frozenset[str]]
    tokens: dict[str, tuple[Sender, datetime]] = field(default_factory=dict)


class Roster:
    """One for each process. `base` is the FHIR base address as senders know it; tokens are for it, assertions for `token_url`."""

    def __init__(
        self, engine: db.Engine, secret_keys: SecretKeys, base: str, clock: Clock, make_id: IdMaker, shelf: KeyShelf | None = None
    ) -> None:
        self._engine, self._secret_keys, self._clock, self._make_id = engine, secret_keys, clock, make_id
        self.base, self.token_url = base, f"{base}/auth/token"
        self._shelf = shelf or KeyShelf()
        self._seen: Sequence[Registration] | None = None
        self._known: _Known | None = None

    def refresh(self) -> None:
        """Looks at what the database says now. Raises what the database raises; what was known stays known then."""
        with db.transaction(self._engine) as connection:
            seen = store.everybody(connection)
        if seen != self._seen:
            self._known = _Known({one.id: _one(one) for one in seen if one.enabled}, pseudonymised(seen))
            self._seen = seen

    def systems_of(self, organisation: str) -> frozenset[str]:
        """The identifier systems whose values are replaced for an organisation, whichever of its senders sends."""
        known = self._known
        return NONE if known is None else known.pseudonymised.get(organisation, NONE)

    def authenticate(self, authorization: str | None) -> Sender:
        """The sender that a bearer token stands for; raises NotAuthenticated, or Unknowable before anybody is known."""
        if authorization is None:
            raise NotAuthenticated
        known = self._now_known()
        found = known.tokens.get(authorization)
        if found is None:
            found = self._verified(authorization, known)
            if len(known.tokens) >= KNOWN_TOKENS_MAXIMUM:
                known.tokens.clear()
            known.tokens[authorization] = found
        if self._clock() >= found[1]:
            raise NotAuthenticated("expired")
        return found[0]

    def grant(self, signed: str, client_id: str | None, asked: scopes.Scopes) -> Granted | None:
        """A token for whoever signed this assertion, or None when nothing of what it asks for may be granted to it. Raises
        AssertionRefused. An assertion is used up by a grant, whichever worker gives it, and by nothing else."""
        now = self._clock()
        claimed = _claimed(signed, self.token_url, now)
        one = self._now_known().senders.get(claimed.client)
        if one is None or not self._is_proven(one, signed, claimed) or client_id not in (None, claimed.client):
            raise AssertionRefused(UNPROVEN)
        granted = asked & one.registration.scopes
        if not granted.permissions:
            return None
        with db.transaction(self._engine) as connection:
            store.purge(connection, now - USED_KEPT)
            digest = hashlib.sha256(claimed.unique.encode()).digest()
            if not store.use_up(connection, claimed.client, digest, datetime.fromtimestamp(claimed.expires, UTC)):
                raise AssertionRefused("this assertion was used before: make a new one, with a jti of its own, for each token")
        return Granted(self._issue(claimed.client, granted, now), granted)

    def _issue(self, client: str, granted: scopes.Scopes, now: datetime) -> str:
        began = int(now.timestamp())
        who = {"iss": self.base, "aud": self.base, "sub": client, "client_id": client}
        return self._secret_keys.sign(
            KIND, {**who, "iat": began, "exp": began + TOKEN_SECONDS, "jti": self._make_id(), "scope": str(granted)}
        )

    def _verified(self, authorization: str, known: _Known) -> tuple[Sender, datetime]:
        match = BEARER.fullmatch(authorization)
        try:
            header, payload = compact.parts_of(match[1] if match else "")
            if match is None or not self._secret_keys.signed(match[1], KIND, front_door.parse(header)):
                raise NotAuthenticated("unknown")
            claims = front_door.parse(payload)
        except (compact.NotCompact, Refused):
            raise NotAuthenticated("unknown") from None
        one = known.senders.get(claims["sub"])
        if one is None or claims["aud"] != self.base or claims["iss"] != self.base:
            raise NotAuthenticated("unknown")
        granted = scopes.parse(claims["scope"]) & one.registration.scopes  # what was taken away since is away
        sender = Sender(one.sender.organisation, granted, one.sender.client, one.sender.unversioned)
        return sender, datetime.fromtimestamp(claims["exp"], UTC)

    def _is_proven(self, one: _One, signed: str, claimed: Assertion) -> bool:
        url = one.registration.keys_url
        if claimed.key_set_url is not None and claimed.key_set_url != url:
            return False
        key_set = one.keys if url is None else self._shelf.keys_at(url, claimed.key_id)
        return key_set is not None and key_set.verifies(signed, claimed.algorithm, claimed.key_id)

    def _now_known(self) -> _Known:
        if self._known is None:
            raise Unknowable
        return self._known


def _claimed(signed: str, audience: str, now: datetime) -> Assertion:
    try:
        header, claims = (front_door.parse(part) for part in compact.parts_of(signed))
    except compact.NotCompact:
        raise AssertionRefused("the assertion is no signed token in compact form") from None
    except Refused:
        raise AssertionRefused("header and claims must be JSON objects, each key once") from None
    return assertion.read(header, claims, audience=audience, now=now)


def _one(registration: Registration) -> _One:
    sender = Sender(registration.organisation, registration.scopes, registration.id, registration.unversioned)
    if registration.keys is None:
        return _One(registration, sender, None)
    try:
        return _One(registration, sender, keys.read_keys(front_door.parse(registration.keys.encode())))
    except KeysUnusable:  # kept by an earlier release that allowed more: this sender alone gets no token
        return _One(registration, sender, None)


class Either:
    """Two authorities on one's own computer: ready-made tokens first, and the registered senders beside them."""

    def __init__(self, ready_made: Callable[[str | None], Sender], registered: Callable[[str | None], Sender]) -> None:
        self._ready_made, self._registered = ready_made, registered

    def authenticate(self, authorization: str | None) -> Sender:
        """Whom the first knows, else whom the second knows."""
        try:
            return self._ready_made(authorization)
        except NotAuthenticated:
            return self._registered(authorization)
