"""How lists of resources look: Bundles with pages, for searches and histories alike (FHIR R4 http, 3.1.0.12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from beklijf_intake import exchange
from beklijf_intake.domain.problem import Problem
from beklijf_intake.domain.search import cursor
from beklijf_intake.domain.search.cursor import Cursor
from beklijf_intake.domain.search.query import CURSOR
from beklijf_intake.domain.search.subset import Kept
from beklijf_intake.outcome import operation_outcome
from beklijf_intake.queries import Page
from beklijf_intake.store.history import Stored

Entry = dict[str, Any]
Pairs = Sequence[tuple[str, str]]


def bundle(kind: Literal["searchset", "history"], page: Page, entries: Sequence[Entry], links: Sequence[Entry]) -> dict[str, Any]:
    """The Bundle; `meta.lastUpdated` is where the next search for news may begin, and stands on the first page."""
    made: dict[str, Any] = {"resourceType": "Bundle"}
    if page.complete_until is not None:
        made["meta"] = {"lastUpdated": exchange.instant_with_offset(page.complete_until)}
    made["type"] = kind
    if page.total is not None:
        made["total"] = page.total
    made["link"] = list(links)
    return made | ({"entry": list(entries)} if entries else {})


def links(base: str, used: Pairs, organisation: str, following: Cursor | None, *, at: str | None = None) -> list[Entry]:
    """The link to this page, and to the next one if there is any: the parameters that had an effect, all of them, and where to go on."""
    here = [*used, *([(CURSOR, at)] if at else [])]
    made = [{"relation": "self", "url": _address(base, here)}]
    if following is not None:
        place = cursor.to_text(following, goes_with(base, used, organisation))
        made.append({"relation": "next", "url": _address(base, [*used, (CURSOR, place)])})
    return made


def goes_with(base: str, used: Pairs, organisation: str) -> str:
    """What a cursor belongs to."""
    return f"{organisation}\n{_address(base, used)}"


def matches(type_: str, found: Iterable[Stored], address: str, mode: Literal["match", "include"], keeps: Kept | None) -> list[Entry]:
    """The entries of a search."""
    return [{"fullUrl": f"{address}/{type_}/{one.resource}", "resource": _shown(one, keeps), "search": {"mode": mode}} for one in found]


def told(problems: Sequence[Problem]) -> list[Entry]:
    """What the searcher is told besides."""
    return [{"resource": operation_outcome(problems), "search": {"mode": "outcome"}}] if problems else []


def versions(type_: str, found: Iterable[Stored], address: str) -> list[Entry]:
    """The entries of a history. The first version is told as a create, later ones as updates, whatever verb they came by (M13)."""
    return [
        {
            "fullUrl": f"{address}/{type_}/{one.resource}",
            "resource": _shown(one, None),
            "request": {"method": "POST", "url": type_} if one.number == 1 else {"method": "PUT", "url": f"{type_}/{one.resource}"},
            "response": {
                "status": "201 Created" if one.number == 1 else "200 OK",
                "etag": f'W/"{one.number}"',
                "lastModified": exchange.instant_with_offset(one.received_at),
            },
        }
        for one in found
    ]


def _shown(one: Stored, keeps: Kept | None) -> msgspec.Raw:
    return msgspec.Raw(exchange.stamped(one.body, one.resource, one.number, one.received_at, keeps))


def _address(base: str, pairs: Pairs) -> str:
    return f"{base}?{urlencode(pairs)}" if pairs else base
