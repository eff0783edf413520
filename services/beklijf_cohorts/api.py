"""The HTTP edge: the newest published snapshots, for programs. Nothing that has not been made safe is read here (M37)."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from beklijf_cohorts import store
from beklijf_shared import db, http
from beklijf_shared.db import Engine
from beklijf_shared.events import CohortSnapshot, with_version

JSON = "application/json"


class Listed(msgspec.Struct, frozen=True):
    """One cohort in the list."""

    code: str
    title: str
    programme: str
    data_date: str
    data_time: str | None
    minimum_cell: int
    version: int


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, in a sentence."""

    problem: str


_DECODER = msgspec.json.Decoder(CohortSnapshot)
_, _SCHEMAS = msgspec.json.schema_components((CohortSnapshot, Listed, Problem), ref_template="#/components/schemas/{name}")


def application(engine: Engine) -> FastAPI:
    """The application on a service's database."""
    app = http.application("Beklijf cohorts")

    @app.get("/health", summary="Whether the service can answer", responses=_answers({"type": "object"}, 503))
    def health() -> Response:
        try:
            with db.transaction(engine) as connection:
                store.standings(connection)
        except db.DBAPIError:
            return _problem(503, "the database does not answer, or is not migrated")
        return JSONResponse({"status": "ok"})

    listed = {"type": "array", "items": {"$ref": "#/components/schemas/Listed"}}

    @app.get("/cohorts", summary="The cohorts of which figures were published", responses=_answers(listed))
    def cohorts() -> Response:
        with db.transaction(engine) as connection:
            found = store.snapshots(connection)
        return Response(msgspec.json.encode([_listed(version, body) for _, version, body in found]), media_type=JSON)

    snapshot = {"$ref": "#/components/schemas/CohortSnapshot"}

    @app.get("/cohorts/{code}", summary="A cohort's newest figures, complete and suppressed", responses=_answers(snapshot, 404))
    def cohort(code: str) -> Response:
        with db.transaction(engine) as connection:
            found = store.snapshots(connection, [code])
        if not found:
            return _problem(404, "no figures of this cohort were published")
        _, version, body = found[0]
        return Response(with_version(body, version), media_type=JSON, headers={"ETag": f'"{version}"'})

    _add_schemas(app)
    return app


def _listed(version: int, body: bytes) -> Listed:
    known = _DECODER.decode(body)
    return Listed(known.cohort, known.title, known.programme, known.data_date, known.data_time, known.minimum_cell, version)


def _problem(status: int, sentence: str) -> Response:
    return Response(msgspec.json.encode(Problem(sentence)), status, media_type=JSON)


def _answers(schema: dict[str, Any], *problems: int) -> dict[int | str, dict[str, Any]]:
    """The documented answers of one address."""
    problem = {"description": "It cannot be answered", "content": {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {200: {"description": "The answer", "content": {JSON: {"schema": schema}}}, **dict.fromkeys(problems, problem)}


def _add_schemas(app: FastAPI) -> None:
    """FastAPI knows pydantic models only; the answers are events, whose schemas are put beside its own."""
    document = app.openapi()
    document.setdefault("components", {}).setdefault("schemas", {}).update(_SCHEMAS)
