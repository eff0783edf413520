"""Which elements of a resource are shown: `_summary` and `_elements` (FHIR R4 search, 3.1.1.5.8 and 3.1.1.5.9).

What R4 makes mandatory is always there, or the resource would be none; whoever gets less than all is told by the tag SUBSETTED.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, cast, get_args

from beklijf_intake.domain.problem import Refused, malformed

Summary = Literal["true", "text", "data", "count", "false"]

SUBSETTED: Mapping[str, str] = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
ALWAYS = frozenset({"resourceType", "id", "meta"})
MANDATORY: Mapping[str, frozenset[str]] = {
    "QuestionnaireResponse": frozenset({"status"}),
    "Patient": frozenset(),
    "EpisodeOfCare": frozenset({"status", "patient"}),
    "Consent": frozenset({"status", "scope", "category"}),
    "Questionnaire": frozenset({"status"}),
    "PlanDefinition": frozenset({"status"}),
    "StructureDefinition": frozenset({"url", "name", "status", "kind", "abstract", "type"}),
    "CodeSystem": frozenset({"status", "content"}),
    "ValueSet": frozenset({"status"}),
    "OperationDefinition": frozenset({"name", "status", "kind", "code", "system", "type", "instance"}),
}
_OF_EVERY_DEFINITION = frozenset(
    {"url", "version", "name", "title", "status", "experimental", "date", "publisher", "contact", "useContext", "jurisdiction"}
)
SUMMARY: Mapping[str, frozenset[str]] = {
    "QuestionnaireResponse": frozenset(
        {"identifier", "basedOn", "partOf", "questionnaire", "status", "subject", "encounter", "authored", "author", "source"}
    ),
    "Patient": frozenset(
        {"identifier", "active", "name", "telecom", "gender", "birthDate", "deceased", "address", "managingOrganization", "link"}
    ),
    "EpisodeOfCare": frozenset({"status", "type", "diagnosis", "patient", "managingOrganization", "period"}),
    "Consent": frozenset(
        {
            "identifier", "status", "scope", "category", "patient", "dateTime", "performer", "organization", "source", "policyRule",
            "verification", "provision",
        }
    ),
    "Questionnaire": _OF_EVERY_DEFINITION | {"identifier", "subjectType", "effectivePeriod", "code"},
    "PlanDefinition": _OF_EVERY_DEFINITION | {"identifier", "type", "description", "effectivePeriod"},
    "StructureDefinition": _OF_EVERY_DEFINITION
    | {
        "identifier", "keyword", "fhirVersion", "kind", "abstract", "context", "contextInvariant", "type", "baseDefinition", "derivation",
    },
    "CodeSystem": _OF_EVERY_DEFINITION
    | {
        "identifier", "caseSensitive", "valueSet", "hierarchyMeaning", "compositional", "versionNeeded", "content", "supplements", "count",
        "filter", "property",
    },
    "ValueSet": _OF_EVERY_DEFINITION | {"identifier", "immutable"},
    "OperationDefinition": _OF_EVERY_DEFINITION
    | {"kind", "affectsState", "code", "base", "resource", "system", "type", "instance"},
}  # fmt: skip
"""The elements that R4 marks with a sigma, besides `id`, `meta` and `implicitRules`."""
CHOICES: Mapping[str, tuple[str, ...]] = {"Patient": ("deceased", "multipleBirth"), "Consent": ("source",)}

_ELEMENT = re.compile(r"(?:([A-Z][A-Za-z]+)\.)?([a-z][A-Za-z]*)", re.ASCII)

Kept = Callable[[str], bool]


def asked(given: Mapping[str, str], type_: str) -> tuple[Summary, tuple[str, ...]]:
    """What `_summary` and `_elements` ask for, where they are among the parameters given; raises Refused for what they cannot be."""
    summary, listed = given.get("_summary", "false"), given.get("_elements")
    if summary not in get_args(Summary):
        raise _wrong("_summary", f"one of {', '.join(get_args(Summary))}.")
    found = [_ELEMENT.fullmatch(part.strip()) for part in listed.split(",")] if listed is not None else []
    if not all(found):
        raise _wrong("_elements", "names of top-level elements, with commas between.")
    elements = tuple(one[2] for one in found if one is not None and one[1] in (None, type_))
    if elements and summary != "false":
        raise _wrong("_elements", "give _summary or _elements, not both.")
    return cast("Summary", summary), elements


def asked_of_one(pairs: Iterable[tuple[str, str]], type_: str) -> Kept | None:
    """Which elements of one resource are wanted, None for all; raises Refused for what cannot be asked of one."""
    summary, elements = asked(once(pairs), type_)
    if summary == "count":
        raise _wrong("_summary", "one resource cannot be counted.")
    return kept(type_, summary, elements)


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters by name; raises Refused where one comes twice."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise _wrong(name, "may be given once.")
        given[name] = value
    return given


def kept(type_: str, summary: Summary, elements: tuple[str, ...]) -> Kept | None:
    """Tells of a JSON property whether it stays; None where all of them do."""
    if summary == "data":
        return lambda name: name.removeprefix("_") != "text"
    if summary == "true":
        wanted = SUMMARY[type_] | {"implicitRules"}
    elif summary == "text":
        wanted = frozenset({"text"})
    elif elements:
        wanted = frozenset(elements)
    else:
        return None
    stays = wanted | MANDATORY[type_] | ALWAYS
    choices = tuple(choice for choice in CHOICES.get(type_, ()) if choice in wanted)

    def keeps(name: str) -> bool:
        plain = name.removeprefix("_")
        return plain in stays or any(plain.startswith(choice) and plain[len(choice) :][:1].isupper() for choice in choices)

    return keeps


def _wrong(name: str, sentence: str) -> Refused:
    return Refused([malformed("value", None, f"{name}: {sentence}")])
