"""Conditional requests: `identifier=system|value` is the one criterion, and must name the resource that is sent (M13)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from beklijf_intake.domain.problem import Problem, broken_rule, malformed
from beklijf_intake.domain.submission import Name

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"', re.ASCII)


def name_in(query: str) -> Name | None:
    """The name that `identifier=system|value` (percent-encoded or not) asks for; None for any other criteria."""
    try:
        found = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=2)
    except ValueError:
        return None
    if len(found) != 1 or found[0][0] != "identifier":
        return None
    system, bar, value = found[0][1].partition("|")
    return Name(system, value) if system and bar and value else None


def check_names(query: str, name: Name, where: str | None) -> list[Problem]:
    """Problems of a criterion: it must be exactly the identifier of the resource, or it would update another one."""
    asked = name_in(query)
    if asked is None:
        return [malformed("not-supported", where, "The only criterion supported is identifier=<system>|<value>, with both parts.")]
    if asked != name:
        return [broken_rule("business-rule", where, "The criterion must name the identifier of the resource that is sent.")]
    return []


def version_in(etag: str) -> int | None:
    """The version that an If-Match asks for (`W/"3"`); None if it is no version of ours."""
    found = _ETAG.fullmatch(etag)
    return int(found[1]) if found else None
