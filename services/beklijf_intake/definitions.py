"""What the registry works by, as FHIR resources to read: the files under `contracts/fhir`, and the protocols as PlanDefinitions.

They are the same for every sender, and stay as they are while the process lives: so a page is a place in one list, and an ETag
is a digest of the content.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from beklijf_intake.domain import plan
from beklijf_intake.domain.search import parameters as search
from beklijf_intake.domain.search.parameters import Kind, Parameter
from beklijf_intake.domain.search.subset import SUBSETTED, Kept
from beklijf_shared.contracts import Contracts

TYPES = ("CodeSystem", "OperationDefinition", "PlanDefinition", "Questionnaire", "StructureDefinition", "ValueSet")
_OWN = ("PlanDefinition", "Questionnaire")
_SAYS = {
    "_id": "the id that it has here",
    "url": "its canonical address, with or without |<version>",
    "version": "its version",
    "status": "active, draft, retired",
    "name": "the beginning of its name for programs, whatever the case",
    "title": "the beginning of its title, whatever the case",
}
_KINDS: Mapping[str, Kind] = {"_id": "token", "url": "uri", "version": "token", "status": "token", "name": "string", "title": "string"}
PAGE_USUAL, PAGE_MAXIMUM = 50, 500
RESULT_PARAMETERS: Mapping[str, str] = {
    "_count": f"resources to a page: {PAGE_USUAL} where not said, at most {PAGE_MAXIMUM}, 0 for none (only the number)",
    **{name: search.RESULT_PARAMETERS[name] for name in ("_summary", "_elements")},
}
"""What shapes the result; `_offset` stands in `next` links."""
SEARCH = "http://hl7.org/fhir/SearchParameter/"
_DIGEST_DIGITS = 16
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9\-.]+")

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """One resource as it is served: `etag` is the digest that is its versionId too."""

    type: str
    id: str
    etag: str
    resource: Resource
    body: bytes

    def part(self, keeps: Kept | None) -> Resource:
        """The resource, or the elements of it that are wanted, tagged as a part."""
        if keeps is None:
            return self.resource
        meta = self.resource["meta"]
        tagged = {"meta": {**meta, "tag": [*meta.get("tag", ()), SUBSETTED]}}
        return {name: value for name, value in self.resource.items() if keeps(name)} | tagged


class Definitions:
    """All definitions by type and id, in one order that never changes."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._known: dict[tuple[str, str], Definition] = {}
        for resource in sorted(resources, key=lambda each: (each["resourceType"], each["url"], each["version"])):
            definition = _definition(resource, self._free_id(resource))
            self._known[definition.type, definition.id] = definition

    def read(self, type_: str, id_: str) -> Definition | None:
        """The definition of that type and id, or None."""
        return self._known.get((type_, id_))

    def search(self, type_: str, criteria: Sequence[tuple[str, Sequence[str]]]) -> list[Definition]:
        """Those of a type that meet every criterion: a parameter's name and the values of which one must match."""
        return [each for each in self._known.values() if each.type == type_ and all(_meets(each, *one) for one in criteria)]

    def _free_id(self, resource: Resource) -> str:
        """The resource's id; a further version of a definition, which has the same id, gets its version behind it."""
        type_ = resource["resourceType"]
        own = str(resource.get("id") or resource["url"].rpartition("/")[2])
        wanted = _NOT_IN_AN_ID.sub("-", own)[:64]
        if (type_, wanted) not in self._known:
            return wanted
        versioned = _NOT_IN_AN_ID.sub("-", f"{wanted}-{resource['version']}")[-64:]
        if (type_, versioned) in self._known:
            raise ValueError(f"two resources would be {type_}/{versioned}")
        return versioned


def parameters(type_: str) -> tuple[Parameter, ...]:
    """What a type of definition can be searched by."""
    prefix = type_ if type_ in _OWN else "conformance"
    addresses = {name: "Resource-id" if name == "_id" else f"{prefix}-{name}" for name in _KINDS}
    return tuple(Parameter(name, kind, SEARCH + addresses[name], _SAYS[name]) for name, kind in _KINDS.items())


def of(contracts: Contracts, base: str) -> Definitions:
    """The definitions that these contracts are; `base` is that of the canonicals of protocols."""
    return Definitions([resource for resource in _all(contracts, base) if resource["resourceType"] in TYPES])


def _all(contracts: Contracts, base: str) -> Iterator[Resource]:
    yield from contracts.resources
    yield plan.programmes(contracts.protocols.values(), base)
    forms = {code: canonical for code in contracts.instruments if (canonical := _form(contracts, code)) is not None}
    for protocol in contracts.every_protocol:
        yield plan.plan_definition(protocol, contracts.instruments, forms, base)


def _form(contracts: Contracts, code: str) -> str | None:
    """The canonical of the newest Questionnaire that an instrument scores (M30)."""
    instrument = contracts.instruments[code]
    held = [version for url, version in contracts.questionnaires if url == instrument.questionnaire]
    scored = [version for version in held if instrument.scores_version(version)]
    return f"{instrument.questionnaire}|{max(scored, key=_age)}" if scored else None


def _age(version: str) -> tuple[tuple[int, str], ...]:
    """Sort key of versions: numbers as numbers."""
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in version.split("."))


def _definition(resource: Resource, id_: str) -> Definition:
    content = msgspec.json.encode({name: value for name, value in resource.items() if name not in ("id", "meta")}, order="sorted")
    etag = hashlib.sha256(content).hexdigest()[:_DIGEST_DIGITS]
    head = {"resourceType": resource["resourceType"], "id": id_, "meta": {**resource.get("meta", {}), "versionId": etag}}
    served = head | {name: value for name, value in resource.items() if name not in head}
    return Definition(resource["resourceType"], id_, etag, served, msgspec.json.encode(served))


def _meets(definition: Definition, parameter: str, values: Sequence[str]) -> bool:
    if _KINDS[parameter] == "string":
        text = str(definition.resource.get(parameter, "")).casefold()
        return any(text.startswith(value.casefold()) for value in values)
    if parameter == "url":  # url and version may be given as one canonical
        both = {definition.resource["url"], f"{definition.resource['url']}|{definition.resource['version']}"}
        return any(value in both for value in values)
    return definition.resource.get(parameter.removeprefix("_")) in values
