"""References between the entries of a Bundle: they become the names (identifiers) of what they refer to.

A name survives a retry; a urn:uuid is made anew each time, and would make every retry look like an amendment (M11). It also means
something outside the Bundle, so it takes the place of the reference in what is kept, too; every other byte stays as it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from beklijf_intake.domain.reading.criteria import names_in
from beklijf_intake.domain.reading.elements import name_of
from beklijf_intake.domain.submission import Name

_REFERENCE = re.compile(rb'"reference"\s*:\s*("(?:[^"\\]|\\.)*+")')
_RELATIVE = re.compile(r"[A-Z][A-Za-z]{1,40}/[A-Za-z0-9\-.]{1,64}", re.ASCII)
CONDITIONAL = re.compile(r"([A-Z][A-Za-z]{1,40})\?(.+)", re.DOTALL)

Target = tuple[str, Name]
"""What a reference means: a type, and the identifier of one resource of it."""


class Addresses:
    """The addresses (`fullUrl`) of a Bundle's entries, each with the name of the resource that stands there."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self._entries = entries
        self._names = {entry["fullUrl"]: _name(entry) for entry in entries if "fullUrl" in entry}

    def in_circle(self) -> int | None:
        """The first entry that refers to itself through others, so that there is no order in which they could be stored."""
        points = {
            entry["fullUrl"]: {to for to in self._pointed_at(entry) if to in self._names} for entry in self._entries if "fullUrl" in entry
        }
        while points:
            ends = [address for address, to in points.items() if not to & points.keys()]
            if not ends:
                return next(index for index, entry in enumerate(self._entries) if entry.get("fullUrl") in points)
            for address in ends:
                del points[address]
        return None

    def resolved(self, resource: Any, body: bytes, full_url: str) -> tuple[Any, bytes]:
        """The resource with its references to other entries, and its conditional ones, replaced by names; and its bytes likewise."""
        found = {text: target for text in _references(resource) if (target := self._target(text, full_url)) is not None}
        return (_replaced(resource, found), _rewritten(body, found)) if found else (resource, body)

    def _pointed_at(self, entry: Mapping[str, Any]) -> Iterator[str]:
        return (_absolute(text, entry["fullUrl"]) for text in _references(entry.get("resource")))

    def _target(self, text: str, full_url: str) -> Target | None:
        conditional = CONDITIONAL.fullmatch(text)
        if conditional is not None:
            names = names_in(conditional[2])
            return (conditional[1], names[0]) if names is not None and len(names) == 1 else None
        return self._names.get(text) or self._names.get(_absolute(text, full_url))


def _absolute(text: str, full_url: str) -> str:
    """A relative reference as FHIR reads it within a Bundle: at the server from which the entry that holds it came."""
    if not _RELATIVE.fullmatch(text) or not full_url.startswith(("http://", "https://")):
        return text
    base = full_url.rsplit("/", 2)
    return f"{base[0]}/{text}" if len(base) == 3 else text


def _name(entry: Mapping[str, Any]) -> Target | None:
    """The type and the name of an entry's resource, as far as it can be seen before the resource is checked."""
    resource = entry.get("resource")
    if type(resource) is not dict:
        return None
    given = resource.get("identifier")
    only = given[0] if type(given) is list and len(given) == 1 else given
    if type(only) is not dict or type(only.get("system")) is not str or type(only.get("value")) is not str:
        return None
    name = name_of({"identifier": only}, [])
    return (str(resource.get("resourceType")), name) if name is not None else None


def _references(value: Any) -> Iterator[str]:
    if type(value) is list:
        for child in value:
            yield from _references(child)
    elif type(value) is dict:
        if type(value.get("reference")) is str and "identifier" not in value:  # an identifier beside it wins
            yield value["reference"]
        for child in value.values():
            yield from _references(child)


def _replaced(value: Any, targets: Mapping[str, Target]) -> Any:
    if type(value) is list:
        return [_replaced(child, targets) for child in value]
    if type(value) is not dict:
        return value
    target = targets.get(value["reference"]) if type(value.get("reference")) is str else None
    if target is None:
        return {key: _replaced(child, targets) for key, child in value.items()}
    rest = {key: child for key, child in value.items() if key != "reference"}
    return _logical(target) | rest  # what was said beside it stands, also where it contradicts: the reading refuses that


def _logical(target: Target) -> dict[str, Any]:
    type_, name = target
    return {"type": type_, "identifier": {"system": name.system, "value": name.value}}


def _rewritten(body: bytes, targets: Mapping[str, Target]) -> bytes:
    """The same in the bytes. A quotation mark within a string is escaped, so what looks like a reference here is one."""
    for elements in (("type", "identifier"), ("identifier",)):  # the type may stand there already
        rewritten = _REFERENCE.sub(partial(_named, targets, elements), body)
        if _once(rewritten):
            return rewritten
    return body


def _named(targets: Mapping[str, Target], elements: Sequence[str], found: re.Match[bytes]) -> bytes:
    target = targets.get(json.loads(found[1]))
    if target is None:
        return found[0]
    logical = _logical(target)
    return json.dumps({name: logical[name] for name in elements}, ensure_ascii=False)[1:-1].encode()


def _once(body: bytes) -> bool:
    """Whether no object has a key twice."""

    def checked(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError

    try:
        json.loads(body, object_pairs_hook=checked)
    except ValueError:
        return False
    return True
