"""Value sets made into the set of their codes, as far as what they rest on is at hand. Nothing is ever fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Codes = frozenset[tuple[str | None, str | None]]
"""(system, code) of every concept."""

CONCEPTS_LIMIT = 100_000
NESTING_LIMIT = 32


class NotAtHand(Exception):
    """A value set cannot be made into codes; the message is the reason, in words for whoever runs the registry."""


def no_pattern(_: str) -> Callable[[str], bool]:
    """Where no engine for regular expressions is given: no pattern can be used."""
    raise ValueError("no engine for regular expressions is here")


@dataclass(frozen=True, slots=True)
class Around:
    """What a Questionnaire may rest on. Value sets and code systems are found by `url|version`, and by `url` where there is one only.

    `pattern` makes a regular expression into a function that tells, in linear time, whether a whole text fits; raises ValueError.
    """

    value_sets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    code_systems: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pattern: Callable[[str], Callable[[str], bool]] = no_pattern
    contained: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the Questionnaire contains, by `#id`."""


@dataclass(slots=True)
class _Expansion:
    around: Around
    inside: list[str] = field(default_factory=list)

    def of(self, canonical: str) -> Codes:
        """The codes of the value set with that address."""
        if canonical in self.inside or len(self.inside) >= NESTING_LIMIT:
            raise NotAtHand(f"{canonical} includes itself")
        resource = self.around.contained.get(canonical) or self.around.value_sets.get(canonical)
        if resource is None or resource.get("resourceType") != "ValueSet":
            where = "contained in the Questionnaire" if canonical.startswith("#") else "at hand"
            raise NotAtHand(f"the value set {canonical} is not {where}")
        self.inside.append(canonical)
        try:
            return self._composed(resource) if resource.get("compose", {}).get("include") else _expanded(resource)
        except NotAtHand:
            if resource.get("expansion", {}).get("contains"):
                return _expanded(resource)
            raise
        finally:
            self.inside.pop()

    def _composed(self, resource: Mapping[str, Any]) -> Codes:
        compose = resource["compose"]
        codes: set[tuple[str | None, str | None]] = set()
        for include in compose["include"]:
            codes |= self._part(include)
        for exclude in compose.get("exclude", ()):
            codes -= self._part(exclude)
        return frozenset(codes)

    def _part(self, part: Mapping[str, Any]) -> Codes:
        """One include or exclude: what all of its parts have in common."""
        parts = [self.of(canonical) for canonical in part.get("valueSet", ())]
        system = part.get("system")
        if system is not None:
            if part.get("concept"):
                parts.append(frozenset((system, concept.get("code")) for concept in part["concept"]))
            else:
                parts.append(self._system(system, part.get("version"), part.get("filter", ())))
        if not parts:
            raise NotAtHand("a part of the value set names neither a code system nor another value set")
        return frozenset.intersection(*parts)

    def _system(self, system: str, version: str | None, filters: Sequence[Mapping[str, Any]]) -> Codes:
        """The codes of a code system, all of them or those below one concept."""
        known = self._code_system(system, version)
        if known is None or known.get("content") != "complete":
            raise NotAtHand(f"the code system {system} is not at hand whole")
        chosen: Iterable[Mapping[str, Any]] = known.get("concept", ())
        for one in filters:
            if one.get("property") not in ("concept", "code") or one.get("op") not in ("is-a", "descendent-of"):
                raise NotAtHand(f"it filters the code system {system} in a way that is not computed here")
            found = [concept for concept in _flat(chosen) if concept.get("code") == one.get("value")]
            chosen = found if one["op"] == "is-a" else [child for concept in found for child in concept.get("concept", ())]
        return frozenset((system, concept.get("code")) for concept in _flat(chosen))

    def _code_system(self, system: str, version: str | None) -> Mapping[str, Any] | None:
        for inner in self.around.contained.values():
            if inner.get("resourceType") == "CodeSystem" and inner.get("url") == system:
                return inner
        return self.around.code_systems.get(f"{system}|{version}" if version else system)


def expand(canonical: str, around: Around) -> Codes:
    """The codes of a value set, by its address: `#id` for a contained one. Raises NotAtHand."""
    return _Expansion(around).of(canonical)


def _expanded(resource: Mapping[str, Any]) -> Codes:
    """The codes that the value set brings expanded, if that expansion is whole."""
    expansion = resource.get("expansion", {})
    found = [one for one in _flat(expansion.get("contains", ()), "contains") if "code" in one]
    if not found or expansion.get("total", len(found)) > len(found) or expansion.get("offset", 0):
        raise NotAtHand("the value set brings neither its codes nor a whole expansion")
    return frozenset((one.get("system"), one["code"]) for one in found if not one.get("abstract", False))


def _flat(concepts: Iterable[Mapping[str, Any]], below: str = "concept") -> Iterator[Mapping[str, Any]]:
    """Every concept and those below it, at whatever depth."""
    waiting, count = list(concepts), 0
    while waiting:
        concept = waiting.pop()
        count += 1
        if count > CONCEPTS_LIMIT:
            raise NotAtHand(f"it has more than {CONCEPTS_LIMIT} concepts")
        yield concept
        waiting.extend(concept.get(below, ()))
