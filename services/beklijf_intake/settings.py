"""What intake is told beside the settings that every service has: who may send, and the key of what leaves in an identifier's place.

`BEKLIJF_SENDERS` is a JSON object from bearer token to organisation (its URA); `BEKLIJF_PSEUDONYM_KEY` is the key, in hexadecimal
digits. Either may stand in a file instead (a secret mounted into a container): `BEKLIJF_SENDERS_FILE`, `BEKLIJF_PSEUDONYM_KEY_FILE`.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beklijf_shared.settings import SettingMissing, Settings, secret

CANONICAL_BASE = "https://w3id.org/beklijf/fhir"
TIME_ZONE = "Europe/Amsterdam"
MINIMUM_TOKEN_CHARACTERS = 24
MINIMUM_KEY_DIGITS = 64

# The laptop profile holds made-up data and listens on loopback only, so its two senders and its key are known to everybody.
LAPTOP_ORGANISATION = "00000001"
LAPTOP_SENDERS = {"laptop-token-of-hospital-one": LAPTOP_ORGANISATION, "laptop-token-of-hospital-two": "00000002"}
LAPTOP_KEY = b"beklijf laptop, no secret at all"


@dataclass(frozen=True, slots=True)
class Intake:
    """`senders`: token to organisation; `default_organisation`: of a request without token, or None where there must be one."""

    senders: Mapping[str, str]
    default_organisation: str | None
    key: bytes
    time_zone: str = TIME_ZONE
    base: str = CANONICAL_BASE

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Intake:
        """Reads and checks; raises SettingMissing naming the variable, and never shows its value."""
        base = environment.get("BEKLIJF_FHIR_BASE", CANONICAL_BASE)
        time_zone = environment.get("BEKLIJF_TIME_ZONE", TIME_ZONE)
        senders, key = _senders(environment), _key(environment)
        if settings.profile == "laptop":
            if not _is_loopback(settings.http_host):
                raise SettingMissing("BEKLIJF_HTTP_HOST must be a loopback address in the laptop profile, which asks for no token")
            return cls(senders or LAPTOP_SENDERS, LAPTOP_ORGANISATION, key or LAPTOP_KEY, time_zone, base)
        if not senders:
            raise SettingMissing("BEKLIJF_SENDERS or BEKLIJF_SENDERS_FILE is not set: it must map each sender's token to its organisation")
        if key is None:
            raise SettingMissing(f"BEKLIJF_PSEUDONYM_KEY is not set: it must hold at least {MINIMUM_KEY_DIGITS} hexadecimal digits")
        if min(map(len, senders)) < MINIMUM_TOKEN_CHARACTERS:
            raise SettingMissing(f"BEKLIJF_SENDERS has a token of fewer than {MINIMUM_TOKEN_CHARACTERS} characters")
        if LAPTOP_SENDERS.keys() & senders.keys():
            raise SettingMissing("BEKLIJF_SENDERS has a token of the laptop profile, which everybody knows")
        return cls(senders, None, key, time_zone, base)


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
    if not text:
        return None
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text) or len(text) < MINIMUM_KEY_DIGITS:
        raise SettingMissing(f"BEKLIJF_PSEUDONYM_KEY must hold at least {MINIMUM_KEY_DIGITS} hexadecimal digits")
    return bytes.fromhex(text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
