"""A sender as it is registered: for whom it sends, how it proves itself, what it may do. What nobody may register is refused here."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from beklijf_intake.domain import bsn
from beklijf_intake.domain.scopes import Scopes

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,62})[a-z0-9]", re.ASCII)
_ORGANISATION = re.compile(r"[0-9]{8}", re.ASCII)
_UNVERSIONED = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", re.ASCII)
NAME_MAXIMUM_CHARACTERS = 200
ADDRESS_MAXIMUM_CHARACTERS = 2_000


class RegistrationRefused(Exception):
    """A sender cannot be registered so; the text says what to mend."""


@dataclass(frozen=True, slots=True)
class Registration:
    """One sender. `keys` is its JWKS as text, or None where `keys_url` says from where it is fetched. `pseudonymised`: the
    identifier systems whose values are replaced before anything is kept."""

    id: str
    name: str
    organisation: str
    scopes: Scopes
    unversioned: str
    keys: str | None
    keys_url: str | None
    pseudonymised: tuple[str, ...]
    enabled: bool
    changed_at: datetime

    def enabled_as(self, enabled: bool, at: datetime) -> Registration:
        """The same, switched on or off."""
        return replace(self, enabled=enabled, changed_at=at)


def pseudonymised(everybody: Iterable[Registration]) -> dict[str, frozenset[str]]:
    """By organisation the identifier systems whose values are replaced: what any of its senders was registered with, also one that
    may no longer send, for who was known by a pseudonym must stay known by it."""
    found: dict[str, frozenset[str]] = {}
    for one in everybody:
        if one.pseudonymised:
            found[one.organisation] = found.get(one.organisation, frozenset()) | frozenset(one.pseudonymised)
    return found


def check(registration: Registration, *, private_networks: bool = False) -> None:
    """Raises RegistrationRefused for what cannot be; keys are checked where they are read."""
    if not _ID.fullmatch(registration.id):
        raise RegistrationRefused("the id must be 3 to 64 lower-case letters, digits and hyphens, like hospital-one")
    if not registration.name or len(registration.name) > NAME_MAXIMUM_CHARACTERS or not registration.name.isprintable():
        raise RegistrationRefused(f"the name must be 1 to {NAME_MAXIMUM_CHARACTERS} printable characters")
    if not _ORGANISATION.fullmatch(registration.organisation):
        raise RegistrationRefused("the organisation is named by its URA: eight digits, with leading zeros")
    if not registration.scopes.permissions:
        raise RegistrationRefused("without a scope the sender could do nothing")
    if not _UNVERSIONED.fullmatch(registration.unversioned):
        raise RegistrationRefused("unversioned must be refuse, only-known, or the version that is meant")
    if (registration.keys is None) == (registration.keys_url is None):
        raise RegistrationRefused("a sender has either a set of keys or the address of one")
    if registration.keys_url is not None:
        check_address(registration.keys_url, private_networks=private_networks)
    if any(bsn.holds_one(system) for system in registration.pseudonymised):
        raise RegistrationRefused("a citizen service number is never taken in, so there is nothing to make a pseudonym of")


def check_address(url: str, *, private_networks: bool = False) -> None:
    """Raises RegistrationRefused for an address that keys may not be fetched from."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password or parts.fragment:
        raise RegistrationRefused("keys are fetched by https only, from an address without user, password or fragment")
    if len(url) > ADDRESS_MAXIMUM_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise RegistrationRefused(f"the address of the keys must be at most {ADDRESS_MAXIMUM_CHARACTERS} printable ASCII characters")
    if not private_networks and not _may_be_public(parts.hostname):
        raise RegistrationRefused("keys are not fetched from private networks")


def _may_be_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")
