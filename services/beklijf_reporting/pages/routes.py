"""The HTTP edge: addresses, status codes and headers. Every page is read from the newest state that reporting was told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from beklijf_reporting import charts, downloads
from beklijf_reporting.charts import Chart, Renderer
from beklijf_reporting.language import marked as _
from beklijf_reporting.pages import beside, cohort, instruments, quality, receipts, reproduced, security, start
from beklijf_reporting.pages.reader import Reader, Reading
from beklijf_reporting.pages.reading import ReadModel
from beklijf_reporting.pages.receipts import Whole
from beklijf_reporting.pages.reproduced import Studied
from beklijf_reporting.pages.view import View
from beklijf_reporting.pages.vocabulary import Names
from beklijf_reporting.settings import Display
from beklijf_shared import db, events, http
from beklijf_shared.contracts import Contracts
from beklijf_shared.db import Engine
from beklijf_shared.events import CohortSnapshot
from beklijf_shared.parameters import parameters

HERE = Path(__file__).parent
WorkState = Literal["due", "overdue", "missed"]
WORK_STATES: tuple[WorkState, ...] = ("overdue", "due", "missed")
Seen = Annotated[int | None, Query(alias="v", description="the snapshot version that the page was made of")]


def application(engine: Engine, display: Display, known: Contracts, names: Names, renderer: Renderer) -> FastAPI:
    """The pages as an ASGI application."""
    app = http.application("Beklijf reporting")
    view = View(display, known, names)
    pages = Pages(ReadModel(engine), view, renderer)
    _add_pages(app, pages)
    _add_files(app, pages)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_middleware(security.Headers)
    app.add_exception_handler(StarletteHTTPException, view.refused)
    app.add_exception_handler(db.DBAPIError, view.away)
    return app


def _add_pages(app: FastAPI, pages: Pages) -> None:
    page: dict[str, Any] = {"response_class": HTMLResponse}
    app.add_api_route("/", pages.start, summary="All cohorts, and what the read model holds", **page)
    app.add_api_route("/cohorts/{code}", pages.cohort, summary="One cohort's figures", **page)
    app.add_api_route("/cohorts/{code}/reproduced", pages.reproduced, summary="Each printed number of its study beside ours", **page)
    app.add_api_route("/cohorts/{code}/follow-ups", pages.follow_ups, summary="Who is due: one line per scheduled moment", **page)
    app.add_api_route("/small-cells", pages.beside, summary="The same figures with and without small cells", **page)
    app.add_api_route("/quality", pages.quality, summary="What was received, and how the answers count", **page)
    app.add_api_route("/receipts", pages.receipts, summary="The newest receipts of days, Bundles and imports", **page)
    app.add_api_route("/receipts/{organisation}/{receipt}", pages.receipt, summary="One receipt, adding up", **page)
    app.add_api_route("/instruments", pages.instruments, summary="Instruments, moments and rules, as the contracts have them", **page)
    app.add_api_route("/figures", pages.figures, summary="How the figures are made, and what they cannot say", **page)


def _add_files(app: FastAPI, pages: Pages) -> None:
    text: dict[str, Any] = {"response_class": PlainTextResponse}
    data: dict[str, Any] = {"response_class": JSONResponse}
    picture: dict[str, Any] = {"response_class": Response}
    app.add_api_route("/cohorts/{code}/snapshot.json", pages.snapshot, summary="The snapshot as it was heard", **data)
    app.add_api_route("/cohorts/{code}/reproduced.json", pages.reproduced_json, summary="The comparison for machines", **data)
    app.add_api_route("/cohorts/{code}/reproduced.csv", pages.reproduced_csv, summary="The comparison as CSV", **text)
    app.add_api_route("/cohorts/{code}/tables/{figure}.csv", pages.table, summary="One figure as CSV", **text)
    app.add_api_route("/cohorts/{code}/charts/{name}.svg", pages.chart, summary="One chart as SVG", **picture)
    app.add_api_route("/cohorts/{code}/charts/{name}.vl.json", pages.specification, summary="Its Vega-Lite", **data)
    app.add_api_route("/quality/{table}.csv", pages.quality_csv, summary="Received, or how answers count, as CSV", **text)
    where = "/receipts/{organisation}/{receipt}"
    app.add_api_route(f"{where}/receipt.json", pages.receipt_json, summary="One receipt for machines", **data)
    app.add_api_route(f"{where}/parameters.json", pages.receipt_fhir, summary="One receipt as FHIR Parameters", **data)
    app.add_api_route("/instruments/windows-{code}.svg", pages.windows, summary="A programme's windows as SVG", **picture)
    app.add_api_route("/instruments/windows-{code}.vl.json", pages.windows_specification, summary="Its Vega-Lite", **data)


class Pages:
    """One method per address."""

    def __init__(self, model: ReadModel, view: View, renderer: Renderer) -> None:
        self._model, self._view, self._renderer = model, view, renderer

    def start(self, reader: Reading) -> Response:
        """The start page."""
        names = self._view.names(reader)
        page = start.page(self._model.snapshots(), self._model.held(), self._view.known, names, self._view.zone)
        return self._view.html(reader, "start.html", page=page)

    def cohort(self, code: str, reader: Reading) -> Response:
        """One cohort; while it has no snapshot, a page that says so."""
        snapshot = self._model.newest(code)
        if snapshot is None:
            heard_nothing = _("Nothing has been heard of a cohort “{code}”. After a start or a rebuild this takes seconds.")
            return self._view.message(reader, 404, _("No snapshot yet"), reader.language(heard_nothing, code=code))
        page = cohort.page(snapshot, self._view.names(reader), self._view.zone)
        return self._view.html(reader, "cohort.html", page=page)

    def reproduced(self, code: str, reader: Reading) -> Response:
        """The study's numbers beside ours."""
        snapshot, study = self._studied(code)
        return self._view.html(reader, "reproduced.html", page=reproduced.page(snapshot, study, self._view.names(reader)))

    def reproduced_json(self, code: str) -> Response:
        """The same for machines: `make demo` reads it."""
        return JSONResponse(reproduced.document(*self._studied(code)))

    def reproduced_csv(self, code: str) -> Response:
        """The same as CSV."""
        snapshot, study = self._studied(code)
        return _csv(reproduced.table(snapshot, study), charts.slug(code, [("", "reproduced"), ("", snapshot.data_date)]))

    def follow_ups(self, code: str, reader: Reading, state: WorkState = "overdue") -> Response:
        """The worklist, on a laptop only: it is about single episodes."""
        if not self._view.display.shows_worklist:
            text = _("Worklists are about single episodes. They are shown once people can log in here.")
            return self._view.message(reader, 403, _("Not shown here"), text)
        lines = self._model.worklist(code, state)
        return self._view.html(reader, "follow_ups.html", snapshot=self._found(code), lines=lines, state=state, states=WORK_STATES)

    def beside(self, reader: Reading) -> Response:
        """What the rule of small cells does, side by side."""
        page = beside.page(self._model.snapshots(), self._view.known, self._view.names(reader))
        return self._view.html(reader, "beside.html", page=page)

    def quality(self, reader: Reading) -> Response:
        """What was received and how it counts, on a laptop only: per organisation."""
        tallies, counts = self._model.operations() if self._view.display.shows_organisations else ([], [])
        return self._view.html(reader, "quality.html", page=quality.page(tallies, counts))

    def quality_csv(self, table: Literal["received", "answers"]) -> Response:
        """One of the two tables."""
        if not self._view.display.shows_organisations:
            raise HTTPException(403)
        return _csv(quality.table(table, *self._model.operations()), table)

    def receipts(self, reader: Reading) -> Response:
        """The newest receipts, on a laptop only: per organisation."""
        found = self._model.receipts() if self._view.display.shows_organisations else []
        return self._view.html(reader, "receipts.html", receipts=receipts.wholes(found))

    def receipt(self, organisation: str, receipt: str, reader: Reading) -> Response:
        """One receipt."""
        return self._view.html(reader, "receipt.html", receipt=self._receipt(organisation, receipt))

    def receipt_json(self, organisation: str, receipt: str) -> Response:
        """The same for machines."""
        return JSONResponse(receipts.document(self._receipt(organisation, receipt)))

    def receipt_fhir(self, organisation: str, receipt: str) -> Response:
        """The same as FHIR."""
        resource = parameters(receipts.document(self._receipt(organisation, receipt)))
        return Response(msgspec.json.encode(resource), media_type="application/fhir+json")

    def instruments(self, reader: Reading) -> Response:
        """Instruments, moments and rules."""
        return self._view.html(reader, "instruments.html", page=instruments.page(self._view.known, self._view.names(reader)))

    def figures(self, reader: Reading) -> Response:
        """About the figures."""
        return self._view.html(reader, "figures.html")

    def snapshot(self, code: str) -> Response:
        """The event itself, for machines."""
        return Response(events.encode(self._found(code)), media_type="application/json")

    def table(self, code: str, figure: str, v: Seen = None) -> Response:
        """One figure as CSV, unrounded."""
        snapshot = self._found(code, v)
        for found in snapshot.figures:
            if found.name == figure:
                return _csv(downloads.table(snapshot, found), charts.slug(snapshot.cohort, [("", figure), ("", snapshot.data_date)]))
        raise HTTPException(404)

    def chart(self, code: str, name: str, reader: Reading, v: Seen = None) -> Response:
        """One chart, rendered on the server."""
        snapshot = self._found(code, v)
        place = (code, str(snapshot.version), name, reader.language.code)
        return _svg(self._renderer.svg(place, lambda: self._chart(snapshot, name, reader), reader.language))

    def specification(self, code: str, name: str, reader: Reading, v: Seen = None) -> Response:
        """The chart's source."""
        return _json(self._chart(self._found(code, v), name, reader))

    def windows(self, code: str, reader: Reading) -> Response:
        """A programme's windows, rendered on the server."""
        place = ("windows", code, reader.language.code)
        return _svg(self._renderer.svg(place, lambda: self._windows(code, reader), reader.language))

    def windows_specification(self, code: str, reader: Reading) -> Response:
        """The source of that chart."""
        return _json(self._windows(code, reader))

    def _found(self, code: str, version: int | None = None) -> CohortSnapshot:
        snapshot = self._model.at(code, version)
        if snapshot is None:
            raise HTTPException(404)
        return snapshot

    def _receipt(self, organisation: str, id_: str) -> Whole:
        if not self._view.display.shows_organisations:
            raise HTTPException(403)
        found = self._model.receipt(organisation, id_)
        if found is None:
            raise HTTPException(404)
        return receipts.whole(*found)

    def _studied(self, code: str) -> Studied:
        study = self._view.study_of(code)
        if study is None:
            raise HTTPException(404)
        return Studied(self._found(code), study)

    def _chart(self, snapshot: CohortSnapshot, name: str, reader: Reader) -> Chart:
        found = charts.by_name(snapshot.figures, self._view.names(reader)).get(name)
        if found is None:
            raise HTTPException(404)
        return found

    def _windows(self, code: str, reader: Reader) -> Chart:
        programme = self._view.known.protocols.get(code)
        if programme is None:
            raise HTTPException(404)
        return charts.windows(programme, self._view.names(reader))


def _csv(text: str, name: str) -> Response:
    disposition = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=disposition)


def _svg(picture: str) -> Response:
    return Response(picture, media_type="image/svg+xml")


def _json(chart: Chart) -> Response:
    return Response(msgspec.json.encode(chart.specification), media_type="application/json")
