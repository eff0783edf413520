"""The primitive types of FHIR R4 in JSON: each is a function from a value to None, or to why it is not one.

Strict where common libraries are not: "5", 5.0 and true are no integers, "true" is no boolean, "1_0" is no decimal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from beklijf_intake.domain.instants import instant, is_date, is_time, when

Complaint = str | None
Primitive = Callable[[Any], Complaint]

_CODE = re.compile(r"\S+(?: \S+)*")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_URI = re.compile(r"\S+")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)
_INT32 = 2**31


def is_id(text: str) -> bool:
    """Whether this may be the id of a resource: 1 to 64 letters, digits, hyphens and points."""
    return _ID.fullmatch(text) is not None


def string(value: Any) -> Complaint:
    """R4 `string`, `markdown`: text that is not empty and not only white space (also no-break space within is fine)."""
    if type(value) is not str:
        return "must be a string"
    return None if value and not value.isspace() else "must not be empty; leave the element out when there is no value"


def code(value: Any) -> Complaint:
    """R4 `code`: no white space but single spaces within."""
    return _text(value, _CODE, "must be a code: text without leading, trailing or double spaces")


def resource_id(value: Any) -> Complaint:
    """R4 `id`."""
    return _text(value, _ID, "must be an id: 1 to 64 letters, digits, hyphens and points")


def uri(value: Any) -> Complaint:
    """R4 `uri`, `url`, `canonical`: no white space. Never fetched."""
    return _text(value, _URI, "must be a URI without spaces")


def oid(value: Any) -> Complaint:
    """R4 `oid`: urn:oid:..."""
    return _text(value, _OID, "must be an OID written as urn:oid:...")


def uuid(value: Any) -> Complaint:
    """R4 `uuid`: urn:uuid:... in lower case."""
    return _text(value, _UUID, "must be a UUID written as urn:uuid:... in lower case")


def base64(value: Any) -> Complaint:
    """R4 `base64Binary`, without white space."""
    return string(value) or _text(value, _BASE64, "must be base64 without spaces or line ends")


def boolean(value: Any) -> Complaint:
    """R4 `boolean`: JSON's true or false."""
    return None if type(value) is bool else "must be true or false, without quotation marks"


def integer(value: Any) -> Complaint:
    """R4 `integer`: a JSON number without point or exponent, of 32 bits."""
    if type(value) is not int:
        return "must be a whole number, without quotation marks, decimal point or exponent"
    return None if -_INT32 <= value < _INT32 else "must be a whole number of 32 bits"


def unsigned_int(value: Any) -> Complaint:
    """R4 `unsignedInt`: 0 or more."""
    return integer(value) or (None if value >= 0 else "must be 0 or more")


def positive_int(value: Any) -> Complaint:
    """R4 `positiveInt`: 1 or more."""
    return integer(value) or (None if value > 0 else "must be 1 or more")


def decimal(value: Any) -> Complaint:
    """R4 `decimal`: a JSON number; its digits were bounded at the front door."""
    return None if type(value) is int or type(value) is Decimal else "must be a number, without quotation marks"


def date(value: Any) -> Complaint:
    """R4 `date`: year, month or day."""
    if type(value) is str and is_date(value):
        return None
    return "must be an existing date: YYYY, YYYY-MM or YYYY-MM-DD"


def date_time(value: Any) -> Complaint:
    """R4 `dateTime`: a time needs seconds and an offset."""
    if type(value) is str and when(value) is not None:
        return None
    return "must be an existing date, or a date and time with seconds and offset, like 2024-03-31T09:30:00+02:00"


def exact_instant(value: Any) -> Complaint:
    """R4 `instant`."""
    if type(value) is str and instant(value) is not None:
        return None
    return "must be a date and time with seconds and offset, like 2024-03-31T09:30:00+02:00"


def time(value: Any) -> Complaint:
    """R4 `time`: no zone."""
    if type(value) is str and is_time(value):
        return None
    return "must be a time of day with seconds and without offset, like 09:30:00"


PRIMITIVES: dict[str, Primitive] = {
    "base64Binary": base64, "boolean": boolean, "canonical": uri, "code": code, "date": date, "dateTime": date_time,
    "decimal": decimal, "id": resource_id, "instant": exact_instant, "integer": integer, "markdown": string, "oid": oid,
    "positiveInt": positive_int, "string": string, "time": time, "unsignedInt": unsigned_int, "uri": uri, "url": uri, "uuid": uuid,
}  # fmt: skip


def _text(value: Any, pattern: re.Pattern[str], complaint: str) -> Complaint:
    if type(value) is not str:
        return "must be a string"
    return None if pattern.fullmatch(value) else complaint
