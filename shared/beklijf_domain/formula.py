"""The named operations at work: from what the items are worth to the outcomes, in exact arithmetic, each compiled once (M24, M35)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from beklijf_domain.exact import scaled
from beklijf_domain.instrument import Instrument, Item, Measure

MISSING_IN_PROFILE = "9"

Worth = Mapping[str, int]
"""What each answered item counts for, by link."""

Results = Mapping[str, Fraction | int | str]
"""The measures that are known so far, exactly, by code."""

Operation = Callable[[Worth, Results], Fraction | int | str | None]
"""One measure, exactly; None when what it needs is missing."""


class Value(NamedTuple):
    """One outcome of an answer: an integer with its scale (value = integer / 10**scale), or a category code.

    `exact` is the value as a fraction ("200/9") where it lies between two points of that grid: `integer` is then rounded half up, and
    whoever judges takes the exact one.
    """

    measure: str
    integer: int | None
    scale: int
    code: str | None
    exact: str | None = None

    @property
    def fraction(self) -> Fraction:
        """The number, exactly. Only of a number."""
        if self.exact is not None:
            return Fraction(self.exact)
        assert self.integer is not None  # a code has no fraction
        return scaled(self.integer, self.scale)


def operation(measure: Measure, instrument: Instrument) -> Operation:
    """The function of one measure, with everything about it looked up beforehand."""
    items = {item.link: item for item in instrument.items}
    return _OPERATIONS[measure.formula](measure, items)


def value_of(measure: Measure, result: Fraction | int | str) -> Value:
    """A result as it is told: on the grid of its scale, or rounded half up to it with the exact fraction beside it."""
    if isinstance(result, str):
        return Value(measure.code, None, 0, result)
    grown = result * 10**measure.scale
    if isinstance(grown, int) or grown.denominator == 1:
        return Value(measure.code, int(grown), measure.scale, None)
    away = 1 if grown >= 0 else -1
    rounded = away * ((2 * abs(grown.numerator) + grown.denominator) // (2 * grown.denominator))
    return Value(measure.code, rounded, measure.scale, None, f"{result.numerator}/{result.denominator}")


def _value(measure: Measure, _: Mapping[str, Item]) -> Operation:
    (link,) = measure.links
    return lambda worth, _results: worth.get(link)


def _category(measure: Measure, _: Mapping[str, Item]) -> Operation:
    (link,) = measure.links
    codes = [category.code for category in measure.categories]
    return lambda worth, _results: codes[worth[link]] if link in worth else None


def _added(measure: Measure, weight: Callable[[int], int]) -> Operation:
    """The sum over the items; missing ones as the measure says."""
    links, least, prorated = measure.links, measure.least_answered, measure.missing == "prorated"
    number = len(links)

    def add(worth: Worth, _: Results) -> Fraction | int | None:
        given = [weight(worth[link]) for link in links if link in worth]
        if len(given) < least:
            return None
        return Fraction(sum(given) * number, len(given)) if prorated and len(given) < number else sum(given)

    return add


def _sum(measure: Measure, items: Mapping[str, Item]) -> Operation:
    if measure.missing == "none" and len(measure.links) == len(items):
        number = len(items)  # the commonest of all, without a look at each link
        return lambda worth, _results: sum(worth.values()) if len(worth) == number else None
    return _added(measure, lambda value: value)


def _count(measure: Measure, _: Mapping[str, Item]) -> Operation:
    return _added(measure, lambda value: int(value > 0))


def _mean(measure: Measure, _: Mapping[str, Item]) -> Operation:
    links, least = measure.links, measure.least_answered

    def mean(worth: Worth, _: Results) -> Fraction | None:
        given = [worth[link] for link in links if link in worth]
        return Fraction(sum(given), len(given)) if len(given) >= least else None

    return mean


def _percent(measure: Measure, items: Mapping[str, Item]) -> Operation:
    ends = {link: (items[link].values[0], items[link].values[-1]) for link in measure.links}
    least = measure.least_answered

    def percent(worth: Worth, _: Results) -> Fraction | None:
        given = [(worth[link], *ends[link]) for link in ends if link in worth]
        if len(given) < least:
            return None
        return Fraction(100 * sum(value - low for value, low, _ in given), sum(high - low for _, low, high in given))

    return percent


def _weighted(measure: Measure, _: Mapping[str, Item]) -> Operation:
    weights, lowest = measure.weights, {link: min(by_value) for link, by_value in measure.weights.items()}

    def weigh(worth: Worth, _: Results) -> Fraction | None:
        if not worth.keys() >= weights.keys():
            return None
        total = measure.start + sum(by_value[worth[link]] for link, by_value in weights.items())
        return total + measure.intercept if any(worth[link] > low for link, low in lowest.items()) else total

    return weigh


def _lookup(measure: Measure, _: Mapping[str, Item]) -> Operation:
    (source,), table = measure.of, measure.table

    def look_up(_: Worth, results: Results) -> Fraction | None:
        found = results.get(source)
        return None if found is None or isinstance(found, str) else table[Fraction(found)]

    return look_up


def _profile(measure: Measure, _: Mapping[str, Item]) -> Operation:
    links = measure.links

    def profile(worth: Worth, _: Results) -> str | None:
        if not any(link in worth for link in links):
            return None
        return "".join(str(worth[link]) if link in worth else MISSING_IN_PROFILE for link in links)

    return profile


def _groups(measure: Measure, _: Mapping[str, Item]) -> Operation:
    groups, needed = measure.groups, measure.of

    def group(_: Worth, results: Results) -> str | None:
        if any(source not in results for source in needed):
            return None
        numbers = {source: results[source] for source in needed}
        reached = (each for each in groups if all(_reaches(numbers[source], limit) for source, limit in each.at_least.items()))
        return next(reached).category.code  # the last takes everybody else

    return group


def _reaches(number: Fraction | int | str, limit: Fraction) -> bool:
    return not isinstance(number, str) and number >= limit


_OPERATIONS: Mapping[str, Callable[[Measure, Mapping[str, Item]], Operation]] = {
    "value": _value, "category": _category, "sum": _sum, "count": _count, "mean": _mean, "percent-of-maximum": _percent,
    "weighted-sum": _weighted, "lookup": _lookup, "profile": _profile, "groups": _groups,
}  # fmt: skip
