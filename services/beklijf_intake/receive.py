"""From bytes to a submission: the quick lane where it recognises what was sent, the full way for everything else.

Both give the same submission for the same bytes, and only the full way refuses.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import orjson

from beklijf_intake import fhir, front_door
from beklijf_intake.domain import bsn, quick
from beklijf_intake.domain.problem import Problem
from beklijf_intake.domain.questionnaire import Form
from beklijf_intake.domain.reading import answers
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.submission import Submission

QUICK_LIMIT_BYTES = 64 * 1024
_KIND = b'"QuestionnaireResponse"'
_NOT_QUICK = (b"\\", b'"#', b":-0")  # escapes, references within, minus nought
_SPACES = (b" ", b"\t", b"\n", b"\r")
_SPACED = tuple(space + sign for space in _SPACES for sign in (b":", b"-0"))
"""Space before a colon is not quick, so that `":` ends every key and nothing but a key (or begins a text, which is then one too many)."""
_tables: dict[tuple[str, str], tuple[Form, quick.Table | None]] = {}


def read(
    body: bytes, context: ReadingContext, *, type: str | None = None, id: str | None = None, limit: int = front_door.RESOURCE_LIMIT_BYTES
) -> Submission:
    """One resource as a submission; raises `Refused` with every problem found. `type` and `id` as in `fhir.read`."""
    gate = context.gate
    if gate is not None:
        body = gate.cleared(body, limit)
    if id is None and type in ("QuestionnaireResponse", None) and len(body) <= QUICK_LIMIT_BYTES:
        found = _quickly(body, context)
        if found is not None:
            return found
    return fhir.read(front_door.parse(body, limit=limit), body, context, type=type, id=id)


def _quickly(body: bytes, context: ReadingContext) -> Submission | None:
    if _KIND not in body or _any(_NOT_QUICK, body) or (_any(_SPACES, body) and _any(_SPACED, body)):
        return None
    try:
        resource = orjson.loads(body)
        table = _table(resource["questionnaire"], context)
        if table is None or not resource.keys() <= quick.TOP_ELEMENTS or resource["resourceType"] != "QuestionnaireResponse":
            return None
        top = {name: value for name, value in resource.items() if name != "item"}
        items = quick.recognise(resource["item"], table, resource["status"])
        # As many keys as the text has: so none of them came twice, which the parser would not have said.
        if items is None or 1 + items.keys + quick.count_keys(top) != body.count(b'":'):
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if fhir.check_shape(top) or not bsn.cannot_hold(_without_items(body, resource, items)):
        return None
    return _submission(resource, top, body, context, items)


def _any(signs: tuple[bytes, ...], body: bytes) -> bool:
    for sign in signs:  # noqa: SIM110 half the time of any()
        if sign in body:
            return True
    return False


def _submission(
    resource: dict[str, Any], top: dict[str, Any], body: bytes, context: ReadingContext, items: quick.Recognised
) -> Submission | None:
    problems: list[Problem] = []
    reader = partial(answers.read, recognised=items.answers)
    submission = fhir.stated("QuestionnaireResponse", top, body, _digest(resource, top, items), context, problems, reader)
    return None if problems else submission


def _digest(resource: dict[str, Any], top: dict[str, Any], items: quick.Recognised) -> bytes:
    """The digest of `fhir.digest`; where the items are bare, with the text of each from the table instead of written anew."""
    if items.canonical is None:
        return fhir.digest(resource)
    content = {name: value for name, value in top.items() if name not in ("meta", "id")}
    content["item"] = orjson.Fragment(items.canonical)
    return hashlib.sha256(fhir.canonical(content)).digest()


def _without_items(body: bytes, resource: dict[str, Any], items: quick.Recognised) -> bytes:
    """What may hold an identifier: bare items are the Questionnaire's own words and numbers."""
    if items.canonical is not None and next(reversed(resource)) == "item":
        return body[: body.index(b'"item":')]
    return body


def _table(canonical: str, context: ReadingContext) -> quick.Table | None:
    url, _, version = canonical.partition("|")
    form = context.forms.get((url, version))
    if form is None:
        return None
    known = _tables.get((url, version))
    if known is None or known[0] is not form:  # a form that was loaded anew has another table
        known = _tables[url, version] = (form, quick.table_of(form, _canonical))
    return known[1]


def _canonical(item: dict[str, Any]) -> bytes | None:
    response = {"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": [item]}
    return None if fhir.check_shape(response) or bsn.find(item) else fhir.canonical(item)
