"""What a Questionnaire asks of a value besides its type: bounds, lengths, patterns, places, units, what is attached or referred to.

Each becomes a function from a value to a problem (its expression begins at `value`) or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from beklijf_intake.domain.form.comparable import Comparable, comparable, is_below, unit_key
from beklijf_intake.domain.form.extensions import CORE, SDC, Element, Notes, extension, extensions
from beklijf_intake.domain.form.terminology import Around, NotAtHand, expand
from beklijf_intake.domain.problem import Problem, broken_rule, warning

Check = Callable[[Any], Problem | None]

TEXTS = ("valueString", "valueUri")
MEGABYTE = 1024 * 1024  # the larger of the two readings: nobody is refused over the difference
_ORDERED = ("valueInteger", "valueDecimal", "valueDate", "valueDateTime", "valueTime", "valueQuantity")
_OTHER_UNIT = warning("value", "value", "The Questionnaire gives the bound of this answer in another unit; it was not compared.")


def limits(item: Element, name: str, around: Around, notes: Notes) -> tuple[Check, ...]:
    """The checks of one value[x] of an item, in the order in which they are told."""
    return tuple(check for make in _MAKERS for check in make(item, name, around, notes))


def _bounds(item: Element, name: str, _: Around, notes: Notes) -> Iterator[Check]:
    for part, low in (("minValue", True), ("maxValue", False)):
        found = extension(item, CORE + part, SDC + f"sdc-questionnaire-{part[:3]}Quantity")
        if found is None:
            continue
        if found[0] not in _ORDERED:
            notes.lacks(part, "the bound is no plain value of a kind that has an order")
        elif name in _ORDERED:
            bound = _bound(name, *found)
            if bound is None:
                notes.lacks(part, f"a bound given as {found[0]} does not fit an answer given as {name}")
            else:
                notes.checked.append(f"{part} {_shown(found[1])}")
                yield _within(name, bound, _shown(found[1]), low=low)


def _bound(name: str, given: str, value: Any) -> Comparable | None:
    """The bound as the answers are compared; a plain number bounds a quantity in whatever unit."""
    wanted, bound = {"valueInteger": "number", "valueDecimal": "number", "valueQuantity": "quantity"}, comparable(given, value)
    if name == "valueQuantity" and bound[0] == "number":
        return bound
    kind = wanted.get(name, "time" if name == "valueTime" else "when")
    return bound if bound[0] == kind and bound[-1] is not None else None


def _within(name: str, bound: Comparable, shown: str, *, low: bool) -> Check:
    broken = broken_rule("value", "value", f"The answer must be at {'least' if low else 'most'} {shown}.")
    if bound[0] == "number":
        limit = bound[1]

        def number(value: Any) -> Problem | None:
            given = value.get("value") if name == "valueQuantity" else value
            return broken if given is not None and (given < limit if low else given > limit) else None

        return number

    def check(value: Any) -> Problem | None:
        given = comparable(name, value)
        if given[0] == "quantity" and given[1] != bound[1]:
            return _OTHER_UNIT
        return broken if (is_below(given, bound) if low else is_below(bound, given)) else None

    return check


def _lengths(item: Element, name: str, _: Around, notes: Notes) -> Iterator[Check]:
    most, least = item.get("maxLength"), extension(item, CORE + "minLength")
    if name in TEXTS and most is not None:
        too_long = broken_rule("too-long", "value", f"The answer may have at most {most} characters.")
        notes.checked.append(f"maxLength {most}")
        yield lambda value: too_long if len(value) > most else None
    elif most is not None and item["type"] not in ("open-choice", "choice"):
        notes.lacks("maxLength", f"an answer of type {item['type']} has no length in characters")
    if name in TEXTS and least is not None and type(least[1]) is int:
        minimum, too_short = least[1], broken_rule("value", "value", f"The answer must have at least {least[1]} characters.")
        notes.checked.append(f"minLength {minimum}")
        yield lambda value: too_short if len(value) < minimum else None


def _patterns(item: Element, name: str, around: Around, notes: Notes) -> Iterator[Check]:
    found = extension(item, CORE + "regex")
    if found is None or name not in TEXTS:
        if found is not None and item["type"] != "open-choice":
            notes.lacks("regex", f"a pattern is applied to texts only, not to an answer of type {item['type']}")
        return
    try:
        fits = around.pattern(str(found[1]))
    except ValueError as error:
        notes.lacks("regex", f"the pattern cannot be used: {error}")
        return
    broken = broken_rule("value", "value", "The answer does not have the form that the Questionnaire asks for (regex).")
    notes.checked.append("regex")
    yield lambda value: None if fits(value) else broken


def _places(item: Element, name: str, _: Around, notes: Notes) -> Iterator[Check]:
    found = extension(item, CORE + "maxDecimalPlaces")
    if found is None or type(found[1]) is not int or name not in ("valueDecimal", "valueQuantity"):
        return
    most, broken = found[1], broken_rule("value", "value", f"The answer may have at most {found[1]} digits after the decimal point.")
    notes.checked.append(f"maxDecimalPlaces {most}")

    def check(value: Any) -> Problem | None:
        number = value.get("value") if name == "valueQuantity" else value
        return broken if type(number) is Decimal and -int(number.as_tuple().exponent) > most else None

    yield check


def _units(item: Element, name: str, around: Around, notes: Notes) -> Iterator[Check]:
    if name != "valueQuantity":
        return
    units = {unit_key(value) for _, value in extensions(item, CORE + "questionnaire-unitOption") if isinstance(value, dict)}
    valued = extension(item, CORE + "questionnaire-unitValueSet")
    if valued is not None:
        try:
            units |= expand(str(valued[1]), around)
        except NotAtHand as reason:
            notes.lacks("unitValueSet", str(reason))
            return
    if extension(item, SDC + "sdc-questionnaire-unitOpen", CORE + "questionnaire-unitOpen") is not None:
        notes.lacks("unitOption", "other units are allowed as well")
    elif units:
        broken = broken_rule("code-invalid", "value", "The Questionnaire does not offer this unit (system and code must both match).")
        notes.checked.append(f"units ({len(units)})")
        yield lambda value: None if unit_key(value) in units else broken


def _attachments(item: Element, name: str, _: Around, notes: Notes) -> Iterator[Check]:
    if name != "valueAttachment":
        return
    scripted = broken_rule("not-supported", "value.contentType", "SVG images can hold scripts and are not accepted.")
    yield lambda value: scripted if str(value.get("contentType", "")).strip().lower().startswith("image/svg") else None
    kinds = {str(value).lower() for _, value in extensions(item, CORE + "mimeType")}
    if kinds:
        other = broken_rule("value", "value.contentType", f"The attachment must be of one of the kinds: {', '.join(sorted(kinds))}.")
        notes.checked.append(f"mimeType ({len(kinds)})")
        yield lambda value: None if str(value.get("contentType", "")).split(";")[0].strip().lower() in kinds else other
    most = extension(item, CORE + "maxSize")
    if most is not None and type(most[1]) in (int, Decimal):
        limit, large = most[1] * MEGABYTE, broken_rule("too-long", "value", f"The attachment may have at most {most[1]} megabytes.")
        notes.checked.append(f"maxSize {most[1]} MB")
        yield lambda value: large if _size(value) > limit else None


def _size(attachment: dict[str, Any]) -> int:
    """Bytes of an attachment: those that came, else those that it says it has."""
    if "data" in attachment:
        data: str = attachment["data"]
        return len(data) // 4 * 3 - data[-2:].count("=")
    return int(attachment.get("size", 0))


def _references(item: Element, name: str, _: Around, notes: Notes) -> Iterator[Check]:
    kinds = {str(value) for _, value in extensions(item, CORE + "questionnaire-referenceResource")}
    if name != "valueReference" or not kinds:
        return
    broken = broken_rule("value", "value", f"The answer must be a reference to one of: {', '.join(sorted(kinds))}.")
    notes.checked.append(f"reference to {', '.join(sorted(kinds))}")

    def check(value: Any) -> Problem | None:
        about = value.get("type") or (str(value["reference"]).rsplit("/", 2)[-2] if "/" in value.get("reference", "") else "")
        return broken if about and about not in kinds else None

    yield check


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value.get('value')} {value.get('code') or value.get('unit') or ''}".strip()
    return str(value)


_MAKERS = (_bounds, _lengths, _patterns, _places, _units, _attachments, _references)
