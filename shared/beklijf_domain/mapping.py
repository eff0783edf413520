"""How a form of a hospital's own becomes one of ours: which item is which, which value means which, in which unit. Data, not code.

Item order and grouping of the hospital's form are free. Every item of it that may hold an answer is either mapped or listed as ignored, so
that nothing is dropped by oversight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from beklijf_domain.document import Document

WITHOUT_VERSION = ""
Value = str | int | bool
"""A code of ours, a whole number, or yes and no."""


@dataclass(frozen=True, slots=True)
class ItemMapping:
    """One item: `link` is ours, `theirs` the hospital's. `values`, where there are any, are exhaustive, by the text of what was sent.

    A number is multiplied by `scale` (centimetres to millimetres: 10), exactly; `unit` is the one a quantity must have.
    """

    link: str
    theirs: str
    scale: Fraction
    unit: str | None
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class FormMapping:
    """One form of some organisations. `versions` of it, of which WITHOUT_VERSION stands for answers that state none."""

    code: str
    version: str
    organisations: tuple[str, ...]
    questionnaire: str
    versions: tuple[str, ...]
    to: tuple[str, str]
    """Our Questionnaire: address and version."""
    moment: str | None
    """What every answer by this form answers, where the answer does not say it itself."""
    items: tuple[ItemMapping, ...]
    ignored: frozenset[str]

    @property
    def name(self) -> str:
        """Code and version, as provenance has them."""
        return f"{self.code}@{self.version}"


def read(document: Document) -> FormMapping:
    """A mapping from its file. Raises ContractError with file and key; what it says of our Questionnaire is checked by who has that."""
    address, bar, version = document.text("to").partition("|")
    if not bar or not version:
        document.complain("to", "must name the version too: <address>|<version>")
    items = document.table("items")
    found = FormMapping(
        code=document.text("code"),
        version=document.text("version"),
        organisations=document.texts("organisations"),
        questionnaire=document.text("questionnaire"),
        versions=document.texts("versions"),
        to=(address, version),
        moment=document.optional_text("moment"),
        items=tuple(_item(link, items.table(link)) for link in items.names()),
        ignored=frozenset(document.texts("ignored", default=())),
    )
    _check(found, document)
    items.finish()
    document.finish()
    return found


def _item(link: str, table: Document) -> ItemMapping:
    scale = table.number("scale") if table.has("scale") else Fraction(1)
    if scale <= 0:
        table.misread("scale", "must be greater than zero")
    found = ItemMapping(link, table.text("link"), scale, table.optional_text("unit"), _values(table))
    if found.values and (table.has("scale") or found.unit is not None):
        table.complain("values", "a value map stands alone: it has no scale and no unit")
    table.finish()
    return found


def _values(table: Document) -> Mapping[str, Value]:
    if not table.has("values"):
        return MappingProxyType({})
    given = table.table("values")
    values: dict[str, Value] = {}
    for name in given.names():
        value = given.scalar(name)
        values[name] = value
    if not values:
        table.complain("values", "must not be empty")
    return MappingProxyType(values)


def _check(found: FormMapping, document: Document) -> None:
    for key, entries in (("organisations", found.organisations), ("versions", found.versions)):
        if not entries:
            document.complain(key, "must not be empty")
    if "|" in found.questionnaire:
        document.complain("questionnaire", "is the address alone; its versions stand in versions")
    seen: set[str] = set()
    for item in found.items:
        if item.theirs in seen:
            document.complain(f"items.{item.link}.link", f"{item.theirs!r} is mapped twice")
        if item.theirs in found.ignored:
            document.complain("ignored", f"{item.theirs!r} is mapped too")
        seen.add(item.theirs)
    if not found.items:
        document.complain("items", "must not be empty")
