"""Who may read scores: a bearer token stands for one organisation, which reads its own patients' scores and nobody else's.

`BEKLIJF_READERS` (or the file that `BEKLIJF_READERS_FILE` names) is a JSON object from token to organisation (its URA). The laptop
profile listens on loopback with made-up data, and reads as its first hospital without a token. Where no reader is set, nobody reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from beklijf_shared.settings import SettingMissing, Settings, secret

BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{24,4096})", re.ASCII | re.IGNORECASE)
MINIMUM_TOKEN_CHARACTERS = 24
LAPTOP_ORGANISATION = "00000001"


@dataclass(frozen=True, slots=True)
class Readers:
    """Organisations by the SHA-256 of their tokens; `default` without a token, or None where there must be one."""

    organisations: Mapping[bytes, str]
    default: str | None

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Readers:
        """Reads and checks; raises SettingMissing naming the variable, and never shows its value."""
        text = secret(environment, "BEKLIJF_READERS")
        try:
            readers = json.loads(text) if text else {}
        except ValueError:
            readers = None
        if not isinstance(readers, dict) or not all(isinstance(by, str) and by for by in readers.values()):
            raise SettingMissing('BEKLIJF_READERS must be a JSON object from token to organisation, like {"...": "12345678"}')
        if any(len(token) < MINIMUM_TOKEN_CHARACTERS for token in readers):
            raise SettingMissing(f"BEKLIJF_READERS has a token of fewer than {MINIMUM_TOKEN_CHARACTERS} characters")
        return cls({_digest(token): by for token, by in readers.items()}, LAPTOP_ORGANISATION if settings.profile == "laptop" else None)

    def organisation(self, authorization: str | None) -> str | None:
        """Whose scores an Authorization header may read; None: nobody's. A wrong token reads nothing, also where none is needed."""
        if authorization is None:
            return self.default
        match = BEARER.fullmatch(authorization)
        return self.organisations.get(_digest(match[1])) if match else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
