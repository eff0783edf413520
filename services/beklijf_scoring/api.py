"""The HTTP edge: scores as FHIR Observations, why they are what they are, and trying one out. Reads what was told; stores nothing.

Everybody reads the scores of their own organisation; another's are as unknown as made-up ones.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from beklijf_scoring import observations, queries, statement, trial, why
from beklijf_scoring.queries import Scored
from beklijf_scoring.reader import Readers
from beklijf_scoring.trial import Untried
from beklijf_scoring.wording import LANGUAGES, Language
from beklijf_shared import db, http
from beklijf_shared.contracts import Contracts
from beklijf_shared.db import Engine

FHIR, JSON = "application/fhir+json", "application/json"
BODY_MAXIMUM_BYTES = 2 * 1024 * 1024
SEARCHED = ("_id", "derived-from", "subject", "patient", "subject:identifier", "patient:identifier", "code", "_count", "page")
OF_EVERY_REQUEST = {"_format", "_pretty"}
"""What clients of FHIR may put into any address; the answer is the same."""
_ID = re.compile(r"[A-Za-z0-9\-]{1,64}")
_ENCODER = msgspec.json.Encoder(decimal_format="number")

Routed = Callable[[Request], Response]


class Refused(Exception):
    """A request that is not answered: status, issue code and one sentence."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


def application(engine: Engine, contracts: Contracts, readers: Readers) -> FastAPI:
    """The application on a service's database."""
    app = http.application("Beklijf scoring: scores and why")
    edge = Edge(engine, contracts, readers)
    _route(app, "GET", "/scores/{id}/why", edge.why, "why the score of an answer is what it is, in sentences (?lang=en|nl)", JSON)
    _route(app, "GET", "/fhir/Provenance/{id}", edge.provenance, "the same as FHIR Provenance", FHIR)
    _route(app, "GET", "/fhir/Observation/{id}", edge.observation, "one result of one answer", FHIR)
    _route(app, "GET", "/fhir/Observation", edge.search, "search by _id, derived-from, subject, code", FHIR)
    _route(app, "GET", "/fhir/metadata", _metadata, "say what is supported (CapabilityStatement)", FHIR)
    for path in ("/fhir/QuestionnaireResponse/$score", "/$score"):
        _add_trial(app, path, edge)

    async def refused(_: Request, error: Any) -> Response:
        issue = {"severity": "error", "code": error.code, "diagnostics": str(error)}
        headers = {"WWW-Authenticate": 'Bearer realm="beklijf"'} if error.status == 401 else {}
        return _answer({"resourceType": "OperationOutcome", "issue": [issue]}, error.status, headers)

    async def untried(_: Request, error: Any) -> Response:
        return _answer(trial.outcome(error), 400 if error.code in ("structure", "too-costly") else 422)

    async def away(_: Request, __: Any) -> Response:
        return await refused(_, Refused(503, "transient", "The database does not answer. Ask again later."))

    async def unknown_place(_: Request, error: Any) -> Response:
        if error.status_code == 405:
            answer = await refused(_, Refused(405, "not-supported", "This address does not take that method."))
            answer.headers.update(error.headers or {})
            return answer
        sentence = "There is nothing at this address. What there is stands in the CapabilityStatement: GET /fhir/metadata."
        return await refused(_, Refused(error.status_code, "not-found", sentence))

    async def failed(_: Request, __: Any) -> Response:
        return await refused(_, Refused(500, "exception", "The registry failed. The fault is ours."))

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, unknown_place)
    app.add_exception_handler(Exception, failed)
    app.add_exception_handler(Untried, untried)
    app.add_exception_handler(db.DBAPIError, away)
    return app


class Edge:
    """The handlers, with what they need."""

    def __init__(self, engine: Engine, contracts: Contracts, readers: Readers) -> None:
        self._engine, self._contracts, self._readers = engine, contracts, readers

    def why(self, request: Request) -> Response:
        """The story of one score, as sentences and as the facts that they rest on."""
        language, known = self._language(request), self._known(request)
        told = why.sentences(known, self._contracts, language)
        facts = {"score": known.score, "made": known.made, "answers": known.response.answers, "pairs": known.pairs, "former": known.former}
        return Response(_ENCODER.encode({"sentences": told, **facts}), media_type=JSON)

    def provenance(self, request: Request) -> Response:
        """The same for machines."""
        known = self._known(request)
        if not known.score.results and not known.withdrawn:
            raise Refused(404, "not-found", "This answer never had a score.")
        return _answer(observations.provenance(known, why.sentences(known, self._contracts, self._language(request))))

    def observation(self, request: Request) -> Response:
        """One result."""
        response, _, measure = request.path_params["id"].rpartition(".")
        for scored in self._scores(request, [response]) if _ID.fullmatch(response) else ():
            for found in observations.observations(scored, self._contracts.instruments):
                if found["id"] == observations.identity(response, measure):
                    return _answer(found, headers={"ETag": f'W/"{scored.version}"'})
        raise Refused(404, "not-found", "There is no such score here.")

    def search(self, request: Request) -> Response:
        """The scores asked for, or all of them, page by page in the order of the answers."""
        asked = request.query_params
        unknown = set(asked) - set(SEARCHED) - OF_EVERY_REQUEST
        if unknown or len(asked.multi_items()) != len(set(asked)):
            raise Refused(400, "not-supported", f"Scores are searched by {', '.join(SEARCHED)}, each at most once.")
        most = _count(asked.get("_count"))
        found, further = self._asked(request, most)
        entries = [
            {"fullUrl": f"{_base(request)}/Observation/{each['id']}", "resource": each, "search": {"mode": "match"}}
            for scored in found
            for each in observations.observations(scored, self._contracts.instruments)
            if _matches(each, asked.get("code"), asked.get("_id"))
        ]
        links = [{"relation": "self", "url": f"{_base(request)}/Observation" + (f"?{request.url.query}" if request.url.query else "")}]
        if further is not None:
            code = f"&code={asked['code']}" if "code" in asked else ""
            links.append({"relation": "next", "url": f"{_base(request)}/Observation?_count={most}{code}&page={_hidden(further)}"})
        bundle = {"resourceType": "Bundle", "type": "searchset", "link": links}
        return _answer({**bundle, "entry": entries} if entries else bundle)

    def _asked(self, request: Request, most: int) -> tuple[list[Scored], str | None]:
        asked = request.query_params
        response = asked.get("derived-from", "").removeprefix("QuestionnaireResponse/") or asked.get("_id", "").rpartition(".")[0]
        subjects = (asked.get(f"{name}{kind}") for name in ("subject", "patient") for kind in ("", ":identifier"))
        subject = next((value.rpartition("|")[2] for value in subjects if value is not None), None)
        if response:
            return self._scores(request, [response]), None
        organisation = self._organisation(request)
        with db.transaction(self._engine) as connection:
            if subject is not None:
                return queries.scores_of_subject(connection, organisation, subject), None
            return queries.page(connection, organisation, _shown(asked.get("page", "")), most)

    def tried(self, request: Request, body: bytes) -> Response:
        """What an answer would be worth."""
        self._organisation(request)
        return Response(_ENCODER.encode(trial.score(body, self._contracts)), media_type=JSON)

    @staticmethod
    def _language(request: Request) -> Language:
        language = request.query_params.get("lang", "en")
        if language not in LANGUAGES:
            raise Refused(400, "not-supported", f"lang must be one of {', '.join(LANGUAGES)}.")
        return language

    def _known(self, request: Request) -> queries.Known:
        organisation = self._organisation(request)
        with db.transaction(self._engine) as connection:
            known = queries.known(connection, self._contracts, organisation, request.path_params["id"])
        if known is None:
            raise Refused(404, "not-found", "There is no such score here.")
        return known

    def _scores(self, request: Request, responses: list[str]) -> list[Scored]:
        organisation = self._organisation(request)
        with db.transaction(self._engine) as connection:
            return queries.scores(connection, organisation, responses)

    def _organisation(self, request: Request) -> str:
        organisation = self._readers.organisation(request.headers.get("authorization"))
        if organisation is None:
            raise Refused(401, "login", "Send the bearer token of a reader (BEKLIJF_READERS).")
        return organisation


def _route(app: FastAPI, method: Literal["GET"], path: str, answer: Routed, summary: str, media: str) -> None:
    def endpoint(request: Request) -> Response:
        return answer(request)

    name = f"{method.lower()}_{path.strip('/').replace('/', '_').replace('{', '').replace('}', '')}"
    identified = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}] if "{id}" in path else []
    answers: dict[int | str, dict[str, Any]] = {
        200: {"description": "as asked", "content": {media: {}}},
        "default": {"description": "OperationOutcome", "content": {FHIR: {}}},
    }
    app.add_api_route(
        path,
        endpoint,
        methods=[method],
        name=name,
        summary=summary,
        response_class=Response,
        responses=answers,
        openapi_extra={"parameters": identified},
    )


def _add_trial(app: FastAPI, path: str, edge: Edge) -> None:
    async def endpoint(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAXIMUM_BYTES:
                raise Refused(413, "too-long", f"The body is larger than {BODY_MAXIMUM_BYTES} bytes.")
        return edge.tried(request, bytes(body))

    body = {"requestBody": {"required": True, "content": {FHIR: {"schema": {"type": "object"}}}}}
    name = "score" if path == "/$score" else "questionnaire_response_score"
    summary = "what an answer would be worth; nothing is stored"
    app.add_api_route(path, endpoint, methods=["POST"], name=name, summary=summary, response_class=Response, openapi_extra=body)


def _metadata(request: Request) -> Response:
    return _answer(statement.capability_statement(_base(request)))


def _base(request: Request) -> str:
    """The FHIR base as whoever asks reached it: links and `fullUrl` are absolute (R4, Bundle)."""
    return f"{str(request.base_url).rstrip('/')}/fhir"


def _answer(resource: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(_ENCODER.encode(resource), status, headers, media_type=FHIR)


def _count(text: str | None) -> int:
    if text is None:
        return queries.PAGE_MAXIMUM
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text)):
        raise Refused(400, "value", "_count must be a whole number above zero.")
    return min(int(text), queries.PAGE_MAXIMUM)


def _matches(observation: dict[str, Any], code: str | None, identity: str | None) -> bool:
    if identity is not None and observation["id"] != identity:
        return False
    if code is None:
        return True
    system, bar, value = code.rpartition("|")
    return any(each["code"] == value and (not bar or each["system"] == system) for each in observation["code"]["coding"])


def _hidden(entity: str) -> str:
    """Where a page goes on, so that nobody takes it for something to compose."""
    return base64.urlsafe_b64encode(entity.encode()).decode().rstrip("=")


def _shown(page: str) -> str:
    try:
        return base64.urlsafe_b64decode(page + "=" * (-len(page) % 4)).decode()
    except ValueError:
        raise Refused(400, "value", "page is no place where a page of ours goes on.") from None
