"""The HTTP edge: addresses, status codes and headers. Every page is read from the newest state that reporting was told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException as StarletteHTTPException

from beklijf_reporting import charts, downloads, formats
from beklijf_reporting.charts import Renderer
from beklijf_reporting.pages import cohort, security, vocabulary
from beklijf_reporting.pages.reading import Reading
from beklijf_reporting.pages.vocabulary import Names
from beklijf_reporting.settings import Display
from beklijf_shared import db, events, http
from beklijf_shared.db import Engine
from beklijf_shared.events import CohortSnapshot

HERE = Path(__file__).parent
RETRY_SECONDS = "5"
WorkState = Literal["due", "overdue", "missed"]
Seen = Annotated[int | None, Query(alias="v", description="the snapshot version that the page was made of")]


def application(engine: Engine, display: Display, names: Names, renderer: Renderer) -> FastAPI:
    """The pages as an ASGI application."""
    app = http.application("Beklijf reporting")
    view = View(Reading(engine), display, names, renderer)
    page: dict[str, Any] = {"response_class": HTMLResponse}
    app.add_api_route("/", view.start, summary="All cohorts, and what the read model holds", **page)
    app.add_api_route("/cohorts/{code}", view.cohort, summary="One cohort's figures", **page)
    app.add_api_route("/cohorts/{code}/follow-ups", view.follow_ups, summary="Who is due: one line per scheduled moment", **page)
    app.add_api_route("/cohorts/{code}/snapshot.json", view.snapshot, summary="The snapshot as it was heard", response_class=JSONResponse)
    app.add_api_route("/cohorts/{code}/tables/{figure}.csv", view.table, summary="One figure as CSV", response_class=PlainTextResponse)
    app.add_api_route("/cohorts/{code}/charts/{name}.svg", view.chart, summary="One chart as SVG", response_class=Response)
    app.add_api_route("/cohorts/{code}/charts/{name}.vl.json", view.specification, summary="Its Vega-Lite", response_class=JSONResponse)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_middleware(security.Headers)
    app.add_exception_handler(StarletteHTTPException, view.refused)
    app.add_exception_handler(db.DBAPIError, view.away)
    return app


class View:
    """One method per address."""

    def __init__(self, reading: Reading, display: Display, names: Names, renderer: Renderer) -> None:
        self._reading, self._display, self._names, self._renderer = reading, display, names, renderer
        self._zone = ZoneInfo(display.time_zone)
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(display=display, formats=formats, label=vocabulary.label, zone=self._zone, names=names)

    def start(self) -> Response:
        """The start page."""
        return self._html("start.html", snapshots=self._reading.snapshots(), held=self._reading.held())

    def cohort(self, code: str) -> Response:
        """One cohort; while it has no snapshot, a page that says so."""
        snapshot = self._reading.newest(code)
        if snapshot is None:
            heard_nothing = f"Nothing has been heard of a cohort “{code}”. After a start or a rebuild this takes seconds."
            return self._message(404, "No snapshot yet", heard_nothing)
        tallies, quality = self._reading.operations() if self._display.shows_organisations else ([], [])
        return self._html("cohort.html", page=cohort.page(snapshot, self._names, self._zone), tallies=tallies, quality=quality)

    def follow_ups(self, code: str, state: WorkState = "overdue") -> Response:
        """The worklist: rows about single episodes, so only where the reader may see them."""
        if not self._display.shows_worklist:
            return self._message(
                403, "For follow-up staff only", "The worklist shows single episodes. It opens once people can log in here."
            )
        lines = self._reading.worklist(code, state)
        return self._html("follow_ups.html", snapshot=self._found(code), lines=lines, state=state, states=("overdue", "due", "missed"))

    def snapshot(self, code: str) -> Response:
        """The event itself, for machines."""
        return Response(events.encode(self._found(code)), media_type="application/json")

    def table(self, code: str, figure: str, v: Seen = None) -> Response:
        """One figure as CSV, unrounded."""
        snapshot = self._found(code, v)
        for found in snapshot.figures:
            if found.name == figure:
                name = charts.slug(snapshot.cohort, [("", figure), ("", snapshot.data_date)])
                disposition = {"content-disposition": f'attachment; filename="{name}.csv"'}
                return Response(downloads.table(snapshot, found), media_type="text/csv; charset=utf-8", headers=disposition)
        raise HTTPException(404)

    def chart(self, code: str, name: str, v: Seen = None) -> Response:
        """One chart, rendered on the server."""
        snapshot = self._found(code, v)
        picture = self._renderer.svg(snapshot, name, lambda: self._chart(snapshot, name))
        return Response(picture, media_type="image/svg+xml")

    def specification(self, code: str, name: str, v: Seen = None) -> Response:
        """The chart's source."""
        return Response(msgspec.json.encode(self._chart(self._found(code, v), name).specification), media_type="application/json")

    async def refused(self, _: Request, error: Exception) -> Response:
        """4xx as a page."""
        status = error.status_code if isinstance(error, StarletteHTTPException) else 500
        return self._message(status, "There is no such page", "The address is wrong, or the cohort has no such figure.")

    async def away(self, _: Request, error: Exception) -> Response:
        """The database is away: say so, and when to try again."""
        del error
        text = "The read model does not answer. Nothing is lost; try again shortly."
        response = self._message(503, "The figures cannot be read just now", text)
        response.headers["retry-after"] = RETRY_SECONDS
        return response

    def _found(self, code: str, version: int | None = None) -> CohortSnapshot:
        snapshot = self._reading.at(code, version)
        if snapshot is None:
            raise HTTPException(404)
        return snapshot

    def _chart(self, snapshot: CohortSnapshot, name: str) -> charts.Chart:
        found = charts.by_name(snapshot.figures, cohort.word(self._names)).get(name)
        if found is None:
            raise HTTPException(404)
        return found

    def _message(self, status: int, title: str, text: str) -> Response:
        return self._html("message.html", status, title=title, text=text)

    def _html(self, template: str, status: int = 200, **shown: object) -> Response:
        render: Callable[..., str] = self._templates.get_template(template).render
        return HTMLResponse(render(**shown), status)
