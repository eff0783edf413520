"""Answers made comparable: within bounds, in conditions, and with a fixed value. What has another kind is never equal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from beklijf_intake.domain.instants import instant

Comparable = tuple[Any, ...]
"""The kind of a value, then what makes two of that kind equal."""

_TICK = timedelta(microseconds=1)
_LAST = datetime.max.replace(tzinfo=UTC)
_NUMBERS = (int, Decimal)
_PLAIN = {"valueBoolean": "boolean", "valueString": "text", "valueUri": "text"}


def comparable(name: str, value: Any) -> Comparable:
    """One value[x]: codings by system and code, references by address or identifier, quantities by unit and number, the rest by value."""
    match name:
        case "valueCoding":
            return ("coding", *coding_key(value))
        case "valueInteger" | "valueDecimal":
            return "number", value
        case "valueDate" | "valueDateTime":
            return ("when", *span(value))
        case "valueTime":
            return "time", time_key(value)
        case "valueQuantity":
            return "quantity", unit_key(value), value.get("value")
        case "valueReference":
            return "reference", reference_key(value)
    return _PLAIN.get(name, name), value


def coding_key(coding: dict[str, Any]) -> tuple[str | None, str | None]:
    """What makes two codings the same answer: system and code, never the display; a coding without code is known by its display."""
    code = coding.get("code")
    return coding.get("system"), code if code is not None else f"\0{coding.get('display')}"


def unit_key(quantity: dict[str, Any]) -> tuple[str | None, str | None]:
    """The unit of a quantity: by system and code, else by its name."""
    return quantity.get("system"), quantity.get("code") or quantity.get("unit")


def reference_key(reference: dict[str, Any]) -> str | tuple[str | None, str | None]:
    """What a reference points at."""
    if "reference" in reference:
        return str(reference["reference"])
    identifier = reference.get("identifier", {})
    return identifier.get("system"), identifier.get("value")


def time_key(text: str) -> str:
    """A time of day whose order as text is its order on the clock."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(text: str) -> tuple[datetime, datetime]:
    """The first and the last moment of a date or dateTime (R4, checked before); days are taken in UTC, for comparisons only."""
    if "T" in text:
        at = instant(text)
        assert at is not None  # its shape was checked
        return at, at
    year, month, day = int(text[:4]), int(text[5:7] or 1), int(text[8:10] or 1)
    first = datetime(year, month, day, tzinfo=UTC)
    try:
        if len(text) == 4:
            after = first.replace(year=year + 1)
        elif len(text) == 7:
            after = first.replace(year=year + month // 12, month=month % 12 + 1)
        else:
            after = first + timedelta(days=1)
    except (ValueError, OverflowError):  # the calendar ends with the year 9999
        return first, _LAST
    return first, after - _TICK


def same(wanted: Comparable, given: Comparable) -> bool:
    """Whether an answer is the one wanted; a coding that is wanted without system means that code of any system."""
    if wanted[0] == "coding" and wanted[1] is None:
        return given[0] == "coding" and bool(given[2] == wanted[2])
    return given == wanted


def has_order(one: Comparable, other: Comparable) -> bool:
    """Whether one of two values can lie before the other: numbers, dates, times, texts, and quantities of one unit."""
    if one[0] != other[0]:
        return False
    if one[0] in ("number", "quantity"):
        return bool(one[:-1] == other[:-1]) and isinstance(one[-1], _NUMBERS) and isinstance(other[-1], _NUMBERS)
    return one[0] in ("when", "time", "text")


def is_below(one: Comparable, other: Comparable) -> bool:
    """Whether `one` lies before `other` for certain: a month does not lie before one of its days, nor after it."""
    if not has_order(one, other):
        return False
    return bool(one[2] < other[1]) if one[0] == "when" else bool(one[-1] < other[-1])
