"""What was received in the course of time: one version, all versions of a resource, all versions of a type. Newest first, nothing lost."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from beklijf_intake import exchange, queries
from beklijf_intake.api import lists
from beklijf_intake.api.door import ROOT, TYPES, door_of, id_of, not_found, route, sender_of
from beklijf_intake.domain.problem import Refused, malformed
from beklijf_intake.domain.search import cursor
from beklijf_intake.domain.search.cursor import Cursor
from beklijf_intake.domain.search.dates import EARLIEST, covered
from beklijf_intake.domain.search.parameters import COUNT_MAXIMUM, COUNT_USUAL, HISTORY_PARAMETERS
from beklijf_intake.domain.search.query import CURSOR, PARAMETERS_MAXIMUM
from beklijf_intake.domain.submission import ResourceType

_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


def add(app: FastAPI) -> None:
    """Adds the three addresses, for each of the four resources."""
    for type_ in TYPES:
        one = f"{ROOT}/{type_}/{{id}}/_history"
        route(app, "GET", f"{one}/{{version}}", partial(_version, type_), f"read one version of {type_}")
        route(app, "GET", one, partial(_of_one, type_), f"all versions of one {type_}, newest first", parameters=HISTORY_PARAMETERS)
        route(
            app, "GET", f"{ROOT}/{type_}/_history", partial(_of_all, type_), f"all versions of all {type_}", parameters=HISTORY_PARAMETERS
        )


async def _version(type_: ResourceType, request: Request) -> Response:
    id_, number, organisation = id_of(request), request.path_params["version"], sender_of(request).organisation
    if not _NUMBER.fullmatch(number):
        raise not_found()
    found = await door_of(request).ask(lambda connection: queries.version(connection, organisation, type_, id_, int(number)))
    if found is None:
        raise not_found()
    headers = exchange.version_headers(found.number, found.received_at)
    return exchange.json_response(exchange.stamped(found.body, id_, found.number, found.received_at), 200, headers)


async def _of_one(type_: ResourceType, request: Request) -> Response:
    id_, door, organisation = id_of(request), door_of(request), sender_of(request).organisation
    asked = _Asked(request, f"{door.address}/{type_}/{id_}/_history")
    page = await door.ask(
        lambda connection: queries.versions_of(
            connection, organisation, type_, id_, since=asked.since, cursor=asked.cursor, wanted=asked.count
        )
    )
    if page is None:
        raise not_found()
    return asked.answer(type_, page)


async def _of_all(type_: ResourceType, request: Request) -> Response:
    door, organisation = door_of(request), sender_of(request).organisation
    asked = _Asked(request, f"{door.address}/{type_}/_history")
    now = door.context(organisation).now
    page = await door.ask(
        lambda connection: queries.versions_of_all(
            connection, organisation, type_, since=asked.since, cursor=asked.cursor, wanted=asked.count, now=now
        )
    )
    return asked.answer(type_, page)


class _Asked:
    """What a history is asked for; raises Refused for what is malformed, and if strict for what is unknown."""

    def __init__(self, request: Request, base: str) -> None:
        exchange.parameters_ignored(request, (*HISTORY_PARAMETERS, CURSOR))
        pairs = exchange.pairs_of(request.scope["query_string"], PARAMETERS_MAXIMUM)
        given = {name: value for name, value in pairs if name in (*HISTORY_PARAMETERS, CURSOR)}
        self._base, self._door, self._organisation = base, door_of(request), sender_of(request).organisation
        self.count = _count(given.get("_count", str(COUNT_USUAL)))
        self.since = self._since(given.get("_since"))
        self._used = [(name, str(self.count) if name == "_count" else value) for name, value in given.items() if name != CURSOR]
        self._at = given.get(CURSOR)
        self.cursor = self._cursor()

    def answer(self, type_: ResourceType, page: queries.Page) -> Response:
        """The page as a Bundle."""
        links = lists.links(self._base, self._used, self._organisation, page.following, at=self._at)
        return exchange.json_response(lists.bundle("history", page, lists.versions(type_, page.found, self._door.address), links))

    def _since(self, text: str | None) -> datetime:
        stretch = covered(text, self._door.context(self._organisation).zone) if text is not None else None
        if text is not None and stretch is None:
            raise Refused([malformed("value", None, "_since: an instant, like 2024-03-31T09:30:00+02:00 (percent-encode the plus sign).")])
        return EARLIEST if stretch is None else stretch.since

    def _cursor(self) -> Cursor | None:
        if self._at is None:
            return None
        return cursor.of_text(self._at, lists.goes_with(self._base, self._used, self._organisation), by_id=False)


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise Refused([malformed("value", None, "_count: a whole number, 0 or more.")])
    return min(int(text), COUNT_MAXIMUM)
