"""What the registry works by, to read: Questionnaires, protocols (PlanDefinition), extensions, code systems. The same for every sender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import definitions, exchange
from beklijf_intake.api.door import ROOT, door_of, id_of, route
from beklijf_intake.api.reading import PARTS, part
from beklijf_intake.definitions import Definition
from beklijf_intake.domain.problem import IssueCode, Problem, Refused
from beklijf_intake.domain.search import subset
from beklijf_intake.domain.search.subset import Kept
from beklijf_intake.outcome import operation_outcome

OFFSET = "_offset"
"""Where a page begins: in links only."""


def add(app: FastAPI) -> None:
    """Adds the routes of the resources that can only be read."""
    for type_ in definitions.TYPES:
        known = {**{parameter.name: parameter.says for parameter in definitions.parameters(type_)}, **definitions.RESULT_PARAMETERS}
        route(app, "GET", f"{ROOT}/{type_}", partial(_search, type_), f"search {type_}", parameters=known)
        route(app, "GET", f"{ROOT}/{type_}/{{id}}", partial(_read, type_), f"read {type_}", parameters=PARTS)


async def _read(type_: str, request: Request) -> Response:
    id_ = id_of(request)
    keeps = part(type_, request)
    found = door_of(request).definitions.read(type_, id_)
    if found is None:
        raise Refused([Problem("error", "not-found", None, "There is no such resource here.", 404)])
    headers = {"ETag": f'W/"{found.etag}"'}
    if headers["ETag"].removeprefix("W/") in _tags(request):
        return Response(b"", 304, headers)
    return exchange.json_response(found.body if keeps is None else found.part(keeps), 200, headers)


def _tags(request: Request) -> set[str]:
    """The versions that a sender has already; weak and strong tags are compared alike (RFC 9110, 13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}


async def _search(type_: str, request: Request) -> Response:
    known = {parameter.name for parameter in definitions.parameters(type_)}
    given = request.query_params.multi_items()
    if any(":" in name or "." in name for name, _ in given):
        _refuse("not-supported", "Chains and modifiers are not supported here.")
    warnings = exchange.parameters_ignored(request, (*known, *definitions.RESULT_PARAMETERS, OFFSET))
    pairs = [(name, value) for name, value in given if name in known]
    shape = subset.once((name, value) for name, value in given if name in (*definitions.RESULT_PARAMETERS, OFFSET))
    summary, elements = subset.asked(shape, type_)
    size = min(_whole(shape, "_count", definitions.PAGE_USUAL), definitions.PAGE_MAXIMUM) if summary != "count" else 0
    offset = _whole(shape, OFFSET, 0)
    found = door_of(request).definitions.search(type_, [(name, value.split(",")) for name, value in pairs])
    base = f"{door_of(request).address}/{type_}"
    asked = [*pairs, *((name, shape[name]) for name in PARTS if name in shape), ("_count", str(size))]
    links = [{"relation": "self", "url": _address(base, asked, offset)}]
    if size and offset + size < len(found):
        links.append({"relation": "next", "url": _address(base, asked, offset + size)})
    keeps = subset.kept(type_, summary, elements)
    entries = [_entry(base, each, keeps) for each in found[offset : offset + size]]
    if warnings:
        entries.append({"resource": operation_outcome(warnings), "search": {"mode": "outcome"}})
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links}
    return exchange.json_response(bundle | ({"entry": entries} if entries else {}))


def _entry(base: str, found: Definition, keeps: Kept | None) -> dict[str, Any]:
    return {"fullUrl": f"{base}/{found.id}", "resource": found.part(keeps), "search": {"mode": "match"}}


def _address(base: str, asked: Sequence[tuple[str, str]], offset: int) -> str:
    """The address of a page, with what was understood of the query and nothing else."""
    return f"{base}?{urlencode([*asked, *([(OFFSET, str(offset))] if offset else [])])}"


def _whole(shape: Mapping[str, str], name: str, usual: int) -> int:
    text = shape.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        _refuse("value", f"{name} is a whole number, in digits.")
    return int(text)


def _refuse(code: IssueCode, sentence: str) -> NoReturn:
    raise Refused([Problem("error", code, None, sentence, 400)])
