"""What the registry works by, to read: Questionnaires, protocols (PlanDefinition), extensions, code systems. The same for every sender."""

from __future__ import annotations

from functools import partial
from typing import Any, NoReturn
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import definitions, exchange
from beklijf_intake.api.door import ROOT, door_of, id_of, route
from beklijf_intake.definitions import Definition
from beklijf_intake.domain.problem import IssueCode, Problem, Refused
from beklijf_intake.outcome import operation_outcome

PAGE_USUAL, PAGE_MAXIMUM = 50, 500
OF_THE_RESULT = ("_count", "_offset", "_summary")
SUMMARIES = ("count", "false")


def add(app: FastAPI) -> None:
    """Adds the routes of the resources that can only be read."""
    for type_ in definitions.TYPES:
        route(app, "GET", f"{ROOT}/{type_}", partial(_search, type_), f"search {type_}")
        route(app, "GET", f"{ROOT}/{type_}/{{id}}", partial(_read, type_), f"read {type_}")


async def _read(type_: str, request: Request) -> Response:
    found = door_of(request).definitions.read(type_, id_of(request))
    if found is None:
        raise Refused([Problem("error", "not-found", None, "There is no such resource here.", 404)])
    headers = {"ETag": f'W/"{found.etag}"'}
    if headers["ETag"].removeprefix("W/") in _tags(request):
        return Response(b"", 304, headers)
    return exchange.json_response(found.body, 200, headers)


def _tags(request: Request) -> set[str]:
    """The versions that a sender has already; weak and strong tags are compared alike (RFC 9110, 13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}


async def _search(type_: str, request: Request) -> Response:
    known = {parameter.name for parameter in definitions.parameters(type_)}
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name in known]
    for name in request.query_params:
        if ":" in name or "." in name:
            _refuse("not-supported", "Chains and modifiers are not supported here.")
    warnings = exchange.parameters_ignored(request, (*known, *OF_THE_RESULT))
    found = door_of(request).definitions.search(type_, [(name, value.split(",")) for name, value in pairs])
    if request.query_params.get("_summary", "false") not in SUMMARIES:
        _refuse("not-supported", "Here _summary is count or false.")
    size = min(_whole(request, "_count", PAGE_USUAL), PAGE_MAXIMUM)
    if request.query_params.get("_summary") == "count":
        size = 0
    offset = _whole(request, "_offset", 0)
    links = [{"relation": "self", "url": _address(request, type_, pairs, size, offset)}]
    if size and offset + size < len(found):
        links.append({"relation": "next", "url": _address(request, type_, pairs, size, offset + size)})
    entries = [_entry(request, each) for each in found[offset : offset + size]]
    if warnings:
        entries.append({"resource": operation_outcome(warnings), "search": {"mode": "outcome"}})
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links}
    return exchange.json_response(bundle | ({"entry": entries} if entries else {}))


def _entry(request: Request, found: Definition) -> dict[str, Any]:
    address = f"{door_of(request).address}/{found.type}/{found.id}"
    return {"fullUrl": address, "resource": found.resource, "search": {"mode": "match"}}


def _address(request: Request, type_: str, pairs: list[tuple[str, str]], size: int, offset: int) -> str:
    """The address of a page, with what was understood of the query and nothing else."""
    page = [("_count", str(size)), *([("_offset", str(offset))] if offset else [])]
    return f"{door_of(request).address}/{type_}?{urlencode([*pairs, *page])}"


def _whole(request: Request, name: str, usual: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        _refuse("value", f"{name} is a whole number, in digits.")
    return int(text)


def _refuse(code: IssueCode, sentence: str) -> NoReturn:
    raise Refused([Problem("error", code, None, sentence, 400)])
