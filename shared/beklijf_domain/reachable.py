"""What answers can give: the values within a stated range that none give, and the groups that nobody comes into."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from beklijf_domain.instrument import Instrument, Item, Measure

STATES_MAXIMUM = 200_000
"""Beyond so many combinations of scores nothing is claimed."""

ADDED = ("sum", "count", "value")


def unreached_values(instrument: Instrument, measure: Measure) -> list[int]:
    """The whole numbers within the range of a sum, a count or a single value that no complete answers give."""
    if measure.formula not in ADDED or measure.missing == "prorated":
        return []
    given = {int(number) for (number,) in _together(instrument, [measure]) or ()}
    return [value for value in range(measure.low, measure.high + 1) if value not in given] if given else []


def unreached_groups(instrument: Instrument, measure: Measure) -> list[str]:
    """The groups of a measure that no complete answers lead to, because others are reached first or limits are never met together."""
    sources = [instrument.measure(code) for code in measure.of]
    given = _together(instrument, [source for source in sources if source is not None])
    if measure.formula != "groups" or not given:
        return []
    found = {_group(measure, dict(zip(measure.of, numbers, strict=True))) for numbers in given}
    return [group.category.code for group in measure.groups if group.category.code not in found]


def _group(measure: Measure, numbers: dict[str, Fraction]) -> str:
    reached = (each for each in measure.groups if all(numbers[code] >= limit for code, limit in each.at_least.items()))
    return next(reached).category.code


def _together(instrument: Instrument, measures: Sequence[Measure]) -> set[tuple[Fraction, ...]] | None:
    """Every combination of these numbers that complete answers give; None where that is not known, or too many to look at."""
    under = [_source(instrument, measure) for measure in measures]
    added = [measure for measure in under if measure is not None and measure.formula in ADDED]
    if not measures or len(added) != len(measures):
        return None
    states = {(0,) * len(added)}
    for item in instrument.items:
        steps = {tuple(_adds(measure, item, value) for measure in added) for value in item.values}
        states = {tuple(map(sum, zip(state, step, strict=True))) for state in states for step in steps}
        if len(states) > STATES_MAXIMUM:
            return None
    return {tuple(_shown(measure, number) for measure, number in zip(measures, state, strict=True)) for state in states}


def _source(instrument: Instrument, measure: Measure) -> Measure | None:
    """The measure that a table is looked up by; itself for every other."""
    return instrument.measure(measure.of[0]) if measure.formula == "lookup" else measure


def _adds(measure: Measure, item: Item, value: int) -> int:
    if item.link not in measure.links:
        return 0
    return int(value > 0) if measure.formula == "count" else value


def _shown(measure: Measure, number: int) -> Fraction:
    return measure.table[Fraction(number)] if measure.formula == "lookup" else Fraction(number)
