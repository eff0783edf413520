"""What intake is told beside the settings that every service has: where senders reach it, its keys, and on a laptop who may send.

`BEKLIJF_PUBLIC_URL` is the FHIR base address as senders know it. `BEKLIJF_TOKEN_KEY` signs access tokens and `BEKLIJF_PSEUDONYM_KEY`
decides ties (`contracts/decisions/0010`), `BEKLIJF_IDENTIFIER_KEY` makes pseudonyms where the registry makes any; all in hexadecimal
digits, and of the first and the last there may be several, the newest first. Each may stand in a file instead (a secret mounted into
a container), named by the variable with `_FILE` behind it. `BEKLIJF_SENDERS`, a JSON object from bearer token to organisation, is for
the laptop profile only: on a server, senders are registered and have keys.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from beklijf_shared.settings import SettingMissing, Settings, secret

CANONICAL_BASE = "https://w3id.org/beklijf/fhir"
TIME_ZONE = "Europe/Amsterdam"
MINIMUM_KEY_DIGITS = 64
SPOOL_GIB = 20
WORKERS_MAXIMUM = 4  # of the importer, where nobody says more: beyond it the database is what takes the time

# The laptop profile holds made-up data and listens on loopback only, so its two senders and its key are known to everybody.
LAPTOP_ORGANISATION = "00000001"
LAPTOP_SENDERS = {"laptop-token-of-hospital-one": LAPTOP_ORGANISATION, "laptop-token-of-hospital-two": "00000002"}
LAPTOP_KEY = b"beklijf laptop, no secret at all"
LAPTOP_TOKEN_KEY = b"beklijf laptop tokens, no secret"
LAPTOP_IDENTIFIER_KEY = b"beklijf laptop identifiers, known to all"


@dataclass(frozen=True, slots=True)
class Intake:
    """`senders`: ready-made token to organisation; `default_organisation`: of a request without token, or None where there must be
    one; `address`: the FHIR base as senders know it; `token_keys`: newest first."""

    senders: Mapping[str, str]
    default_organisation: str | None
    key: bytes
    address: str
    token_keys: tuple[bytes, ...]
    private_networks: bool = False
    time_zone: str = TIME_ZONE
    base: str = CANONICAL_BASE
    identifier_keys: tuple[bytes, ...] = ()
    """Newest first; none where every pseudonym is made elsewhere."""

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Intake:
        """Reads and checks; raises SettingMissing naming all that is missing, and never shows a value."""
        base = environment.get("BEKLIJF_FHIR_BASE", CANONICAL_BASE)
        time_zone = environment.get("BEKLIJF_TIME_ZONE", TIME_ZONE)
        private_networks = environment.get("BEKLIJF_PRIVATE_NETWORKS", "") == "yes"
        senders, key = _senders(environment), _key(environment)
        token_keys, identifier_keys = _keys(environment, "BEKLIJF_TOKEN_KEY"), _keys(environment, "BEKLIJF_IDENTIFIER_KEY")
        address = _address(environment)
        if settings.profile == "laptop":
            if not _is_loopback(settings.http_host):
                raise SettingMissing("BEKLIJF_HTTP_HOST must be a loopback address in the laptop profile, which asks for no token")
            address = address or f"http://127.0.0.1:{settings.http_port}/fhir"
            more = (private_networks, time_zone, base, identifier_keys or (LAPTOP_IDENTIFIER_KEY,))
            return cls(senders or LAPTOP_SENDERS, LAPTOP_ORGANISATION, key or LAPTOP_KEY, address, token_keys or (LAPTOP_TOKEN_KEY,), *more)
        if senders:
            raise SettingMissing("BEKLIJF_SENDERS is for the laptop profile: on a server each sender has a key (`beklijf sender add`)")
        if key is None or not token_keys or not address:
            raise SettingMissing(_absent(key, token_keys, address))
        if {LAPTOP_KEY, LAPTOP_TOKEN_KEY, LAPTOP_IDENTIFIER_KEY} & {key, *token_keys, *identifier_keys}:
            raise SettingMissing("BEKLIJF_PSEUDONYM_KEY or another key is one of the laptop profile, which everybody knows")
        return cls({}, None, key, address, token_keys, private_networks, time_zone, base, identifier_keys)

    @classmethod
    def behind_the_door(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Intake:
        """Of a process that nobody speaks to: it knows no sender, signs no token, has no address; the one key it needs is checked."""
        key = _key(environment) or (LAPTOP_KEY if settings.profile == "laptop" else None)
        if key is None or (settings.profile == "server" and key == LAPTOP_KEY):
            raise SettingMissing(f"BEKLIJF_PSEUDONYM_KEY must hold at least {MINIMUM_KEY_DIGITS} hexadecimal digits of this registry's own")
        base = environment.get("BEKLIJF_FHIR_BASE", CANONICAL_BASE)
        zone = environment.get("BEKLIJF_TIME_ZONE", TIME_ZONE)
        identifier_keys = _keys(environment, "BEKLIJF_IDENTIFIER_KEY")
        if settings.profile == "laptop":
            identifier_keys = identifier_keys or (LAPTOP_IDENTIFIER_KEY,)
        return cls({}, None, key, "", (), time_zone=zone, base=base, identifier_keys=identifier_keys)


def _absent(key: bytes | None, token_keys: tuple[bytes, ...], address: str) -> str:
    absent = []
    if key is None:
        absent.append(f"BEKLIJF_PSEUDONYM_KEY (at least {MINIMUM_KEY_DIGITS} hexadecimal digits)")
    if not token_keys:
        absent.append(f"BEKLIJF_TOKEN_KEY (at least {MINIMUM_KEY_DIGITS} hexadecimal digits)")
    if not address:
        absent.append("BEKLIJF_PUBLIC_URL (the FHIR base address as senders know it, like https://registry.example/fhir)")
    return f"not set, nor in a file: {', '.join(absent)}; deploy/secrets makes keys"


def _address(environment: Mapping[str, str]) -> str:
    address = environment.get("BEKLIJF_PUBLIC_URL", "")
    parts = urlsplit(address)
    if address and (parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or address.endswith("/")):
        raise SettingMissing("BEKLIJF_PUBLIC_URL must be an address like https://registry.example/fhir, without a slash at the end")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise SettingMissing("BEKLIJF_PUBLIC_URL must be https: tokens and answers of patients do not travel in the clear")
    return address


def _keys(environment: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    """Keys separated by white space, newest first."""
    return tuple(_bytes_of(word, name) for word in secret(environment, name).split())


@dataclass(frozen=True, slots=True)
class Archives:
    """Where archives lie until they are in, how many bytes of them there may be, and from where files may be fetched."""

    spool: Path | None
    limit_bytes: int
    sources: frozenset[str]
    workers: int

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Archives:
        """Reads and checks `BEKLIJF_SPOOL` (a folder that api and importer share; without it there are no archives), `BEKLIJF_SPOOL_GIB`,
        `BEKLIJF_IMPORT_SOURCES` (host names, separated by commas) and `BEKLIJF_IMPORT_WORKERS`.
        """
        folder = environment.get("BEKLIJF_SPOOL")
        sources = environment.get("BEKLIJF_IMPORT_SOURCES", "").lower()
        if folder and not Path(folder).is_absolute():
            raise SettingMissing("BEKLIJF_SPOOL must be an absolute path")
        if not re.fullmatch(r"[a-z0-9.:, -]*", sources):
            raise SettingMissing("BEKLIJF_IMPORT_SOURCES must be host names separated by commas, each with a port where it is not 443")
        return cls(
            spool=Path(folder) if folder else None,
            limit_bytes=_number(environment, "BEKLIJF_SPOOL_GIB", SPOOL_GIB) * 1024**3,
            sources=frozenset(name for part in sources.split(",") if (name := part.strip())),
            workers=_number(environment, "BEKLIJF_IMPORT_WORKERS", min(os.cpu_count() or 1, WORKERS_MAXIMUM)),
        )


def _number(environment: Mapping[str, str], name: str, otherwise: int) -> int:
    stated = environment.get(name, str(otherwise))
    if not re.fullmatch(r"[1-9][0-9]{0,4}", stated):
        raise SettingMissing(f"{name} must be a whole number from 1")
    return int(stated)


def _senders(environment: Mapping[str, str]) -> dict[str, str]:
    text = secret(environment, "BEKLIJF_SENDERS")
    if not text:
        return {}
    try:
        senders: Any = json.loads(text)
    except ValueError:
        senders = None
    if not isinstance(senders, dict) or not all(token and isinstance(by, str) and by for token, by in senders.items()):
        raise SettingMissing('BEKLIJF_SENDERS must be a JSON object from token to organisation, like {"...": "12345678"}')
    return senders


def _key(environment: Mapping[str, str]) -> bytes | None:
    text = secret(environment, "BEKLIJF_PSEUDONYM_KEY")
    return _bytes_of(text, "BEKLIJF_PSEUDONYM_KEY") if text else None


def _bytes_of(text: str, name: str) -> bytes:
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text) or len(text) < MINIMUM_KEY_DIGITS:
        raise SettingMissing(f"{name} must hold at least {MINIMUM_KEY_DIGITS} hexadecimal digits")
    return bytes.fromhex(text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
