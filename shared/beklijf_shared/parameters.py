"""A JSON document as FHIR R4 Parameters: a name becomes a parameter, what is nested its parts, and what is null is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

KINDS = {"day": "valueDate", "started": "valueInstant", "kind": "valueCode"}
"""Of names that say more about their value than that it is text."""


def parameters(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as a Parameters resource, in its own order."""
    return {"resourceType": "Parameters", "parameter": list(_parts(document))}


def _parts(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            if value:
                yield {"name": name, "part": list(_parts(value))}
        elif value is not None:
            yield {"name": name, KINDS.get(name) or _kind(value): value}


def _kind(value: bool | int | str) -> str:
    if isinstance(value, bool):
        return "valueBoolean"
    return "valueInteger" if isinstance(value, int) else "valueString"
