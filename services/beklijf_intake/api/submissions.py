"""`$bulk-submit` and `$bulk-submit-status`, shaped as in the ballot of Bulk Data 4.0.0: an archive that the registry fetches itself.

Experimental. Where we differ is written in `contracts/decisions/0020-archives.md`: nothing that was stored is ever deleted, so stopping
or replacing a manifest takes back what is still to come of it, and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange, front_door
from beklijf_intake.api.door import ROOT, route, sender_of
from beklijf_intake.api.imports import handover_of, headers_of
from beklijf_intake.bulk.handover import Named, SubmissionStatus
from beklijf_intake.domain.problem import IssueCode, Problem, Refused, malformed
from beklijf_intake.outcome import operation_outcome

SUBMIT = f"{ROOT}/$bulk-submit"
STATUS = f"{ROOT}/$bulk-submit-status"
LIMIT_CHARACTERS = 2_000
_ALSO = {"completed": "complete", "aborted": "stopped"}  # words of earlier drafts
_VALUES = {
    "submitter": "valueIdentifier",
    "submissionId": "valueString",
    "submissionStatus": "valueCoding",
    "manifestUrl": "valueUrl",
    "replacesManifestUrl": "valueUrl",
    "fhirBaseUrl": "valueUrl",
    "outputFormat": "valueString",
}
_SPELLINGS = {"valueUrl": ("valueUrl", "valueUri", "valueString"), "valueCoding": ("valueCoding", "valueCode", "valueString")}


def add(app: FastAPI) -> None:
    """Adds the routes of submissions by manifest."""
    route(app, "POST", SUBMIT, _submit, "hand in a manifest of files to fetch, or end a submission (experimental)")
    route(app, "POST", STATUS, _status, "ask for the address under which a submission's import is asked about (experimental)")


async def _submit(request: Request) -> Response:
    """A manifest, a status, or both."""
    handover, given = handover_of(request), await _parameters(request)
    status, manifest, replaces = _state(given), given.get("manifestUrl"), given.get("replacesManifestUrl")
    if manifest is None and "submissionStatus" not in given:
        raise Refused([_malformed("required", "parameter", "Say manifestUrl, submissionStatus, or both.")])
    if manifest is not None and "fhirBaseUrl" not in given:
        raise Refused([_malformed("required", "parameter", "fhirBaseUrl goes with manifestUrl: relative references are relative to it.")])
    named = Named(submitter=given["submitter"], submission=given["submissionId"])
    import_id = await asyncio.to_thread(handover.link, sender_of(request), named, status, manifest, replaces)
    said = [Problem("information", "informational", None, "Taken. Content-Location says where to ask about it.", 200)]
    if status == "stopped" or replaces is not None:
        sentence = "What was stored before stays: retract a resource with status entered-in-error."
        said.append(Problem("warning", "business-rule", None, sentence, 200))
    return exchange.json_response(operation_outcome(said), 200, headers_of(import_id))


async def _status(request: Request) -> Response:
    """202 with the address of the import: the asynchronous pattern goes on there."""
    handover, given = handover_of(request), await _parameters(request)
    import_id = await asyncio.to_thread(handover.named, sender_of(request), given["submitter"], given["submissionId"])
    if import_id is None:
        raise Refused([Problem("error", "not-found", None, "There is no such submission here.", 404)])
    return Response(b"", 202, headers_of(import_id))


async def _parameters(request: Request) -> dict[str, str]:
    """The parameters as plain text, each checked; refuses those that are not supported rather than ignoring them."""
    body = front_door.parse(await exchange.body_of(request, front_door.RESOURCE_LIMIT_BYTES))
    listed = body.get("parameter")
    if body.get("resourceType") != "Parameters" or type(listed) is not list:
        raise Refused([malformed("structure", "resourceType", "Send a resource of type Parameters with an array `parameter`.")])
    given: dict[str, str] = {}
    for number, one in enumerate(listed):
        name = one.get("name") if type(one) is dict else None
        if name not in _VALUES:
            sentence = f"This parameter is not supported; these are: {', '.join(_VALUES)}."
            raise Refused([Problem("error", "not-supported", f"Parameters.parameter[{number}]", sentence, 422)])
        if name in given:
            raise Refused([_malformed("structure", f"parameter[{number}]", "This parameter is given twice.")])
        given[name] = _value(one, _VALUES[name], number)
    for name in ("submitter", "submissionId"):
        if name not in given:
            raise Refused([_malformed("required", "parameter", f"{name} is required.")])
    return given


def _value(one: Mapping[str, Any], kind: str, number: int) -> str:
    """A parameter's value as text; an Identifier is system and value."""
    value = next((one[name] for name in _SPELLINGS.get(kind, (kind,)) if name in one), None)
    if kind == "valueCoding" and type(value) is dict:
        value = value.get("code")
    if kind == "valueIdentifier" and type(value) is dict:
        system, own = value.get("system"), value.get("value")
        value = f"{system}|{own}" if type(system) is str and type(own) is str else None
    if type(value) is not str or not 0 < len(value) <= LIMIT_CHARACTERS:
        raise Refused([_malformed("value", f"parameter[{number}]", f"It must have a {kind} of at most {LIMIT_CHARACTERS} characters.")])
    return value


def _state(given: Mapping[str, str]) -> SubmissionStatus:
    stated = given.get("submissionStatus", "in-progress")
    status = _ALSO.get(stated, stated)
    if status not in get_args(SubmissionStatus):
        raise Refused([_malformed("code-invalid", "parameter", "submissionStatus is in-progress, complete or stopped.")])
    return cast("Literal['in-progress', 'complete', 'stopped']", status)


def _malformed(code: IssueCode, where: str, sentence: str) -> Problem:
    return malformed(code, f"Parameters.{where}", sentence)
