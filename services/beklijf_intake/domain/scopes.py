"""What a sender may do: SMART scopes `system/<Resource>.<cruds>`, and which of them each address asks for.

Letters are those of SMART 2: c create, r read, u update, d delete, s search; a scope names an in-order part of `cruds`. The
spelling of SMART 1 (`.read`, `.write`, `.*`) is understood and never answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

Letter = Literal["c", "r", "u", "d", "s"]
LETTERS: tuple[Letter, ...] = get_args(Letter)
EVERY_TYPE = "*"
EARLIER_SPELLING: dict[str, tuple[Letter, ...]] = {"read": ("r", "s"), "write": ("c", "u", "d"), "*": LETTERS}

TEXT_MAXIMUM = 4_096
_SCOPE = re.compile(r"system/(\*|[A-Z][A-Za-z]{1,60})\.(read|write|\*|(?=.)c?r?u?d?s?)", re.ASCII)
_OF_OTHERS = re.compile(r"(?:patient|user)/[^\s]+|openid|fhirUser|profile|launch(?:/[a-z]+)?|offline_access|online_access", re.ASCII)

Permission = tuple[str, Letter]
"""A resource type (or `*`) and what is done to it."""


class ScopeUnreadable(Exception):
    """A text that is no list of scopes, or one with a scope that nobody knows."""


@dataclass(frozen=True, slots=True)
class Scopes:
    """A set of permissions."""

    permissions: frozenset[Permission] = frozenset()

    def allows(self, type: str, letter: Letter) -> bool:
        """Whether this may be done to resources of this type."""
        return (type, letter) in self.permissions or (EVERY_TYPE, letter) in self.permissions

    def allows_somewhere(self, letters: str) -> bool:
        """Whether any of these letters is granted for any type at all."""
        return any(letter in letters for _, letter in self.permissions)

    def __and__(self, other: Scopes) -> Scopes:
        """What both allow; `*` here and a type there is that type."""
        mine = {one for one in self.permissions if other.allows(*one)}
        theirs = {one for one in other.permissions if self.allows(*one)}
        return Scopes(frozenset(mine | theirs))

    def __str__(self) -> str:
        """In the spelling of SMART 2, sorted by type: `system/Patient.rs system/QuestionnaireResponse.cruds`."""
        names = sorted({name for name, _ in self.permissions})
        return " ".join(f"system/{name}.{''.join(one for one in LETTERS if (name, one) in self.permissions)}" for name in names)


EVERYTHING = Scopes(frozenset((EVERY_TYPE, letter) for letter in LETTERS))
USUAL = "system/Patient.crus system/EpisodeOfCare.crus system/Consent.crus system/QuestionnaireResponse.crus system/*.rs"
"""What a hospital needs that sends and reads back: the four resources it owns, and all that is published here."""


def parse(text: str) -> Scopes:
    """The scopes of a text, separated by spaces. Those of people (`patient/`, `user/`, `openid`) are well-formed and grant nothing
    here; raises ScopeUnreadable for everything else that is no scope for a system, so that a typing error is not taken for less.
    """
    if len(text) > TEXT_MAXIMUM:
        raise ScopeUnreadable(f"more than {TEXT_MAXIMUM} characters of scopes")
    return Scopes(frozenset(permission for word in text.split(" ") if word for permission in _permissions(word)))


def _permissions(word: str) -> Iterator[Permission]:
    match = _SCOPE.fullmatch(word)
    if match is not None:
        for letter in LETTERS:
            if letter in EARLIER_SPELLING.get(match[2], match[2]):
                yield match[1], letter
    elif _OF_OTHERS.fullmatch(word) is None:
        raise ScopeUnreadable("a scope is written system/<Resource>.<letters>, the letters in the order of cruds")


# What each address asks for: the one table. `{type}` stands for a resource type; the first that fits decides.
Need = Literal["nothing", "a sender", "each entry"] | tuple[str, str]
"""Nothing at all; any known sender; what each entry of the body needs; or any one of these letters for a type (`*`: for some type)."""
TABLE: tuple[tuple[str, str, Need], ...] = (
    ("GET", "/metadata", "nothing"),
    ("GET", "/.well-known/{name}", "nothing"),
    ("POST", "/auth/token", "nothing"),
    ("POST", "", "each entry"),
    ("POST", "/{type}", ("{type}", "c")),  # also where it turns out to be a later version of what the sender created (M13)
    ("PUT", "/{type}", ("{type}", "u")),
    ("PUT", "/{type}/{id}", ("{type}", "u")),
    ("DELETE", "/{type}/{id}", ("{type}", "d")),
    ("GET", "/{type}", ("{type}", "s")),
    ("POST", "/{type}/_search", ("{type}", "s")),
    ("GET", "/{type}/_history", ("{type}", "s")),
    ("GET", "/{type}/{id}", ("{type}", "r")),
    ("GET", "/{type}/{id}/_history", ("{type}", "r")),
    ("GET", "/{type}/{id}/_history/{version}", ("{type}", "r")),
    ("POST", "/{type}/$validate", ("{type}", "crus")),
    ("POST", "/{type}/{id}/$validate", ("{type}", "crus")),
    ("GET", "/{type}/$*", ("{type}", "rs")),
    ("GET", "/{type}/{id}/$*", ("{type}", "rs")),
    ("POST", "/{type}/$*", ("{type}", "cu")),
    ("POST", "/{type}/{id}/$*", ("{type}", "cu")),
    ("GET", "/receipts/{id}", ("*", "cu")),
    # Operations on the whole server are about what the sender itself has sent; those that take resources in ask for each of them too.
    ("*", "/$*", ("*", "cu")),
)


@lru_cache(maxsize=1024)
def needed(method: str, path: str) -> Need:
    """What a request asks for, by method and path below the FHIR base (a route's pattern or an address); LookupError if the table
    does not say: a route without a place in it must not be opened."""
    for verb, pattern, need in TABLE:
        match = _pattern(pattern).fullmatch(path) if verb in (method, "*") else None
        if match is not None:
            return need if isinstance(need, str) else (need[0].replace("{type}", match.groupdict().get("type") or ""), need[1])
    raise LookupError(f"{method} {path} has no place in the table of scopes (beklijf_intake/domain/scopes.py)")


def is_met(need: Need, scopes: Scopes) -> bool:
    """Whether scopes meet a need. What each entry needs is asked entry by entry."""
    if isinstance(need, str):
        return True
    type_, letters = need
    if type_ == EVERY_TYPE:
        return scopes.allows_somewhere(letters)
    return any(scopes.allows(type_, letter) for letter in _letters(letters))


def scope_for(need: Need) -> str:
    """The scope that would have met it, as RFC 6750 wants it named."""
    if isinstance(need, str):
        return ""
    return f"system/{need[0]}.{need[1] if need[0] != EVERY_TYPE else need[1][:1]}"


def _letters(text: str) -> Iterable[Letter]:
    return (letter for letter in LETTERS if letter in text)


@lru_cache(maxsize=64)
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = {"{type}": r"(?P<type>[A-Z][A-Za-z]+)", "{id}": r"(?:\{\w+\}|[^/$_][^/]*)", "{version}": r"[^/]+", "{name}": r"[^/]+"}
    text = re.escape(pattern).replace(r"\$\*", r"\$[^/]+(?:/[^?]*)?")
    for name, expression in parts.items():
        text = text.replace(re.escape(name), expression)
    return re.compile(text)
