"""A hospital's own list of what it has: type, identifier and digest of each resource in its files (`contracts/http/INTEGRATORS.md`).

Written from the published definition of the digest, not from intake's code; a test holds both to the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from beklijf.push import items_of

HEADER = ("type", "identifier", "sha256")


class NotListableError(ValueError):
    """A resource has no single identifier with system and value, so no list can name it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One resource."""

    type: str
    identifier: str
    sha256: str


def lines_of(files: Iterable[Path]) -> Iterator[Line]:
    """The list of these files: NDJSON, resources, or Bundles. Raises NotListableError naming the place."""
    for file in files:
        for item in items_of(file):
            try:
                document = json.loads(item.body, parse_float=_decimal, parse_int=_integer)
                yield from _lines(document)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise NotListableError(f"{item.place}: {error if isinstance(error, NotListableError) else 'is no FHIR resource'}") from None


def write(lines: Iterable[Line], target: IO[str]) -> int:
    """The list as CSV; gives how many lines."""
    writer, count = csv.writer(target, lineterminator="\n"), 0
    writer.writerow(HEADER)
    for line in lines:
        writer.writerow((line.type, line.identifier, line.sha256))
        count += 1
    return count


def digest(resource: Mapping[str, Any]) -> str:
    """SHA-256 of the resource without `meta` and `id`, in canonical JSON."""
    content = {name: value for name, value in resource.items() if name not in ("meta", "id")}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_exact)
    return hashlib.sha256(text.encode()).hexdigest()


def _lines(document: dict[str, Any]) -> Iterator[Line]:
    if document["resourceType"] != "Bundle":
        yield Line(document["resourceType"], _identifier(document), digest(document))
        return
    entries = [entry for entry in document.get("entry", ()) if "resource" in entry]
    names = {entry["fullUrl"]: _logical(entry["resource"]) for entry in entries if "fullUrl" in entry}
    for entry in entries:
        yield from _lines(_resolved(entry["resource"], names))


def _name(resource: dict[str, Any]) -> dict[str, str]:
    given = resource.get("identifier")
    only = given[0] if isinstance(given, list) and len(given) == 1 else given
    if not isinstance(only, dict) or not only.get("system") or not only.get("value"):
        raise NotListableError("needs one identifier with system and value")
    return {"system": only["system"], "value": only["value"]}


def _logical(resource: dict[str, Any]) -> dict[str, Any]:
    return {"type": resource["resourceType"], "identifier": _name(resource)}


def _identifier(resource: dict[str, Any]) -> str:
    name = _name(resource)
    return f"{name['system']}|{name['value']}"


def _resolved(value: Any, names: Mapping[str, dict[str, Any]]) -> Any:
    """References to other entries of a Bundle by their `fullUrl` become names, as intake keeps them."""
    if isinstance(value, list):
        return [_resolved(child, names) for child in value]
    if not isinstance(value, dict):
        return value
    name = names.get(value["reference"]) if isinstance(value.get("reference"), str) and "identifier" not in value else None
    if name is not None:
        return name | {key: child for key, child in value.items() if key != "reference"}
    return {key: _resolved(child, names) for key, child in value.items()}


def _decimal(text: str) -> Decimal:
    return Decimal(text)


def _integer(text: str) -> int | Decimal:
    return Decimal(text) if text == "-0" else int(text)


def _exact(value: Any) -> dict[str, str]:
    return {"decimal": str(value)}
