"""$validate: says all that is wrong with a resource, by the very checks of storing it, and stores and counts nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange, fhir, front_door
from beklijf_intake.api.door import ROOT, TYPES, door_of, id_of, route, sender_of
from beklijf_intake.domain.problem import Problem, Refused, malformed
from beklijf_intake.domain.register import Request as Asked
from beklijf_intake.domain.submission import ResourceType
from beklijf_intake.outcome import operation_outcome

Mode = Literal["create", "update"]
BASE_PROFILES = "http://hl7.org/fhir/StructureDefinition/"
PARAMETERS = ("mode", "profile")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a resource with its bytes, and whether it would be created or updated."""

    resource: dict[str, Any]
    body: bytes
    mode: Mode


class _Named(msgspec.Struct):
    """Of a Parameters resource: one parameter, with its resource undecoded."""

    name: str = ""
    resource: msgspec.Raw = msgspec.Raw(b"")


class _Parameters(msgspec.Struct):
    parameter: list[_Named] = []


def add(app: FastAPI) -> None:
    """Adds the operation for the four resources that hospitals send, for a type and for one that is here."""
    for type_ in TYPES:
        route(app, "POST", f"{ROOT}/{type_}/$validate", partial(_of_type, type_), f"check {type_} without storing it")
        route(app, "POST", f"{ROOT}/{type_}/{{id}}/$validate", partial(_of_one, type_), f"check an update of {type_} without storing it")


async def _of_type(type_: ResourceType, request: Request) -> Response:
    return await _answer(type_, None, request)


async def _of_one(type_: ResourceType, request: Request) -> Response:
    return await _answer(type_, id_of(request), request)


async def _answer(type_: ResourceType, id_: str | None, request: Request) -> Response:
    """200 with what was found, be it good or bad; only what cannot be read at all, or asks for something else, is refused."""
    ignored = exchange.parameters_ignored(request, PARAMETERS)
    body = await exchange.body_of(request, front_door.RESOURCE_LIMIT_BYTES)
    question = _question(type_, id_, body, request)
    try:
        problems = await _problems(type_, id_, question, request)
    except Refused as refused:
        problems = list(refused.problems)
    return exchange.json_response(operation_outcome([*problems, *ignored]))


async def _problems(type_: ResourceType, id_: str | None, question: Question, request: Request) -> list[Problem]:
    """What a sender would be told; raises Refused where it would be refused."""
    door, caller = door_of(request), sender_of(request)
    organisation = caller.organisation
    if question.mode == "update" and id_ is None:
        given = question.resource.get("id")
        id_ = given if type(given) is str else ""
    context = door.context(organisation, caller.unversioned)
    resource, body = question.resource, question.body
    if context.gate is not None:
        body = await asyncio.to_thread(context.gate.cleared, body, front_door.RESOURCE_LIMIT_BYTES)
        resource = front_door.parse(body)
    submission = fhir.read(resource, body, context, type=type_, id=id_)
    verdict = await door.judge(Asked(organisation, submission, id_))
    if isinstance(verdict, Refused):
        raise verdict
    return [*verdict[0].warnings, *submission.received.warnings]


def _question(type_: ResourceType, id_: str | None, body: bytes, request: Request) -> Question:
    """The resource that is meant: the body itself, or what a Parameters resource wraps with mode and profile."""
    sent = front_door.parse(body)
    stated = {name: request.query_params[name] for name in PARAMETERS if name in request.query_params}
    resource, part = sent, body
    if sent.get("resourceType") == "Parameters":
        resource, part, stated = _unwrapped(sent, body, stated)
    profile = stated.get("profile", BASE_PROFILES + type_)
    if profile != BASE_PROFILES + type_:
        sentence = f"Only {BASE_PROFILES}{type_} can be asked for; our own rules are always checked. No profile is ever fetched."
        raise Refused([Problem("error", "not-supported", None, sentence, 422)])
    mode = stated.get("mode", "create" if id_ is None else "update")
    if mode not in ("create", "update"):
        raise Refused([Problem("error", "not-supported", None, "mode is create or update.", 422)])
    return Question(resource, part, cast("Mode", mode if id_ is None else "update"))


def _unwrapped(sent: dict[str, Any], body: bytes, stated: dict[str, str]) -> tuple[dict[str, Any], bytes, dict[str, str]]:
    """The resource within Parameters, its bytes, and what the other parameters say."""
    given = sent.get("parameter")
    parameters = given if type(given) is list else []
    found: dict[str, Any] = {}
    for index, one in enumerate(parameters):
        name = one.get("name") if type(one) is dict else None
        element = {"resource": "resource", "mode": "valueCode", "profile": "valueUri"}.get(name if type(name) is str else "")
        if element is None or name in found or type(one.get(element)) is not (dict if name == "resource" else str):
            sentence = "The parameters are resource, mode (valueCode) and profile (valueUri), each at most once."
            raise Refused([malformed("not-supported", f"Parameters.parameter[{index}]", sentence)])
        found[str(name)] = one[element]
    if "resource" not in found:
        raise Refused([malformed("required", "Parameters.parameter", "Give the resource to check, as the parameter resource.")])
    parts = msgspec.json.decode(body, type=_Parameters).parameter
    part = next(bytes(one.resource) for one in parts if one.name == "resource")
    return found.pop("resource"), part, {**stated, **found}
