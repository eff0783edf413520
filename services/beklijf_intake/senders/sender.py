"""Who is calling: what authenticated a call stands for one organisation. Nothing in a body, a query or another header ever says so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from beklijf_intake.domain.reading.context import REFUSE
from beklijf_intake.domain.scopes import EVERYTHING, Scopes

BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{1,16384})", re.ASCII | re.IGNORECASE)

Reason = Literal["login", "unknown", "expired"]


@dataclass(frozen=True, slots=True)
class Sender:
    """The caller: what it sends belongs to this organisation (URA), and it sees that organisation's resources only.

    `unversioned` says what becomes of an answer to a questionnaire without version: `refuse`, `only-known` (the one version that is
    here, if there is one), or the version that is meant.
    """

    organisation: str
    scopes: Scopes = EVERYTHING
    client: str = ""
    unversioned: str = REFUSE


class NotAuthenticated(Exception):
    """The call carries no token where there must be one (`login`), one that stands for nobody (`unknown`), or one that was (`expired`)."""

    def __init__(self, reason: Reason = "login") -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Unknowable(Exception):
    """Nobody can be recognised yet: who may send has not been read from the database. The same call may succeed later."""


class Authority(Protocol):
    """Whoever can say whom an Authorization header stands for."""

    def authenticate(self, authorization: str | None) -> Sender:
        """The sender; raises NotAuthenticated. Asks no database."""


class Senders:
    """Senders with a token each that never changes: for one's own computer. Tokens are held and compared as SHA-256, so a
    comparison's duration tells nothing about a token."""

    def __init__(self, tokens: Mapping[str, str], default_organisation: str | None) -> None:
        self._senders = {_digest(token): Sender(organisation) for token, organisation in tokens.items()}
        self._default = None if default_organisation is None else Sender(default_organisation)

    def authenticate(self, authorization: str | None) -> Sender:
        """The sender that an Authorization header stands for; raises NotAuthenticated, for a wrong token also where none is needed."""
        if authorization is None:
            if self._default is None:
                raise NotAuthenticated
            return self._default
        match = BEARER.fullmatch(authorization)
        found = self._senders.get(_digest(match[1])) if match else None
        if found is None:
            raise NotAuthenticated("unknown")
        return found


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
