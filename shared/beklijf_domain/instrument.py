"""An instrument as data: which answers of which Questionnaire give which score (M24, M29, M30)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, cast, get_args

from beklijf_domain.document import Document

Formula = Literal["sum", "value"]
"""How items become one number: the sum of all, or the value of the only one."""

Direction = Literal["high-is-worse", "high-is-better"]

MissingItems = Literal["all-required"]
"""What happens when an item is missing (M24): `all-required` = the answer counts as responded, and is not scorable."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question. Either `codes` maps each answer code to its value, or the answer is an integer from low to high."""

    link: str
    codes: Mapping[str, int] | None = field(default=None, hash=False)
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument at one version of its scoring rule.

    `questionnaire` is the canonical address without version; `scores` lists the versions of it whose answers are comparable
    and pooled (M30): "1" stands for every version 1.x.y, "1.2.0" for that one only. `low` and `high` bound the score, which is an
    integer with `scale` decimals (value = integer / 10**scale). `measure` names the score in results.
    """

    code: str
    version: str
    title: str
    questionnaire: str
    scores: tuple[str, ...]
    items: tuple[Item, ...]
    measure: str
    formula: Formula
    low: int
    high: int
    scale: int
    direction: Direction
    missing_items: MissingItems
    recall_period: str
    licence: str
    citation: str

    def scores_version(self, version: str) -> bool:
        """Whether answers to this version of the Questionnaire are scored and pooled with the others (M30)."""
        return any(version == known or version.startswith(known + ".") for known in self.scores)

    @property
    def algorithm(self) -> str:
        """How a score was computed, in words that stay: the formula and what happens to missing items."""
        return f"{self.formula}/{self.missing_items}"


def read(document: Document) -> Instrument:
    """An instrument from its contract file. Raises ContractError."""
    missing_items = document.table("missing_items")
    score = document.table("score")
    result = Instrument(
        code=document.text("code"),
        version=document.text("version"),
        title=document.text("title"),
        questionnaire=document.text("questionnaire"),
        scores=document.texts("scores"),
        items=_items(document),
        measure=score.text("measure"),
        formula=cast(Formula, score.one_of("formula", get_args(Formula))),
        low=score.integer("low"),
        high=score.integer("high"),
        scale=score.integer("scale", low=0, default=0),
        direction=cast(Direction, score.one_of("direction", get_args(Direction))),
        missing_items=cast(MissingItems, missing_items.one_of("rule", get_args(MissingItems))),
        recall_period=document.text("recall_period"),
        licence=document.text("licence"),
        citation=document.text("citation"),
    )
    missing_items.text("source")
    for part in (missing_items, score, document):
        part.finish()
    _check(result, document)
    return result


def _items(document: Document) -> tuple[Item, ...]:
    """Every group lists its links, and either the codes with their values or the integers that are allowed."""
    items: list[Item] = []
    for group in document.tables("items"):
        links = group.texts("links")
        if group.has("codes"):
            table = group.table("codes")
            codes = MappingProxyType({code: table.integer(code) for code in table.names()})
            items.extend(Item(link, codes=codes) for link in links)
        else:
            low, high = group.integer("low"), group.integer("high")
            items.extend(Item(link, low=low, high=high) for link in links)
        group.finish()
    if len({item.link for item in items}) != len(items):
        document.fail("items", "names a link twice")
    return tuple(items)


def _check(instrument: Instrument, document: Document) -> None:
    """The stated range must be exactly what the items can give, or one of the two is wrong."""
    if "|" in instrument.questionnaire:
        document.fail("questionnaire", "is written without version; `scores` says which versions")
    if instrument.formula == "value" and len(instrument.items) != 1:
        document.fail("score.formula", "`value` needs exactly one item")
    extremes = [_extremes(item) for item in instrument.items]
    reachable = sum(low for low, _ in extremes), sum(high for _, high in extremes)
    if (instrument.low, instrument.high) != reachable:
        document.fail("score", f"says {instrument.low} to {instrument.high}, but the items give {reachable[0]} to {reachable[1]}")


def _extremes(item: Item) -> tuple[int, int]:
    if item.codes is not None:
        return min(item.codes.values()), max(item.codes.values())
    assert item.low is not None  # `_items` read both or neither
    assert item.high is not None
    return item.low, item.high
