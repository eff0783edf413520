"""The gate for the citizen service number (BSN): it never passes (design, section 6.6).

Found by its identifier system anywhere, and by the eleven-test in free-standing runs of nine digits. The value of an
identifier of another system is not put to the eleven-test: one in eleven of all nine-digit numbers passes it by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from beklijf_intake.domain.problem import Problem, broken_rule, joined

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_SYSTEMS = ("fhir.nl/fhir/namingsystem/bsn", "2.16.840.1.113883.2.4.6.3")
# Free-standing: no letter or digit beside it, and no fraction of a second or part of an OID before it.
_RUN = re.compile(r"(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]{9}(?![0-9A-Za-z])")
_RUN_IN_BYTES = re.compile(_RUN.pattern.encode())
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_SYSTEM = re.compile(
    r"(?:^|[^0-9a-z.-])(?:www\.)?(?:fhir\.nl/fhir/namingsystem/bsn(?![a-z0-9_-])|2\.16\.840\.1\.113883\.2\.4\.6\.3(?![0-9.]*[0-9]))"
)
_SYSTEMS_IN_BYTES = tuple(system.encode() for system in _SYSTEMS)

HELP = (
    "A citizen service number (BSN) is not accepted anywhere in this registry. Send the registry's own pseudonym as the identifier of the"
    " patient, and check texts, displays and narratives."
)


def passes_eleven_test(digits: str) -> bool:
    """Whether nine digits can be a BSN: 9a + 8b + ... + 2h - i is a multiple of 11, and not all are zero."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return total % 11 == 0 and digits != "000000000"


def cannot_hold(body: bytes) -> bool:
    """A quick look at the bytes that spares most resources the walk; never True when `find` would find something."""
    if b"\\" in body:  # the bytes are not yet the text
        return False
    nine_digits = b"000000000" in body.translate(_DIGITS_ALIKE)  # far quicker than the expression, and rarely so
    if nine_digits and any(passes_eleven_test(run.decode()) for run in _RUN_IN_BYTES.findall(body)):
        return False
    lowered = body.lower()
    return not any(system in lowered for system in _SYSTEMS_IN_BYTES)


def find(resource: Any) -> list[str]:
    """FHIRPath expressions (without the type) of every element that holds a BSN or names its system."""
    return list(_find(resource, ""))


def refusal(expression: str) -> Problem:
    """The problem to answer with; it says where, never what."""
    return broken_rule("value", expression.rstrip("."), HELP)


def holds_one(text: str) -> bool:
    """Whether a text names the BSN's system, or holds nine free-standing digits that pass the eleven-test."""
    return bool(_SYSTEM.search(text.lower())) or any(passes_eleven_test(run) for run in _RUN.findall(text))


def _find(value: Any, path: str) -> Iterator[str]:
    if type(value) is dict:
        if "system" in value and "value" in value and _other_identifier(value):
            value = {name: child for name, child in value.items() if name != "value"}
        for name, child in value.items():
            if holds_one(name):
                yield path  # the name itself is not repeated
            yield from _find(child, joined(path, name))
    elif type(value) is list:
        for index, child in enumerate(value):
            yield from _find(child, f"{path}[{index}]")
    elif (type(value) is str or type(value) is int) and holds_one(str(value)):
        yield path


def _other_identifier(value: dict[str, Any]) -> bool:
    """An Identifier of a system that is not the BSN's; a ContactPoint or Quantity is none (`use`, `rank`, `unit`, `code`)."""
    if value.keys() & {"unit", "code", "comparator", "rank"}:
        return False
    system, text = value["system"], value["value"]
    return type(system) is str and ":" in system and type(text) is str and not holds_one(system)
