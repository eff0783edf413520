"""The outcomes of an instrument: a closed set of named operations, each with its range, direction and rule for missing items (M24).

Nothing here computes; `formula` does. What is stated of a measure is checked against what its items can give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, cast, get_args

from beklijf_domain import expression
from beklijf_domain.document import Document
from beklijf_domain.expression import Expression
from beklijf_domain.item import Category, Item, category, labels

Formula = Literal[
    "value", "category", "sum", "mean", "count", "percent-of-maximum", "weighted-sum", "lookup", "profile", "groups", "expression"
]  # fmt: skip
"""How a measure comes about.

`value`, `category`: the only item, as a number or as the code that was answered. `sum`, `mean`: of what the items are worth.
`count`: how many items are worth more than zero. `percent-of-maximum`: 100 x (sum - least) / (most - least) over the items that were
answered. `weighted-sum`: `start`, plus a weight for each answer, plus `intercept` once if any answer is above its lowest value.
`lookup`: another measure through a table. `profile`: the values of the items, one after the other, 9 for a missing one.
`groups`: the first group all of whose lower limits the named measures reach. `expression`: what an expression says, within the stated
range; slower than the others, and for a site's own instrument only.
"""

Direction = Literal["high-is-worse", "high-is-better"]
"""Of a category: what stands later in the list of its codes is higher."""

NEUTRAL = "neutral"

Missing = Literal["none", "of-answered", "prorated", "as-zero", "by-expression"]
"""What becomes of a measure when items are missing, down to `least_answered`: there is none; it is that of the answered ones; their sum
is extended to all items in proportion; a missing item is worth zero, as on paper forms on which one ticks what applies; or the
expression says it."""

OF_CATEGORIES: frozenset[Formula] = frozenset({"category", "profile", "groups"})
OF_MEASURES: frozenset[Formula] = frozenset({"lookup", "groups"})
ROUNDED: frozenset[Formula] = frozenset({"mean", "percent-of-maximum", "expression"})
_MISSING_OF: Mapping[Formula, tuple[Missing, ...]] = MappingProxyType(
    {
        "sum": ("none", "prorated", "as-zero"),
        "mean": ("none", "of-answered"),
        "count": ("none", "prorated", "as-zero"),
        "percent-of-maximum": ("none", "of-answered"),
        "expression": ("none", "by-expression"),
    }
)


@dataclass(frozen=True, slots=True)
class Group:
    """One group of scores: reached when every named measure is at least so high. No limits: everybody else."""

    category: Category
    at_least: Mapping[str, Fraction] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of the outcome in a public terminology; only what was verified at its source."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One outcome of an instrument: a number from `low` to `high`, an integer with `scale` decimals (value = integer / 10**scale); or,
    where the formula gives codes, one of `categories` in their order, and then `low`, `high` and `scale` are 0.

    `links` are the items that it is made of, `of` the measures. `direction` is None where neither end is better, such as how much care
    was used. A value between two points of the grid of `scale` is rounded half up for show, and judged exactly. `sent_as` is the linkId
    under which forms that calculate it themselves send it along.
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
    of: tuple[str, ...] = ()
    missing: Missing = "none"
    least_answered: int = 0
    table: Mapping[Fraction, Fraction] = field(default_factory=dict, hash=False)
    weights: Mapping[str, Mapping[int, Fraction]] = field(default_factory=dict, hash=False)
    start: Fraction = Fraction(0)
    intercept: Fraction = Fraction(0)
    groups: tuple[Group, ...] = ()
    codings: tuple[Coding, ...] = ()
    sent_as: str | None = None
    expression: Expression | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is a number; else it is a code."""
        return self.formula not in OF_CATEGORIES


def read(document: Document, items: Sequence[Item], before: Sequence[Measure]) -> Measure:
    """A measure from its table; it may rest on the measures `before` it. It needs the items that it names, all when it names none."""
    formula = cast(Formula, document.one_of("formula", get_args(Formula), decides=True))
    needed = _items(document, formula, items)
    sources = _sources(document, formula, before)
    groups = tuple(_groups(document, sources)) if formula == "groups" else ()
    numeric = formula not in OF_CATEGORIES
    missing, least = _missing(document, formula, len(needed))
    result = Measure(
        code=document.text("code"),
        labels=labels(document),
        links=tuple(item.link for item in needed),
        formula=formula,
        low=document.integer("low") if numeric else 0,
        high=document.integer("high") if numeric else 0,
        scale=document.integer("scale", low=0, default=0) if numeric else 0,
        direction=_direction(document) if numeric or document.has("direction") else None,
        categories=tuple(group.category for group in groups) or (needed[0].categories if formula == "category" else ()),
        of=tuple(source.code for source in sources),
        missing=missing,
        least_answered=least,
        table=_table(document) if formula == "lookup" else MappingProxyType({}),
        weights=_weights(document, needed) if formula == "weighted-sum" else MappingProxyType({}),
        start=document.number("start") if document.has("start") else Fraction(0),
        intercept=document.number("intercept") if document.has("intercept") else Fraction(0),
        groups=groups,
        codings=tuple(document.each("codings", _coding)) if document.has("codings") else (),
        sent_as=document.optional_text("sent_as") if numeric else None,
        expression=expression.read(document) if formula == "expression" else None,
    )
    if numeric:
        _check_rounding(result, document)
        _check_range(result, needed, sources, document)
    document.finish()
    return result


def _items(document: Document, formula: Formula, items: Sequence[Item]) -> list[Item]:
    if formula in OF_MEASURES:
        return []
    links = document.texts("links", default=tuple(item.link for item in items))
    known = {item.link: item for item in items}
    if not set(links) <= set(known):
        document.complain("links", "names an item that is not there", rests=("items",))
    needed = [item for item in items if item.link in links]
    if formula in ("value", "category") and len(needed) != 1:
        document.fail("formula", f"`{formula}` needs exactly one item", rests=("items",))
    if formula != "expression" and any(bool(item.categories) != (formula == "category") for item in needed):
        said = f"`{formula}` does not fit: categories have no value, and only they are taken as they were answered"
        document.fail("formula", said, rests=("items",))
    return needed


def _sources(document: Document, formula: Formula, before: Sequence[Measure]) -> list[Measure]:
    if formula not in OF_MEASURES:
        return []
    known = {measure.code: measure for measure in before if measure.is_number}
    codes = document.texts("of")
    if not codes or not set(codes) <= set(known):
        document.fail("of", "must name measures that are numbers and stand before this one", rests=("measures",))
    if formula == "lookup" and len(codes) != 1:
        document.fail("of", "a table is looked up by one measure")
    return [known[code] for code in codes]


def _groups(document: Document, sources: Sequence[Measure]) -> list[Group]:
    """In the order in which they are tried; the last one takes everybody else."""
    found = []
    entries = document.tables("groups")
    for number, entry in enumerate(entries, start=1):
        limits = entry.table("at_least", optional=True)
        at_least = MappingProxyType({code: limits.number(code) for code in limits.names()})
        limits.finish()
        if not set(at_least) <= {source.code for source in sources}:
            entry.complain("at_least", "limits a measure that `of` does not name")
        if bool(at_least) != (number < len(entries)):
            entry.complain("at_least", "every group but the last needs a limit, and the last takes everybody else")
        for source in sources:
            if source.code in at_least and at_least[source.code] > Fraction(source.high, 10**source.scale):
                entry.complain("at_least", f"nobody reaches that much of {source.code}")
        found.append(Group(category(entry), at_least))
    return found


def _missing(document: Document, formula: Formula, number: int) -> tuple[Missing, int]:
    """What becomes of missing items; the least number that must be answered is all of them unless the file says otherwise."""
    if not document.has("missing"):
        return "none", number
    allowed = _MISSING_OF.get(formula, ("none",))
    missing = cast(Missing, document.one_of("missing", allowed))
    least = document.integer("least_answered", low=1, default=number)
    if least > number or (least == number) != (missing == "none"):
        document.complain("least_answered", f"{least} of {number} items does not go with `{missing}`", rests=("items",))
    return missing, least


def _direction(document: Document) -> Direction | None:
    """Which end is worse; `neutral` where neither is."""
    said = document.one_of("direction", (*get_args(Direction), NEUTRAL))
    return None if said == NEUTRAL else cast(Direction, said)


def _table(document: Document) -> Mapping[Fraction, Fraction]:
    table = document.table("table")
    return MappingProxyType({Fraction(name): table.number(name) for name in table.names()})


def _weights(document: Document, items: Sequence[Item]) -> Mapping[str, Mapping[int, Fraction]]:
    """For each item one weight for each of its values, from the least value on."""
    table = document.table("weights")
    weights = {}
    for item in items:
        given = [Fraction(each) for each in table.texts(item.link, distinct=False)]
        if len(given) != len(item.values):
            table.fail(item.link, f"has {len(given)} weights for {len(item.values)} values", rests=("items",))
        weights[item.link] = MappingProxyType(dict(zip(item.values, given, strict=True)))
    table.finish()
    return MappingProxyType(weights)


def _coding(document: Document) -> Coding:
    result = Coding(document.text("system"), document.text("code"))
    document.finish()
    return result


def _check_rounding(measure: Measure, document: Document) -> None:
    """Who ends between two points of the grid must say how that is shown; who cannot must not say anything."""
    between = measure.formula in ROUNDED or measure.missing == "prorated"
    if between != document.has("rounding"):
        document.complain("rounding", "is needed here: `half-up`" if between else "is needless: every value lies on the grid")
    elif between:
        document.one_of("rounding", ("half-up",))


def _check_range(measure: Measure, items: Sequence[Item], sources: Sequence[Measure], document: Document) -> None:
    """The stated range must be exactly what the answers can give, or one of the two is wrong. What an expression can give, nobody knows
    beforehand: it is held to its range answer by answer."""
    if measure.formula == "expression":
        if measure.low >= measure.high:
            document.complain("high", f"{measure.high} is not above {measure.low}")
        return
    low, high = _reachable(measure, items, sources, document)
    grid = 10**measure.scale
    if (Fraction(measure.low, grid), Fraction(measure.high, grid)) != (low, high):
        said = f"{_text(low * grid)} to {_text(high * grid)}" + (f" (integers with {measure.scale} decimals)" if measure.scale else "")
        document.complain("low", f"says {measure.low} to {measure.high}, but the items give {said}", rests=("items",))


def _reachable(measure: Measure, items: Sequence[Item], sources: Sequence[Measure], document: Document) -> tuple[Fraction, Fraction]:
    least, most = [item.values[0] for item in items], [item.values[-1] for item in items]
    if measure.formula == "percent-of-maximum":
        return Fraction(0), Fraction(100)
    if measure.formula == "mean":
        if len(set(least)) > 1 or len(set(most)) > 1:
            document.fail("formula", "a mean needs items with one range", rests=("items",))
        return Fraction(least[0]), Fraction(most[0])
    if measure.formula == "count":
        return Fraction(sum(value > 0 for value in least)), Fraction(sum(value > 0 for value in most))
    if measure.formula == "weighted-sum":
        return _weighed(measure, document)
    if measure.formula == "lookup":
        return _looked_up(measure, sources[0], document)
    if measure.missing == "as-zero" and any(least):
        document.complain("missing", "a missing item cannot be worth zero where no answer is", rests=("items",))
    return Fraction(sum(least)), Fraction(sum(most))


def _weighed(measure: Measure, document: Document) -> tuple[Fraction, Fraction]:
    grid = 10**measure.scale
    numbers = [measure.start, measure.intercept, *(weight for by_value in measure.weights.values() for weight in by_value.values())]
    if any((number * grid).denominator != 1 for number in numbers):
        document.fail("weights", f"have more than {measure.scale} decimals")
    least = measure.start + sum(by_value[min(by_value)] for by_value in measure.weights.values())
    changed = [_extreme_above(measure, sign) for sign in (1, -1)]
    return min(least, *changed), max(least, *changed)


def _extreme_above(measure: Measure, sign: int) -> Fraction:
    """The greatest (sign 1) or least (sign -1) weighted sum with at least one answer above the lowest value."""
    best, losses = measure.start + measure.intercept, []
    for by_value in measure.weights.values():
        lowest = sign * by_value[min(by_value)]
        above = max(sign * weight for value, weight in by_value.items() if value != min(by_value))
        best += sign * max(lowest, above)
        losses.append(max(lowest - above, Fraction(0)))
    return best - sign * min(losses)


def _looked_up(measure: Measure, source: Measure, document: Document) -> tuple[Fraction, Fraction]:
    if source.scale or set(measure.table) != {Fraction(value) for value in range(source.low, source.high + 1)}:
        document.fail("table", f"must have an entry for every whole number from {source.low} to {source.high}")
    if any((value * 10**measure.scale).denominator != 1 for value in measure.table.values()):
        document.fail("table", f"has entries with more than {measure.scale} decimals")
    return min(measure.table.values()), max(measure.table.values())


def _text(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else str(number)
