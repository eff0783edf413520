"""The questions of an instrument: which answers they take, and what each answer is worth (M24, M29)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from beklijf_domain.document import Document

LANGUAGES = ("en", "nl")


@dataclass(frozen=True, slots=True)
class Category:
    """One answer that can be chosen, or one group of scores: its code, and what it is called, by language."""

    code: str
    labels: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One question. Either `codes` maps each answer code to its value, or the answer is an integer from low to high.

    `categories` are answers without a value, in their order; `codes` then gives the place of each in it, from 0.
    `worth` maps what was answered to what it counts for, where that differs: a recoded or a reversed item.
    """

    link: str
    codes: Mapping[str, int] | None = field(default=None, hash=False)
    low: int | None = None
    high: int | None = None
    categories: tuple[Category, ...] = ()
    worth: Mapping[int, int] | None = field(default=None, hash=False)

    @property
    def values(self) -> tuple[int, ...]:
        """All that an answer can count for, from the least to the greatest."""
        if self.codes is not None:
            answered = set(self.codes.values())
        else:
            assert self.low is not None  # `read` asks for both ends
            assert self.high is not None
            answered = set(range(self.low, self.high + 1))
        return tuple(sorted(answered if self.worth is None else {self.worth[value] for value in answered}))


def read(document: Document) -> Iterator[Item]:
    """Every group lists its links, and the answers: codes with their values, categories in their order, or a range of integers."""
    for group in document.each("items", _group):
        yield from group


def _group(group: Document) -> list[Item]:
    links = group.texts("links")
    if group.has("codes"):
        table = group.table("codes")
        codes = MappingProxyType({code: table.integer(code) for code in table.names()})
        worth = _worth(group, sorted(set(codes.values())))
        found = [Item(link, codes=codes, worth=worth) for link in links]
    elif group.has("categories"):
        categories = tuple(group.each("categories", category))
        places = MappingProxyType({each.code: place for place, each in enumerate(categories)})
        if len(places) != len(categories):
            group.complain("categories", "names a code twice")
        found = [Item(link, codes=places, categories=categories) for link in links]
    else:
        low, high = group.integer("low"), group.integer("high")
        if low >= high:
            group.fail("high", f"{high} is not above {low}")
        worth = _worth(group, range(low, high + 1))
        found = [Item(link, low=low, high=high, worth=worth) for link in links]
    group.finish()
    return found


def category(document: Document) -> Category:
    """A category from its table: code and labels."""
    result = Category(document.text("code"), labels(document))
    document.finish()
    return result


def labels(document: Document) -> Mapping[str, str]:
    """What something is called, in every language."""
    return MappingProxyType({language: document.text(language) for language in LANGUAGES})


def _worth(group: Document, answered: range | list[int]) -> Mapping[int, int] | None:
    """What is counted for each value that can be answered: another value by a table, or the mirror image."""
    if group.has("recode"):
        table = group.table("recode")
        worth = {int(name): table.integer(name) for name in table.names() if name.lstrip("-").isdigit()}
        if set(worth) != set(answered):
            group.complain("recode", "must say for each value that can be answered what it counts for, and for no other")
        return MappingProxyType(worth)
    if group.flag("reversed"):
        both = min(answered) + max(answered)
        return MappingProxyType({value: both - value for value in answered})
    return None
