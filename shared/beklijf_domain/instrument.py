"""An instrument as data: which answers of which Questionnaire give which outcomes (M24, M29, M30)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, cast, get_args

from beklijf_domain.document import Document

Formula = Literal["sum", "value", "category"]
"""How items become one outcome: the sum of all, the value of the only one, or the code of the only one, as it was answered."""

Direction = Literal["high-is-worse", "high-is-better"]
"""Of a category: what stands later in the list of its codes is higher."""

MissingItems = Literal["all-required", "by-measure"]
"""What happens when an item is missing (M24). `all-required`: the answer counts as responded, and is not scorable. `by-measure`: only the
measures that need it are missing; the answer is scorable as long as one measure is there."""

ReferencePoint = Literal["baseline", "end-of-treatment"]
"""With what an instrument that asks for a change itself asks people to compare. Different points are never pooled."""

LANGUAGES = ("en", "nl")


@dataclass(frozen=True, slots=True)
class Category:
    """One answer that can be chosen: its code, and what it is called, by language."""

    code: str
    labels: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One question. Either `codes` maps each answer code to its value, or the answer is an integer from low to high.

    `categories` are answers without a value, in their order; `codes` then gives the place of each in it, from 0.
    """

    link: str
    codes: Mapping[str, int] | None = field(default=None, hash=False)
    low: int | None = None
    high: int | None = None
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """One outcome of an instrument: a number from `low` to `high`, an integer with `scale` decimals (value = integer / 10**scale); or,
    where the formula is `category`, one of `categories` in their order, and then `low`, `high` and `scale` are 0.

    `links` are the items that it needs. `direction` is None where neither end is better, such as how much care was used.
    """

    code: str
    labels: Mapping[str, str] = field(hash=False)
    links: tuple[str, ...]
    formula: Formula
    low: int
    high: int
    scale: int
    direction: Direction | None
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument at one version of its scoring rule.

    `questionnaire` is the canonical address without version; `scores` lists the versions of it whose answers are comparable
    and pooled (M30): "1" stands for every version 1.x.y, "1.2.0" for that one only. `judged` is the measure that rules judge,
    always the first, and a number; None: nothing of this instrument is judged (M25).
    """

    code: str
    version: str
    title: str
    questionnaire: str
    scores: tuple[str, ...]
    items: tuple[Item, ...]
    measures: tuple[Measure, ...]
    judged: Measure | None
    missing_items: MissingItems
    reference_point: ReferencePoint | None
    recall_period: str
    licence: str
    citation: str

    def scores_version(self, version: str) -> bool:
        """Whether answers to this version of the Questionnaire are scored and pooled with the others (M30)."""
        return any(version == known or version.startswith(known + ".") for known in self.scores)

    def measure(self, code: str) -> Measure | None:
        """The measure of that code, or None: this instrument lacks it."""
        return next((measure for measure in self.measures if measure.code == code), None)

    @property
    def algorithm(self) -> str:
        """How a result was computed, in words that stay: the formulas and what happens to missing items."""
        return f"{'+'.join(dict.fromkeys(measure.formula for measure in self.measures))}/{self.missing_items}"


def read(document: Document) -> Instrument:
    """An instrument from its contract file. Raises ContractError."""
    missing_items = document.table("missing_items")
    items = tuple(_items(document))
    measures = tuple(_measure(entry, items) for entry in document.tables("measures"))
    result = Instrument(
        code=document.text("code"),
        version=document.text("version"),
        title=document.text("title"),
        questionnaire=document.text("questionnaire"),
        scores=document.texts("scores"),
        items=items,
        measures=measures,
        judged=_judged(document, measures),
        missing_items=cast(MissingItems, missing_items.one_of("rule", get_args(MissingItems))),
        reference_point=_reference_point(document),
        recall_period=document.text("recall_period"),
        licence=document.text("licence"),
        citation=document.text("citation"),
    )
    missing_items.text("source")
    for part in (missing_items, document):
        part.finish()
    _check(result, document)
    return result


def _items(document: Document) -> Iterator[Item]:
    """Every group lists its links, and the answers: codes with their values, categories in their order, or a range of integers."""
    for group in document.tables("items"):
        links = group.texts("links")
        if group.has("codes"):
            table = group.table("codes")
            codes = MappingProxyType({code: table.integer(code) for code in table.names()})
            yield from (Item(link, codes=codes) for link in links)
        elif group.has("categories"):
            categories = tuple(_category(entry) for entry in group.tables("categories"))
            places = MappingProxyType({category.code: place for place, category in enumerate(categories)})
            if len(places) != len(categories):
                group.fail("categories", "names a code twice")
            yield from (Item(link, codes=places, categories=categories) for link in links)
        else:
            low, high = group.integer("low"), group.integer("high")
            yield from (Item(link, low=low, high=high) for link in links)
        group.finish()


def _category(document: Document) -> Category:
    result = Category(document.text("code"), _labels(document))
    document.finish()
    return result


def _labels(document: Document) -> Mapping[str, str]:
    return MappingProxyType({language: document.text(language) for language in LANGUAGES})


def _measure(document: Document, items: tuple[Item, ...]) -> Measure:
    """A measure needs the items that it names, all of them when it names none."""
    formula = cast(Formula, document.one_of("formula", get_args(Formula)))
    links = document.texts("links", default=tuple(item.link for item in items))
    needed = [item for item in items if item.link in links]
    if len(needed) != len(links):
        document.fail("links", "names an item that is not there")
    if formula != "sum" and len(needed) != 1:
        document.fail("formula", f"`{formula}` needs exactly one item")
    if any(bool(item.categories) != (formula == "category") for item in needed):
        document.fail("formula", f"`{formula}` does not fit: categories have no value, and only they are taken as they were answered")
    numeric = formula != "category"
    result = Measure(
        code=document.text("code"),
        labels=_labels(document),
        links=links,
        formula=formula,
        low=document.integer("low") if numeric else 0,
        high=document.integer("high") if numeric else 0,
        scale=document.integer("scale", low=0, default=0) if numeric else 0,
        direction=_direction(document) if numeric or document.has("direction") else None,
        categories=() if numeric else needed[0].categories,
    )
    document.finish()
    if numeric:
        _check_range(result, needed, document)
    return result


def _direction(document: Document) -> Direction:
    return cast(Direction, document.one_of("direction", get_args(Direction)))


def _check_range(measure: Measure, items: list[Item], document: Document) -> None:
    """The stated range must be exactly what the items can give, or one of the two is wrong."""
    extremes = [_extremes(item) for item in items]
    reachable = sum(low for low, _ in extremes), sum(high for _, high in extremes)
    if (measure.low, measure.high) != reachable:
        document.fail("low", f"says {measure.low} to {measure.high}, but the items give {reachable[0]} to {reachable[1]}")


def _judged(document: Document, measures: tuple[Measure, ...]) -> Measure | None:
    """What rules judge comes first among the results, so that nobody has to look for it."""
    code = document.optional_text("judged")
    if code is None:
        return None
    if measures[0].code != code or measures[0].formula == "category":
        document.fail("judged", f"{code!r} is not the first measure, or no number; only that can be judged")
    return measures[0]


def _reference_point(document: Document) -> ReferencePoint | None:
    if not document.has("reference_point"):
        return None
    return cast(ReferencePoint, document.one_of("reference_point", get_args(ReferencePoint)))


def _check(instrument: Instrument, document: Document) -> None:
    if "|" in instrument.questionnaire:
        document.fail("questionnaire", "is written without version; `scores` says which versions")
    for name, codes in (("items", [item.link for item in instrument.items]), ("measures", [each.code for each in instrument.measures])):
        if len(set(codes)) != len(codes):
            document.fail(name, f"names a {'link' if name == 'items' else 'code'} twice")


def _extremes(item: Item) -> tuple[int, int]:
    if item.codes is not None:
        return min(item.codes.values()), max(item.codes.values())
    assert item.low is not None  # `_items` read both or neither
    assert item.high is not None
    return item.low, item.high
