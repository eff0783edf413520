"""A sender's own list of what it has: one line per resource, with type, identifier and digest of the content (M10, M11).

As CSV with the header `type,identifier,sha256`, or as NDJSON with the same three names. The identifier is `system|value`; the digest is
that of M11 in 64 hexadecimal digits (`contracts/http/INTEGRATORS.md` says how it is made).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from beklijf_intake.domain.submission import Name, ResourceType

FIELDS = ("type", "identifier", "sha256")
TYPES = get_args(ResourceType)
LINE_LIMIT_BYTES = 4_096
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line: a resource that the sender has, and the digest of its content there."""

    number: int
    type: str
    name: Name
    digest: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One line that says no resource, and what is wrong with it."""

    number: int
    sentence: str


def read(lines: Iterable[bytes], form: str) -> Iterator[Listed | Unreadable]:
    """The lines of a list, numbered from 1 (the header of CSV included); `form` is `csv` or `ndjson`. Empty lines are passed over."""
    for number, line in enumerate(lines, start=1):
        if len(line) > LINE_LIMIT_BYTES:
            yield Unreadable(number, f"The line is longer than {LINE_LIMIT_BYTES} bytes.")
            continue
        text = _text(line)
        if text is None:
            yield Unreadable(number, "The line is not UTF-8.")
        elif text and not (number == 1 and form == "csv" and text.replace('"', "") == ",".join(FIELDS)):
            yield _line(number, _of_csv(text) if form == "csv" else _of_json(text))


def _line(number: int, values: list[Any] | None) -> Listed | Unreadable:
    if values is None or not all(type(value) is str for value in values):
        return Unreadable(number, f"A line has three texts: {', '.join(FIELDS)}.")
    type_, identifier, digest = values
    system, bar, value = identifier.partition("|")
    if type_ not in TYPES:
        return Unreadable(number, f"The type is one of {', '.join(TYPES)}.")
    if not (system and bar and value) or "\x00" in identifier:
        return Unreadable(number, "The identifier is written system|value.")
    if not _DIGEST.fullmatch(digest):
        return Unreadable(number, "The digest is SHA-256 in 64 hexadecimal digits.")
    return Listed(number, type_, Name(system, value), bytes.fromhex(digest))


def _text(line: bytes) -> str | None:
    try:
        return line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None


def _of_csv(text: str) -> list[Any] | None:
    try:
        (values,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        return None
    return values if len(values) == len(FIELDS) else None


def _of_json(text: str) -> list[Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [found.get(name) for name in FIELDS] if isinstance(found, dict) else None
