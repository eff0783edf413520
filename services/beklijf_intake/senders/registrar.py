"""What an operator does with senders: register, list, give new keys, change, switch off and on. Each is one transaction, recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from beklijf_intake import front_door
from beklijf_intake.domain import scopes
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.registration import Registration, RegistrationRefused, check
from beklijf_intake.senders import keys
from beklijf_intake.senders.keys import KeysUnusable
from beklijf_intake.store import senders as store
from beklijf_shared.clock import instant_text
from beklijf_shared.db import Connection

KEPT = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
"""Of a public key; certificates and whatever else a set of keys may carry prove nothing here."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How a sender proves itself: a JWKS or a public key in PEM, as bytes, or the https address of a JWKS."""

    keys: bytes | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sender is to be; None leaves it as it is, or as is usual."""

    name: str | None = None
    scopes: str | None = None
    unversioned: str | None = None
    pseudonymised: Sequence[str] | None = None


def add(
    connection: Connection, id_: str, organisation: str, wish: Wish, proof: Proof, now: datetime, *, private_networks: bool = False
) -> Registration:
    """Registers a new sender; raises RegistrationRefused, also for an id that is taken."""
    store.lock(connection)
    if any(one.id == id_ for one in store.everybody(connection)):
        raise RegistrationRefused("there is a sender with this id already")
    registration = Registration(
        id=id_,
        name=wish.name or id_,
        organisation=organisation,
        scopes=_scopes(wish.scopes if wish.scopes is not None else scopes.USUAL),
        unversioned=wish.unversioned or "refuse",
        keys=_keys(proof),
        keys_url=proof.url,
        pseudonymised=tuple(sorted(set(wish.pseudonymised or ()))),
        enabled=True,
        changed_at=now,
    )
    check(registration, private_networks=private_networks)
    store.save(connection, registration, "added", shown(registration))
    return registration


def change(connection: Connection, id_: str, wish: Wish, now: datetime) -> Registration:
    """Changes what a sender may do, and how it is called; raises RegistrationRefused."""
    before = _known(connection, id_)
    after = replace(
        before,
        name=before.name if wish.name is None else wish.name,
        scopes=before.scopes if wish.scopes is None else _scopes(wish.scopes),
        unversioned=before.unversioned if wish.unversioned is None else wish.unversioned,
        pseudonymised=before.pseudonymised if wish.pseudonymised is None else tuple(sorted(set(wish.pseudonymised))),
        changed_at=now,
    )
    check(after, private_networks=True)  # its address was checked when it was registered
    store.save(connection, after, "changed", shown(after))
    return after


def rotate(
    connection: Connection, id_: str, proof: Proof, now: datetime, *, keep: bool = False, private_networks: bool = False
) -> Registration:
    """Gives a sender new keys, instead of the old ones or (`keep`) beside them; raises RegistrationRefused."""
    before = _known(connection, id_)
    text = _keys(proof)
    if keep:
        if text is None or before.keys is None:
            raise RegistrationRefused("only keys that are held here can be kept beside new ones")
        text = _canonical({"keys": [*json.loads(before.keys)["keys"], *json.loads(text)["keys"]]})
    after = replace(before, keys=text, keys_url=proof.url, changed_at=now)
    check(after, private_networks=private_networks)
    store.save(connection, after, "rotated", shown(after))
    return after


def enable(connection: Connection, id_: str, enabled: bool, now: datetime) -> Registration:
    """Lets a sender send, or no longer; raises RegistrationRefused for one that is not known."""
    after = _known(connection, id_).enabled_as(enabled, now)
    store.save(connection, after, "enabled" if enabled else "disabled", {})
    return after


def shown(registration: Registration) -> dict[str, Any]:
    """A sender as anybody may see it: its keys by their ids."""
    one = registration
    return {
        "id": one.id,
        "name": one.name,
        "organisation": one.organisation,
        "enabled": one.enabled,
        "scopes": str(one.scopes),
        "unversioned": one.unversioned,
        "pseudonymised": list(one.pseudonymised),
        "keys": one.keys_url or sorted(str(key["kid"]) for key in json.loads(one.keys or '{"keys": []}')["keys"]),
        "changed_at": instant_text(one.changed_at),
    }


def _known(connection: Connection, id_: str) -> Registration:
    store.lock(connection)
    found = next((one for one in store.everybody(connection) if one.id == id_), None)
    if found is None:
        raise RegistrationRefused("there is no sender with this id")
    return found


def _scopes(text: str) -> scopes.Scopes:
    try:
        return scopes.parse(text)
    except scopes.ScopeUnreadable as unreadable:
        raise RegistrationRefused(str(unreadable)) from None


def _keys(proof: Proof) -> str | None:
    """The usable keys of a JWKS or PEM as canonical JSON, without whatever else stood there."""
    if proof.keys is None:
        return None
    try:
        if proof.keys.lstrip().startswith(b"-----BEGIN"):
            jwks = keys.key_set_of(proof.keys)
        else:
            jwks = front_door.parse(proof.keys, limit=front_door.RESOURCE_LIMIT_BYTES)
        used = keys.read_keys(jwks).keys
    except KeysUnusable as unusable:
        raise RegistrationRefused(str(unusable)) from None
    except Refused:
        raise RegistrationRefused('the keys are neither PEM nor a JSON object like {"keys": [...]}') from None
    return _canonical(
        {"keys": [{name: value for name, value in one.items() if name in KEPT} for one in jwks["keys"] if one.get("kid") in used]}
    )


def _canonical(jwks: Mapping[str, Any]) -> str:
    text = json.dumps(jwks, sort_keys=True)
    try:
        keys.read_keys(json.loads(text))
    except KeysUnusable as unusable:
        raise RegistrationRefused(str(unusable)) from None
    return text
