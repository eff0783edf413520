"""The strict front door: bytes in, checked JSON out, before anything else looks at them.

Stricter than JSON where leniency has cost others data: one encoding, no key twice, no number that is not exact, nothing
nested so deeply or so large that reading it is an attack. Decimals stay exact (`Decimal`, digits as sent).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from beklijf_intake.domain.problem import IssueCode, Problem, Refused

RESOURCE_LIMIT_BYTES = 2 * 1024 * 1024
BUNDLE_LIMIT_BYTES = 16 * 1024 * 1024
DEPTH_LIMIT = 64
STRING_LIMIT_CHARACTERS = 1024 * 1024
KEYS_LIMIT = 1_000  # of one object; no R4 element has a tenth of it
ARRAY_LIMIT = 10_000
INTEGER_DIGITS, FRACTION_DIGITS = 18, 8  # of one number
_NUMBER_LIMIT_CHARACTERS = 64

_BRACKETS = bytes.maketrans(b"[]", b"{}")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'{}[]"\\'))
# The closing quote is optional: otherwise a text of escaped quotes without an end would take quadratic time.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def parse(body: bytes, *, limit: int = RESOURCE_LIMIT_BYTES) -> dict[str, Any]:
    """The JSON object that these bytes say; raises `Refused` (400, or 413 beyond the limit) with one helpful sentence."""
    if len(body) > limit:
        _refuse("too-long", f"The body is larger than {limit} bytes. Send several smaller requests.", 413)
    text = _decoded(body)
    check_depth(body)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse("structure", f"This is not JSON: line {error.lineno}, column {error.colno} ({_reason(error)}).")
    if type(value) is not dict:
        _refuse("structure", 'A FHIR resource is one JSON object, like {"resourceType": "Patient", ...}.')
    if b"\\" in body or len(body) > STRING_LIMIT_CHARACTERS or body.count(b",") >= ARRAY_LIMIT:
        _check_values(value)
    return value


def check_depth(body: bytes) -> None:
    """Refuses what is nested deeper than 64, without recursion, before the parser (which recurses) sees it."""
    structure = body.translate(_BRACKETS, _NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in structure or b"\\" in structure:  # a bracket or a backslash within a string: leave the strings out properly
        structure = _STRING.sub(b"", body).translate(_BRACKETS, _NOT_STRUCTURE)
    for _ in range(DEPTH_LIMIT):  # each round takes the innermost level away
        if not structure:
            return
        structure = structure.replace(b"{}", b"")
    if b"{}" in structure or structure.count(b"{") > DEPTH_LIMIT:  # else the brackets do not match: the parser says where
        _refuse("structure", f"The JSON is nested deeper than {DEPTH_LIMIT} levels.")


def _decoded(body: bytes) -> str:
    if not body:
        _refuse("structure", "The body is empty. Send one FHIR resource as JSON.")
    if body.startswith(b"\xef\xbb\xbf"):
        _refuse("structure", "The body begins with a byte order mark. Send UTF-8 without it.")
    if b"\x00" in body:
        _refuse("structure", "The body holds NUL bytes. Send UTF-8, not UTF-16 or UTF-32.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse("structure", f"The body is not valid UTF-8 (at byte {error.start}).")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("structure", "An object has the same key twice. Each element may be given once.")
    if len(found) > KEYS_LIMIT:
        _refuse("too-long", f"An object has more than {KEYS_LIMIT} keys.")
    return found


def _integer(text: str) -> int | Decimal:
    if len(text) > INTEGER_DIGITS + 1:
        _refuse("value", f"A whole number has more than {INTEGER_DIGITS} digits.")
    return Decimal(text) if text == "-0" else int(text)


def _decimal(text: str) -> Decimal:
    if len(text) <= _NUMBER_LIMIT_CHARACTERS:
        try:
            value = Decimal(text)
        except InvalidOperation:  # an exponent beyond what Decimal can hold
            _refuse("value", "A number is too large or too small.")
        _, digits, exponent = value.as_tuple()
        assert isinstance(exponent, int)  # finite: the text came from a JSON number
        if len(digits) + exponent <= INTEGER_DIGITS and exponent >= -FRACTION_DIGITS:
            return value
    _refuse("value", f"A number has more than {INTEGER_DIGITS} digits before or {FRACTION_DIGITS} after the decimal point.")


def _constant(_: str) -> NoReturn:
    _refuse("structure", "NaN and Infinity are not JSON. Leave the element out when there is no value.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_constant)


def _check_values(root: dict[str, Any]) -> None:
    """Every key and string: no control characters, no half of a surrogate pair, not too long; no array too long."""
    waiting: list[Any] = [root]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            waiting.extend(value)
            waiting.extend(value.values())
        elif type(value) is list:
            if len(value) > ARRAY_LIMIT:
                _refuse("too-long", f"An array has more than {ARRAY_LIMIT} entries.", 413)
            waiting.extend(value)
        elif type(value) is str:
            if len(value) > STRING_LIMIT_CHARACTERS:
                _refuse("too-long", f"A string is longer than {STRING_LIMIT_CHARACTERS} characters.")
            if _FORBIDDEN.search(value):
                _refuse(
                    "value", "A string holds a control character (other than tab, line feed, carriage return) or half a surrogate pair."
                )


def _reason(error: json.JSONDecodeError) -> str:
    # The parser's own words hold no part of the input.
    return error.msg[:1].lower() + error.msg[1:].rstrip(":")


def _refuse(code: IssueCode, sentence: str, status: int = 400) -> NoReturn:
    raise Refused([Problem("fatal", code, None, sentence, status)])
