"""Where an answer says that something is: `[base]/[type]/[id]/_history/[version]`."""

from __future__ import annotations

import httpx


def place_of(answer: httpx.Response) -> str:
    """Type and id of what was stored, as `Patient/...`: its address below the FHIR base, whatever version counts."""
    return "/".join(answer.headers["location"].partition("/_history/")[0].split("/")[-2:])


def id_of(answer: httpx.Response) -> str:
    """The id that it was given."""
    return place_of(answer).partition("/")[2]
