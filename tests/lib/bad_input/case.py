"""Bad input as data: what hospitals, attackers and broken software send, and the answer each of them must get.

Every case is one HTTP request with the expected status and R4 issue code, and, where there is an element to name, its FHIRPath
expression. Reading alone is tested with those that are about a body; the HTTP tests send them all. `TOLERATED` are the
neighbours that look odd and must be accepted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.lib.builders import patient, vas

FHIR_JSON = "application/fhir+json"
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
WHEN = "2014-03-03T10:00:00+01:00"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
ONE = "urn:uuid:3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a01"
TWO = "urn:uuid:3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a02"

Resource = dict[str, Any]


@dataclass(frozen=True)
class BadInput:
    """One request and its answer. `about`: http (never reaches reading), json or fhir. `entry`: the answer stands in a batch's entry."""

    id: str
    status: int
    code: str
    body: bytes = b""
    expression: str | None = None
    method: str = "POST"
    path: str = "/fhir/QuestionnaireResponse"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": FHIR_JSON})
    about: str = "fhir"
    chunked: bool = False
    entry: bool = False


def answer(value: object = 50, **more: Any) -> Resource:
    """A VAS answer whose one answer is `value[x]` = value, given as {"valueInteger": 50} or as the integer."""
    resource = vas("bad-1", 50, authored=WHEN)
    resource["item"][0]["answer"] = [value if isinstance(value, dict) else {"valueInteger": value}]
    return resource | more


def without(resource: Resource, *elements: str) -> Resource:
    """The resource less these elements."""
    return {name: value for name, value in resource.items() if name not in elements}


def body(resource: Resource | str | bytes) -> bytes:
    """The bytes to send."""
    if isinstance(resource, bytes):
        return resource
    return (resource if isinstance(resource, str) else json.dumps(resource)).encode()


def fhir(id: str, status: int, code: str, resource: Resource, at: str | None = None) -> BadInput:
    """A well-formed JSON body that breaks FHIR, the Questionnaire or a rule of the registry; `at`: where, below the resource."""
    kind = resource.get("resourceType")
    path = (
        "/fhir"
        if kind == "Bundle"
        else f"/fhir/{kind}"
        if kind in ("Patient", "EpisodeOfCare", "Consent")
        else "/fhir/QuestionnaireResponse"
    )
    expression = None if at is None else at if at == "resourceType" else f"{kind}.{at}".rstrip(".")
    return BadInput(id, status, code, body(resource), expression, path=path)


def text(id: str, status: int, code: str, sent: str | bytes) -> BadInput:
    """A body that does not get past the front door."""
    return BadInput(id, status, code, body(sent), about="json")


def within(number: str) -> str:
    """A VAS answer whose value is this piece of JSON text."""
    return json.dumps(answer(0)).replace('{"valueInteger": 0}', f'{{"valueInteger": {number}}}')


def noted(escape: str) -> str:
    """A VAS answer with this piece of JSON text within a string."""
    return json.dumps(answer(50, language="nl")).replace('"nl"', f'"n{escape}l"')


def noted_text(text: str) -> str:
    """A VAS answer with this piece of JSON text in the display of whoever is its author."""
    return json.dumps(answer(50, author={"type": "Practitioner", "display": "=="})).replace("==", text)


def bundle(*entries: Resource, kind: str = "transaction") -> Resource:
    """A Bundle of that type."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(resource: Resource, full_url: str | None = None, method: str = "POST", url: str | None = None, **more: str) -> Resource:
    """One entry that creates the resource."""
    request = {"method": method, "url": url or str(resource["resourceType"])} | more
    return ({"fullUrl": full_url} if full_url else {}) | {"resource": resource, "request": request}


def narrative(inner: str) -> Resource:
    """An answer with this narrative."""
    return answer(50, text={"status": "generated", "div": f"<div {XHTML}>{inner}</div>"})


def replaced_by(name: str, other: str) -> Resource:
    """A patient replaced by whom `other` refers to."""
    return patient(name, link=[{"type": "replaced-by", "other": {"reference": other}}])


def http(id: str, status: int, code: str, **how: Any) -> BadInput:
    """A request that is refused for what surrounds the body."""
    return replace(BadInput(id, status, code, body(answer()), about="http"), **how)


def typed(media_type: str, **more: str) -> dict[str, str]:
    """Headers with this content type."""
    return {"Content-Type": media_type} | more
