"""A Questionnaire compiled into a Form: everything that checking one answer needs, looked up once at start.

A Questionnaire that cannot be checked whole is refused at start, not answered with half a check later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

_MIN = "http://hl7.org/fhir/StructureDefinition/minValue"
_MAX = "http://hl7.org/fhir/StructureDefinition/maxValue"
_PLACES = "http://hl7.org/fhir/StructureDefinition/maxDecimalPlaces"
LINK_LIMIT_CHARACTERS = 200  # what an event carries
CODE_LIMIT_CHARACTERS = 100

_VALUES = {
    "boolean": ("valueBoolean",), "decimal": ("valueDecimal",), "integer": ("valueInteger",), "date": ("valueDate",),
    "dateTime": ("valueDateTime",), "time": ("valueTime",), "string": ("valueString",), "text": ("valueString",), "url": ("valueUri",),
    "choice": ("valueCoding",), "open-choice": ("valueCoding", "valueString"), "attachment": ("valueAttachment",),
    "reference": ("valueReference",), "quantity": ("valueQuantity",), "group": (), "display": (),
}  # fmt: skip

_BOUNDS: dict[str, tuple[type, ...]] = {
    "integer": (int, Decimal), "decimal": (int, Decimal), "date": (str,), "dateTime": (str,), "time": (str,),
}  # fmt: skip

Operator = Literal["exists", "=", "!=", ">", "<", ">=", "<="]
Bound = int | Decimal | str


class FormNotUsable(ValueError):
    """A Questionnaire asks for something that we cannot check; the message names the item and what to change."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One enableWhen: the item is enabled if the answers to `question` compare so with `answer`."""

    question: str
    operator: Operator
    answer: Any


@dataclass(frozen=True, slots=True)
class Item:
    """One question or group. `parent` is the linkId above it, empty at the top; `options` hold (value[x], key), empty if free."""

    link: str
    type: str
    parent: str
    text: str | None
    required: bool
    repeats: bool
    values: tuple[str, ...]
    options: frozenset[tuple[str, Any]]
    minimum: Bound | None
    maximum: Bound | None
    max_length: int | None
    max_places: int | None
    conditions: tuple[Condition, ...]
    any_condition: bool


@dataclass(frozen=True, slots=True)
class Form:
    """One version of a Questionnaire. `required` lists, by parent, the items that must be answered."""

    url: str
    version: str
    items: Mapping[str, Item]
    required: Mapping[str, tuple[str, ...]]
    conditional: bool


def compile_form(questionnaire: Mapping[str, Any]) -> Form:
    """The compiled form of a Questionnaire (FHIR R4 JSON). Raises FormNotUsable."""
    items: dict[str, Item] = {}
    for item in _items(questionnaire.get("item", ()), ""):
        if item.link in items:
            raise FormNotUsable(f"{item.link}: the linkId is used twice")
        items[item.link] = item
    for item in items.values():
        for condition in item.conditions:
            if condition.question not in items:
                raise FormNotUsable(f"{item.link}: enableWhen names an unknown question {condition.question}")
    required: dict[str, tuple[str, ...]] = {}
    for item in items.values():
        if item.required:
            required[item.parent] = (*required.get(item.parent, ()), item.link)
    return Form(
        url=questionnaire["url"],
        version=questionnaire["version"],
        items=MappingProxyType(items),
        required=MappingProxyType(required),
        conditional=any(item.conditions for item in items.values()),
    )


compile = compile_form  # noqa: A001  the word by which the rest of intake asks: questionnaire.compile(...)


def option_key(name: str, value: Any) -> tuple[str, Any]:
    """What makes two answers the same option: system and code of a coding (never its display), else the value itself."""
    if name == "valueCoding":
        return name, (value.get("system"), value.get("code"))
    if name == "valueReference":
        return name, value.get("reference")
    return name, value


def _items(items: Any, parent: str) -> Iterator[Item]:
    for item in items:
        yield _item(item, parent)
        yield from _items(item.get("item", ()), item["linkId"])


def _item(item: Mapping[str, Any], parent: str) -> Item:
    link, kind = item["linkId"], item["type"]
    if kind not in _VALUES or len(link) > LINK_LIMIT_CHARACTERS:
        raise FormNotUsable(f"{link}: unknown type {kind}, or a linkId longer than {LINK_LIMIT_CHARACTERS} characters")
    if "answerValueSet" in item or (kind == "choice" and "answerOption" not in item):
        raise FormNotUsable(f"{link}: list the possible answers as answerOption; value sets are not looked up")
    if item.get("modifierExtension"):
        raise FormNotUsable(f"{link}: a modifier extension is not understood")
    minimum, maximum = _extension(item, _MIN), _extension(item, _MAX)
    for bound in (minimum, maximum):
        if bound is not None and type(bound) not in _BOUNDS.get(kind, ()):
            raise FormNotUsable(f"{link}: a bound of this kind does not fit an item of type {kind}")
    options = frozenset(_options(item))
    names = dict.fromkeys(name for name, _ in sorted(options, key=str))
    values = tuple(names) if kind == "choice" else _VALUES[kind]
    return Item(
        link=link,
        type=kind,
        parent=parent,
        text=item.get("text"),
        required=item.get("required", False),
        repeats=item.get("repeats", False),
        values=values,
        options=options,
        minimum=minimum,
        maximum=maximum,
        max_length=item.get("maxLength"),
        max_places=_extension(item, _PLACES),
        conditions=tuple(_conditions(item)),
        any_condition=item.get("enableBehavior") == "any",
    )


def _options(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for option in item.get("answerOption", ()):
        name, value = _value(option, "value")
        if name == "valueCoding" and not ("code" in value and len(value["code"]) <= CODE_LIMIT_CHARACTERS):
            raise FormNotUsable(f"{item['linkId']}: an answerOption needs a code of at most {CODE_LIMIT_CHARACTERS} characters")
        yield option_key(name, value)


def _conditions(item: Mapping[str, Any]) -> Iterator[Condition]:
    given = item.get("enableWhen", ())
    if len(given) > 1 and "enableBehavior" not in item:
        raise FormNotUsable(f"{item['linkId']}: enableBehavior is required with more than one enableWhen (que-12)")
    for condition in given:
        name, value = _value(condition, "answer")
        yield Condition(condition["question"], condition["operator"], comparable("value" + name.removeprefix("answer"), value))


def comparable(name: str, value: Any) -> Any:
    """An answer as enableWhen compares it: numbers exactly, codings by system and code, quantities by value and unit."""
    if name in ("valueDecimal", "valueInteger"):
        return _exact(value)
    if name == "valueQuantity":
        return _exact(value.get("value", 0)), value.get("system"), value.get("code") or value.get("unit")
    return option_key(name, value)[1]


def _value(element: Mapping[str, Any], prefix: str) -> tuple[str, Any]:
    for name, value in element.items():
        if name.startswith(prefix) and name[len(prefix) :][:1].isupper():
            return name, value
    raise FormNotUsable(f"an answerOption or enableWhen lacks its {prefix}[x]")


def _extension(item: Mapping[str, Any], url: str) -> Any:
    for extension in item.get("extension", ()):
        if extension.get("url") == url:
            name, value = _value(extension, "value")
            if name not in ("valueInteger", "valueDecimal", "valueDate", "valueDateTime", "valueTime"):
                raise FormNotUsable(f"{item['linkId']}: {url} as {name} is not supported")
            return _exact(value)
    return None


def _exact(value: Any) -> Any:
    """A number read as float (contracts are ordinary JSON) made exact; anything else as it is."""
    return Decimal(str(value)) if type(value) is float else value
