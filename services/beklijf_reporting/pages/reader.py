"""Who reads: the language of one request, and addresses that keep it. No cookie: a chosen language is part of the address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request

from beklijf_reporting import language
from beklijf_reporting.language import Language


@dataclass(frozen=True, slots=True)
class Reader:
    """One request's language. `asked`: it was chosen in the address, so every link on the page must carry it on."""

    language: Language
    asked: bool = False
    path: str = "/"
    query: tuple[tuple[str, str], ...] = field(default=())

    def to(self, path: str, **query: object) -> str:
        """An address of these pages, in this language."""
        pairs = [(name, str(value)) for name, value in query.items()]
        if self.asked:
            pairs.append(("lang", self.language.code))
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def switch(self, code: str) -> str:
        """This page in another language."""
        pairs = [*((name, value) for name, value in self.query if name not in ("lang", "v")), ("lang", code)]
        return f"{self.path}?{urlencode(pairs)}"

    def is_at(self, path: str) -> bool:
        """Whether this page is the one at that address."""
        return self.path == path


def of(request: Request, lang: Annotated[str | None, Query(description="en or nl; else by Accept-Language")] = None) -> Reader:
    """The reader of a request."""
    spoken = language.wanted(lang, request.headers.get("accept-language"))
    asked = lang in language.CODES
    return Reader(spoken, asked, quote(request.url.path), tuple(request.query_params.items()))


Reading = Annotated[Reader, Depends(of)]
