"""FHIR R4 resources read into submissions; the only module that knows the library of FHIR models.

The tables of base R4 are compiled once from the R4B models of fhir.resources (there is no R4 package; the types we accept
differ only by CodeableReference and RatioRange, left out here). The hot path walks plain JSON by these tables.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, cast

import orjson
from fhir.resources.R4B import get_fhir_model_class  # type: ignore[import-untyped,unused-ignore]
from pydantic import ValidationError

from beklijf_intake.domain import bsn
from beklijf_intake.domain.invariants import check_local_references
from beklijf_intake.domain.primitives import is_id
from beklijf_intake.domain.problem import Problem, Refused, joined, malformed
from beklijf_intake.domain.reading import answers, consent, episode, patient
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.reading.elements import name_of, stated_at
from beklijf_intake.domain.search.dates import searchable
from beklijf_intake.domain.shape import Element, Shapes
from beklijf_intake.domain.submission import Name, Received, ResourceType, Submission

__all__ = ["ReadingContext", "canonical", "check_shape", "digest", "faults", "read", "shapes", "stated"]

FAULTS_TOLD = 20
READABLE = ("Patient", "EpisodeOfCare", "Consent", "QuestionnaireResponse")
_CONTAINABLE = ("Organization", "Practitioner", "PractitionerRole")
_NOT_IN_R4 = ("CodeableReference", "RatioRange")
_COMPARATORS = ("<", "<=", ">=", ">")  # the models do not list them
_COMPLEX = re.compile(r"abc\.(\w+?)Type\b")
_PRIMITIVE = re.compile(r"(\w+)(?: object at|\()")
_PRIMITIVE_NAMES = {
    "Base64Binary": "base64Binary", "Canonical": "canonical", "Code": "code", "Date": "date", "DateTime": "dateTime",
    "Decimal": "decimal", "Id": "id", "Instant": "instant", "Integer": "integer", "Markdown": "markdown", "Oid": "oid",
    "PositiveInt": "positiveInt", "String": "string", "Time": "time", "UnsignedInt": "unsignedInt", "Uri": "uri", "Url": "url",
    "UuidVersion": "uuid", "Xhtml": "xhtml",
}  # fmt: skip
Reader = Callable[[dict[str, Any], Received, ReadingContext, list[Problem]], Submission | None]
_READERS: dict[ResourceType, Reader] = {
    "Patient": patient.read, "EpisodeOfCare": episode.read, "Consent": consent.read, "QuestionnaireResponse": answers.read,
}  # fmt: skip


def read(resource: dict[str, Any], body: bytes, context: ReadingContext, *, type: str | None = None, id: str | None = None) -> Submission:
    """One resource as a submission; raises `Refused` with every problem found.

    `body` is kept as received. `type` and `id` are what the URL says, where it says so; the resource must agree.
    """
    name = _known_type(resource, type)
    problems = [*_address(resource, name, id), *shapes().check(resource)]
    if b'"#' in body or b"\\" in body:
        problems += [problem.below(name) for problem in check_local_references(resource)]
    if not bsn.cannot_hold(body) and (hidden := bsn.find(resource)):
        raise Refused([*(bsn.refusal(joined(name, where)) for where in hidden), *problems])
    if problems:
        raise Refused(problems)
    submission = stated(name, resource, body, digest(resource), context, problems, _READERS[name])
    errors = [problem for problem in problems if problem.severity == "error"]
    if submission is None or errors:
        raise Refused([problem.below(name) for problem in problems])
    return submission


def stated(
    name: ResourceType,
    resource: dict[str, Any],
    body: bytes,
    sum_: bytes,
    context: ReadingContext,
    problems: list[Problem],
    reader: Reader,
) -> Submission | None:
    """What a resource states whose shape was checked; problems are added to the list, and it counts only if none of them is an error."""
    received = Received(
        name,
        name_of(resource, problems) or Name("", ""),
        body,
        sum_,
        stated_at(resource, context, problems),
        searchable=searchable(resource, context.zone),
    )
    submission = reader(resource, received, context, problems)
    if submission is None or not problems:
        return submission
    return replace(submission, received=replace(received, warnings=tuple(problem.below(name) for problem in problems)))


def digest(resource: dict[str, Any]) -> bytes:
    """SHA-256 of the canonical JSON without `meta` and `id` (M11): keys sorted, decimals with the digits that were sent."""
    return hashlib.sha256(canonical({name: value for name, value in resource.items() if name not in ("meta", "id")})).digest()


def canonical(value: Any) -> bytes:
    """JSON in one way of writing it: keys sorted, no white space, decimals with the digits that were sent."""
    return orjson.dumps(value, default=_exact, option=orjson.OPT_SORT_KEYS)


def _exact(value: Any) -> dict[str, str]:
    return {"decimal": str(value)}  # an object, so that 1.5 and "1.5" differ


def check_shape(resource: dict[str, Any]) -> list[Problem]:
    """Problems of base R4 in one of the resources we read, or in a Bundle (its entries apart)."""
    return shapes().check(resource)


def faults(resource: Mapping[str, Any]) -> list[str]:
    """What the library finds wrong with a definition (a Questionnaire, a value set), in words for whoever runs the registry."""
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(dict(resource))
    except ValidationError as error:
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)[:FAULTS_TOLD]]
    except (TypeError, KeyError, AttributeError):  # the library takes some things for granted
        return ["it is no FHIR R4: an element has another type than it should"]
    return []


@cache
def shapes() -> Shapes:
    """The compiled tables (some 0.7 s, once per process: call it at start)."""
    types: dict[str, tuple[Element, ...]] = {"Element": (Element("id", "string"), Element("extension", "Extension", many=True))}
    waiting = [*READABLE, *_CONTAINABLE, "Bundle"]
    while waiting:
        name = waiting.pop()
        if name not in types:
            types[name] = tuple(_elements(name))
            waiting.extend(e.kind for e in types[name] if e.kind[0].isupper() and e.kind != "Resource")
    return Shapes(types, [*READABLE, "Bundle"], _CONTAINABLE)


def _elements(type_name: str) -> Iterator[Element]:
    model_fields = get_fhir_model_class(type_name).model_fields.values()
    extensible = {str(model_field.alias)[1:] for model_field in model_fields if str(model_field.alias).startswith("_")}
    for model_field in model_fields:
        about = cast("dict[str, Any]", model_field.json_schema_extra or {})
        name, annotation = str(model_field.alias), str(model_field.annotation)
        kind = _kind(annotation)
        if name.startswith("_") or name == "fhir_comments" or kind in _NOT_IN_R4:
            continue
        codes = about.get("enum_values") or ()
        if name == "comparator":
            codes = _COMPARATORS
        if "etc." in codes or "+" in codes:  # an open list of examples
            codes = ()
        yield Element(
            name=name,
            kind=kind,
            many="List[" in annotation,
            required=bool(about.get("element_required") or about.get("one_of_many_required") or model_field.is_required()),
            choice=about.get("one_of_many") or "",
            codes=frozenset(codes),
            extensible=name in extensible,
        )


def _kind(annotation: str) -> str:
    found = _COMPLEX.search(annotation)
    if found:
        return found[1]
    if "EncodedBytes" in annotation:
        return "base64Binary"
    if "bool" in annotation:
        return "boolean"
    named = [_PRIMITIVE_NAMES[name] for name in _PRIMITIVE.findall(annotation) if name in _PRIMITIVE_NAMES]
    return named[0] if named else "string"


def _known_type(resource: dict[str, Any], expected: str | None) -> ResourceType:
    name = resource.get("resourceType")
    if type(name) is not str:
        raise Refused([malformed("structure", "resourceType", "resourceType is required: it says which FHIR resource this is.")])
    if name not in READABLE:
        sentence = f"Only {', '.join(READABLE)} are accepted here (resourceType is written with exactly these capitals)."
        raise Refused([malformed("structure", "resourceType", sentence)])
    if expected is not None and name != expected:
        raise Refused([malformed("invalid", "resourceType", f"The address says {expected}, the resource says {name}. Send it to /{name}.")])
    return cast("ResourceType", name)


def _address(resource: dict[str, Any], name: str, expected_id: str | None) -> list[Problem]:
    if expected_id is None:
        return []
    if not is_id(expected_id):
        return [malformed("value", f"{name}.id", "The id in the address must be 1 to 64 letters, digits, hyphens and points.")]
    if resource.get("id") == expected_id:
        return []
    return [malformed("invalid", f"{name}.id", "The resource must carry the id that stands in the address.")]
