"""The gate for the citizen service number (BSN): it never passes (design, section 6.6; `contracts/decisions` has what is measured).

Found by three signs: its identifier system, anywhere; nine digits that stand free and pass the eleven-test; its name with
digits after it, in whatever way they are written. The value of an identifier of another system is not put to the eleven-test:
one in eleven of all nine-digit numbers passes it by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from beklijf_intake.domain.problem import Problem, broken_rule, joined

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_BY_NAME, _BY_NUMBER = b"fhir.nl/fhir/namingsystem/bsn", b"2.16.840.1.113883.2.4.6.3"  # the two spellings of its system
_SNOMED = "http://snomed.info/sct"
# Free-standing: no letter or digit beside it, no fraction of a second or part of an OID before it, and no code of the country.
_RUN = re.compile(r"(?<![0-9A-Za-z])(?<![0-9]\.)(?<!\+31 )(?<!\(0\))[0-9]{9}(?![0-9A-Za-z])")
_RUN_IN_BYTES = re.compile(_RUN.pattern.encode())
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_SYSTEM = re.compile(
    r"(?:^|[^0-9a-z.-])(?:www\.)?(?:fhir\.nl/fhir/namingsystem/bsn(?![a-z0-9_-])|2\.16\.840\.1\.113883\.2\.4\.6\.3(?![0-9.]*[0-9]))"
)
# Its name, a few words, and nine digits in groups or not; or eight, where software has dropped a nought in front.
_NAMED = re.compile(r'(?<![\w/-])(?:bsn|burgerservicen)[^0-9"]{0,40}((?:[0-9][ .-]?){8}[0-9]|[0-9]{8})(?![0-9])')
_NAMED_IN_BYTES = re.compile(_NAMED.pattern.replace("{0,40}", "{0,160}").encode())  # a character has up to four bytes
_QUOTED_IN_BYTES = re.compile(rb"%[0-9A-Fa-f]{2}")
_CRITERION = re.compile(r"(?:[A-Za-z]{1,40}\?)?identifier=([^|&\s]*:[^|&\s]*)\|[^|&\s]+")

HELP = (
    "A citizen service number (BSN) is not accepted anywhere in this registry. Send the registry's own pseudonym as the identifier of the"
    " patient, and check texts, displays and narratives. Another number of nine digits that looks like one can stand in an Identifier with"
    " a system of its own."
)


def passes_eleven_test(digits: str) -> bool:
    """Whether nine digits can be a BSN: 9a + 8b + ... + 2h - i is a multiple of 11, and not all are zero."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return total % 11 == 0 and digits != "000000000"


def cannot_hold(body: bytes) -> bool:
    """A quick look at the bytes that spares most resources the walk; never True when `find` would find something."""
    if b"\\" in body or (b"%" in body and _QUOTED_IN_BYTES.search(body)):  # the bytes are not yet the text
        return False
    nine_digits = b"000000000" in body.translate(_DIGITS_ALIKE)  # far quicker than the expression, and rarely so
    if nine_digits and any(passes_eleven_test(run.decode()) for run in _RUN_IN_BYTES.findall(body)):
        return False
    lowered = body.lower()
    if b"bsn" in lowered and (_NAMED_IN_BYTES.search(lowered) or _BY_NAME in lowered):
        return False
    return _BY_NUMBER not in lowered and not (b"burgerservicen" in lowered and _NAMED_IN_BYTES.search(lowered))


def find(resource: Any) -> list[str]:
    """FHIRPath expressions (without the type) of every element that holds a BSN or names its system."""
    return list(_find(resource, ""))


def refusal(expression: str) -> Problem:
    """The problem to answer with; it says where, never what."""
    return broken_rule("value", expression.rstrip("."), HELP)


def holds_one(text: str) -> bool:
    """Whether a text holds or names a BSN, or its system; percent-encoded too."""
    return _holds_one(text) or ("%" in text and _holds_one(unquote(text)))


def _holds_one(text: str) -> bool:
    lowered = text.lower()
    if _SYSTEM.search(lowered) or any(_is_one(found) for found in _NAMED.findall(lowered)):
        return True
    criterion = _CRITERION.fullmatch(text)  # identifier=system|value is an identifier of another system
    return criterion is None and any(passes_eleven_test(run) for run in _RUN.findall(text))


def _is_one(named: str) -> bool:
    """Nine digits that are called so, are one whatever the test says: a slip of the keyboard makes them no less somebody's."""
    return len(named) > 8 or passes_eleven_test(f"0{named}")


def _find(value: Any, path: str) -> Iterator[str]:
    if type(value) is dict:
        spared = _spared(value)
        for name, child in value.items():
            if holds_one(name):
                yield path  # the name itself is not repeated
            if name != spared:
                yield from _find(child, joined(path, name))
    elif type(value) is list:
        for index, child in enumerate(value):
            yield from _find(child, f"{path}[{index}]")
    elif (type(value) is str or type(value) is int or type(value) is Decimal) and holds_one(_text(value)):
        yield path


def _text(value: str | int | Decimal) -> str:
    """A number as it is written; one with an exponent is no way to write a BSN, and is left alone."""
    return "" if type(value) is Decimal and value.as_tuple().exponent == 0 else str(value)


def _spared(value: dict[str, Any]) -> str | None:
    """The element that may look like a BSN by chance: the value of an Identifier of another system, a code of SNOMED CT."""
    system = value.get("system")
    if type(system) is not str:
        return None
    if system == _SNOMED:  # a concept's identifier has a partition, 00, before its check digit
        code = value.get("code")
        return "code" if type(code) is str and code[-3:-1] == "00" else None
    return "value" if "value" in value and _other_identifier(value, system) else None


def _other_identifier(value: dict[str, Any], system: str) -> bool:
    """An Identifier of a system that is not the BSN's; a ContactPoint or Quantity is none (`use`, `rank`, `unit`, `code`)."""
    if value.keys() & {"unit", "code", "comparator", "rank"}:
        return False
    text = value["value"]
    return ":" in system and type(text) is str and not holds_one(system)
