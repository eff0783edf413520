"""Who is calling: a bearer token stands for one organisation. Nothing in a body, a query or another header ever says so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{1,4096})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sender:
    """The caller: what it sends belongs to this organisation (URA), and it sees that organisation's resources only."""

    organisation: str


class NotAuthenticated(Exception):
    """The call carries no token where there must be one, or one that stands for nobody."""


class Senders:
    """The configured senders. Tokens are held and compared as SHA-256, so a comparison's duration tells nothing about a token."""

    def __init__(self, tokens: Mapping[str, str], default_organisation: str | None) -> None:
        self._organisations = {_digest(token): organisation for token, organisation in tokens.items()}
        self._default = default_organisation

    def authenticate(self, authorization: str | None) -> Sender:
        """The sender that an Authorization header stands for; raises NotAuthenticated, for a wrong token also where none is needed."""
        if authorization is None:
            if self._default is None:
                raise NotAuthenticated
            return Sender(self._default)
        match = BEARER.fullmatch(authorization)
        organisation = self._organisations.get(_digest(match[1])) if match else None
        if organisation is None:
            raise NotAuthenticated
        return Sender(organisation)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
