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
_STYLES = ((b'"item":[{', b"},{", b"}]}"), (b'"item": [{', b"}, {", b"}]}"))
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
    parts = _parts(body)
    if parts is not None:
        found = _known_items(body, *parts, context)
        if found is not None:
            return found
    if not _is_quick(body):
        return None
    try:
        resource = orjson.loads(body)
        table = _table(resource, context)
        top = {name: value for name, value in resource.items() if name != "item"}
        items = None if table is None else quick.recognise(resource["item"], table, resource["status"])
        if table is None or items is None or not _has_each_key_once(body, top, items.keys):
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if parts is not None and bsn.cannot_hold(body):
        quick.remember(parts[1], resource["item"], items, table)
    return _submission(resource, top, body, body, context, items)


def _known_items(body: bytes, without_items: bytes, texts: list[bytes], context: ReadingContext) -> Submission | None:
    """As `_quickly`, where every item was sent before in the same bytes: then only the rest has to be parsed."""
    if not _is_quick(without_items):
        return None
    try:
        top = orjson.loads(without_items)
        table = _table(top, context)
        if table is None or top.pop("item") != []:
            return None
        items = quick.recognise_texts(texts, table, top["status"])
        if items is None or not _has_each_key_once(without_items, top, 0):
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return _submission(top, top, body, without_items, context, items)


def _parts(body: bytes) -> tuple[bytes, list[bytes]] | None:
    """A response whose items stand last, in one of the two ways in which programs write JSON: it with no items, and their texts.

    Whatever stands in the texts, the body is the first part with them put in; so if both are JSON, and each text is, the body is too.
    """
    for opening, between, closing in _STYLES:
        at = body.find(opening)
        if at >= 0 and body.endswith(closing):
            return body[:at] + b'"item":[]}', body[at + len(opening) : -len(closing)].split(between)
    return None


def _is_quick(body: bytes) -> bool:
    return _KIND in body and not (_any(_NOT_QUICK, body) or (_any(_SPACES, body) and _any(_SPACED, body)))


def _has_each_key_once(text: bytes, top: dict[str, Any], keys_of_items: int) -> bool:
    """As many keys were read as the text has: so none of them came twice, which the parser would not have said."""
    return 1 + keys_of_items + quick.count_keys(top) == text.count(b'":')


def _any(signs: tuple[bytes, ...], body: bytes) -> bool:
    for sign in signs:  # noqa: SIM110 half the time of any()
        if sign in body:
            return True
    return False


def _submission(
    resource: dict[str, Any], top: dict[str, Any], body: bytes, unknown: bytes, context: ReadingContext, items: quick.Recognised
) -> Submission | None:
    """The submission, if all is well with `top`, which is the resource without items; `unknown` is the text that nobody has seen yet."""
    if fhir.check_shape(top) or not bsn.cannot_hold(unknown):
        return None
    problems: list[Problem] = []
    reader = partial(answers.read, recognised=items.answers)
    submission = fhir.stated("QuestionnaireResponse", top, body, _digest(resource, top, items), context, problems, reader)
    return None if problems else submission


def _digest(resource: dict[str, Any], top: dict[str, Any], items: quick.Recognised) -> bytes:
    """The digest of `fhir.digest`; where the items are bare, with the text of each from the table instead of written anew."""
    canonical = items.canonical
    if canonical is None:
        return fhir.digest(resource)
    content = {name: value for name, value in top.items() if name not in ("meta", "id")}
    content["item"] = orjson.Fragment(canonical)
    return hashlib.sha256(fhir.canonical(content)).digest()


def _table(resource: dict[str, Any], context: ReadingContext) -> quick.Table | None:
    """The table of the form that a response of plain elements names."""
    if not resource.keys() <= quick.TOP_ELEMENTS or resource["resourceType"] != "QuestionnaireResponse":
        return None
    url, _, version = resource["questionnaire"].partition("|")
    form = context.forms.get((url, version))
    if form is None or context.mapper(resource["questionnaire"]) is not None:  # a form of the sender's own
        return None
    known = _tables.get((url, version))
    if known is None or known[0] is not form:  # a form that was loaded anew has another table
        known = _tables[url, version] = (form, quick.table_of(form, _canonical))
    return known[1]


def _canonical(item: dict[str, Any]) -> bytes | None:
    response = {"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": [item]}
    return None if fhir.check_shape(response) or bsn.find(item) else fhir.canonical(item)
