"""Values and extensions of a Questionnaire's elements, found by their address; and the notes that compiling takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from beklijf_intake.domain.primitives import PRIMITIVES

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
Element = Mapping[str, Any]


class Unchecked(NamedTuple):
    """One part of an item (`maxValue`, `answerValueSet`) that is not checked, and why not."""

    part: str
    reason: str


@dataclass(slots=True)
class Notes:
    """What compiling says of one item: what is checked, in words, and what is not."""

    checked: list[str] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)

    def lacks(self, part: str, reason: str) -> None:
        """Notes that this part of the item is not checked."""
        if Unchecked(part, reason) not in self.unchecked:
            self.unchecked.append(Unchecked(part, reason))


def value_of(element: Element, prefix: str = "value") -> tuple[str, Any] | None:
    """The name and content of a value[x] (answer[x], ...), or None: also where it is not what its name says."""
    for name, value in element.items():
        kind = name[len(prefix) :]
        if name.startswith(prefix) and kind[:1].isupper():
            primitive = PRIMITIVES.get(kind[0].lower() + kind[1:])
            return (name, value) if (primitive(value) is None if primitive else isinstance(value, dict)) else None
    return None


def extensions(element: Element, *urls: str) -> Iterator[tuple[str, Any]]:
    """The values of the extensions with one of these addresses; an extension without a value of its own is ("", None)."""
    for extension in element.get("extension", ()):
        if extension.get("url") in urls:
            yield value_of(extension) or ("", None)


def extension(element: Element, *urls: str) -> tuple[str, Any] | None:
    """The first of them, or None."""
    return next(extensions(element, *urls), None)


def exact(value: Any) -> Any:
    """A copy in which every number is exact (contracts are ordinary JSON, read with floats), and null is nothing."""
    if isinstance(value, Mapping):
        return {name: exact(child) for name, child in value.items() if child is not None}
    if isinstance(value, list | tuple):
        return [exact(child) for child in value if child is not None]
    return Decimal(str(value)) if type(value) is float else value
