"""From a page's contents to its HTML, in the reader's language; and the pages that say that something is not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException as StarletteHTTPException

from beklijf_domain.study import Study
from beklijf_reporting import formats, language
from beklijf_reporting.language import marked as _
from beklijf_reporting.pages import reader as readers
from beklijf_reporting.pages.reader import Reader
from beklijf_reporting.pages.vocabulary import Names
from beklijf_reporting.settings import Display
from beklijf_shared.contracts import Contracts

TEMPLATES = Path(__file__).parent / "templates"
RETRY_SECONDS = "5"


class View:
    """Everything that pages share: contracts, names, templates."""

    def __init__(self, display: Display, known: Contracts, names: Names) -> None:
        self.display, self.known = display, known
        self.zone = ZoneInfo(display.time_zone)
        self._names = {code: names.spoken(language.of(code)) for code in language.CODES}
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        spoken = [language.of(code) for code in language.CODES]
        studied = next((code for code in known.cohorts if self.study_of(code)), None)
        self._templates.globals.update(display=display, formats=formats, zone=self.zone, languages=spoken, studied=studied)

    def names(self, reader: Reader) -> Names:
        """The names of everything, in the reader's language."""
        return self._names[reader.language.code]

    def study_of(self, cohort: str) -> Study | None:
        """The study whose numbers a cohort is held against, or None."""
        definition = self.known.cohorts.get(cohort)
        return None if definition is None or definition.study is None else self.known.studies[definition.study]

    def html(self, reader: Reader, template: str, status: int = 200, **shown: object) -> Response:
        """A page."""
        render: Callable[..., str] = self._templates.get_template(template).render
        said = {"_": reader.language, "language": reader.language, "reader": reader, "to": reader.to, "names": self.names(reader)}
        headers = {"content-language": reader.language.code, "vary": "Accept-Language"}
        return HTMLResponse(render(**said, **shown), status, headers)

    def message(self, reader: Reader, status: int, title: str, text: str) -> Response:
        """A page that only says something."""
        return self.html(reader, "message.html", status, title=reader.language(title), text=reader.language(text))

    async def refused(self, request: Request, error: Exception) -> Response:
        """4xx as a page."""
        status = error.status_code if isinstance(error, StarletteHTTPException) else 500
        text = _("The address is wrong, or the cohort has no such figure.")
        return self.message(_reader(request), status, _("There is no such page"), text)

    async def away(self, request: Request, error: Exception) -> Response:
        """The database is away: say so, and when to try again."""
        del error
        text = _("The read model does not answer. Nothing is lost; try again shortly.")
        response = self.message(_reader(request), 503, _("The figures cannot be read just now"), text)
        response.headers["retry-after"] = RETRY_SECONDS
        return response


def _reader(request: Request) -> Reader:
    return readers.of(request, request.query_params.get("lang"))
