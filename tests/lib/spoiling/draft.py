"""A filled-in form that may be changed, and the register of ways to change it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.lib.filling import questions

Resource = dict[str, Any]
_NAMES = {
    "boolean": ("valueBoolean",), "decimal": ("valueDecimal",), "integer": ("valueInteger",), "date": ("valueDate",),
    "dateTime": ("valueDateTime",), "time": ("valueTime",), "string": ("valueString",), "text": ("valueString",), "url": ("valueUri",),
    "attachment": ("valueAttachment",), "reference": ("valueReference",), "quantity": ("valueQuantity",),
}  # fmt: skip
_RAW = re.compile(r'"raw:([^"]*)"')


@dataclass
class Given:
    """One item with what the form says of it, where it stands, and its one answer's value, where it has one."""

    siblings: list[Resource]
    item: Resource
    spec: Resource
    answer: Resource = field(default_factory=dict)
    name: str = ""

    @property
    def value(self) -> Any:
        """The value of the answer."""
        return self.answer[self.name]

    def becomes(self, **value: Any) -> None:
        """Replace the answer's value: `becomes(valueInteger=5)`."""
        self.answer.pop(self.name, None)
        self.answer.update(value)


@dataclass
class Draft:
    """The form, a copy of the response to be changed, and the chance by which to choose."""

    form: Resource
    response: Resource
    chance: Random

    @property
    def specs(self) -> dict[str, Resource]:
        """The form's items by linkId."""
        return {item["linkId"]: item for item in questions(self.form.get("item", []))}

    def items(self) -> list[Given]:
        """Every item of the response."""
        return list(self._items(self.response.get("item", []), self.specs))

    def answers(self, *types: str) -> list[Given]:
        """Every answer with a value; where types are named, to items of these types, and with a value of that type."""
        found: list[Given] = []
        for one in self.items():
            for answer in one.item.get("answer", []):
                name = next((key for key in answer if key.startswith("value")), "")
                if name and (not types or (one.spec.get("type") in types and name in _NAMES.get(one.spec["type"], (name,)))):
                    found.append(Given(one.siblings, one.item, one.spec, answer, name))
        return found

    def one(self, among: list[Given]) -> Given:
        """One of these by chance; if there is none this way is not applicable."""
        if not among:
            raise NotApplicable
        return self.chance.choice(among)

    def _items(self, items: list[Resource], specs: dict[str, Resource]) -> Iterator[Given]:
        for item in items:
            yield Given(items, item, specs.get(item.get("linkId", ""), {}))
            for below in [item, *item.get("answer", [])]:
                yield from self._items(below.get("item", []), specs)


class NotApplicable(Exception):
    """This response has nothing that could go wrong in this way."""


Way = Callable[[Draft], None]
WAYS: dict[str, Way] = {}


def way(function: Way) -> Way:
    """Register a way under its own name."""
    WAYS[function.__name__.replace("_", "-")] = function
    return function


def spoilt(form: Resource, response: Resource, names: tuple[str, ...], chance: Random) -> Resource | None:
    """A copy changed in these ways, one after the other; None if one of them does not apply, or changes nothing."""
    draft = Draft(form, deepcopy(response), chance)
    try:
        for name in names:
            WAYS[name](draft)
    except NotApplicable:
        return None
    return draft.response if draft.response != response else None


def raw(number: str) -> str:
    """A number of which every digit is to be sent as it is written."""
    return f"raw:{number}"


def text(resource: Resource) -> str:
    """One line of JSON."""
    return _RAW.sub(r"\1", json.dumps(resource, ensure_ascii=False))
