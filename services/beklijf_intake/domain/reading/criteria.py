"""Conditions and references by identifier (M13): which resources one names, and which version it must have.

An identifier is what the registry knows a resource by. Several values may be given, as alternatives.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from beklijf_intake.domain.submission import Name

ALTERNATIVES_LIMIT = 10
NO_VERSION = 0
"""What `If-Match: *` asks for: no version in particular, which protects nobody's change, so it never matches."""
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"', re.ASCII)
_ESCAPED = re.compile(r"\\([\\,|$])")
_COMMA, _BAR = re.compile(r"(?<!\\)((?:\\\\)*),"), re.compile(r"(?<!\\)((?:\\\\)*)\|")


def names_in(query: str) -> tuple[Name, ...] | None:
    """The names that `identifier=system|value` (percent-encoded or not) asks for, in order; None for any other criteria."""
    try:
        found = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=2)
    except ValueError:
        return None
    if len(found) != 1 or found[0][0] != "identifier":
        return None
    names = [_name(alternative) for alternative in _COMMA.sub("\\1\n", found[0][1]).split("\n")]
    if len(names) > ALTERNATIVES_LIMIT or None in names:
        return None
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _name(text: str) -> Name | None:
    """System and value on both sides of the first bar; a backslash before a comma, a bar or a backslash takes its meaning away."""
    system, line, value = _BAR.sub("\\1\n", text, count=1).partition("\n")
    return Name(_ESCAPED.sub(r"\1", system), _ESCAPED.sub(r"\1", value)) if system and line and value else None


def version_wanted(etag: str) -> int | None:
    """The version that If-Match asks for (`W/"3"`); NO_VERSION for `*`; None if it is no version of ours."""
    if etag.strip() == "*":
        return NO_VERSION
    found = _ETAG.fullmatch(etag.strip())
    return int(found[1]) if found else None
