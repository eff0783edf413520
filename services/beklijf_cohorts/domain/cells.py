"""Cells: how many episodes are what. A key is short text whose parts are in one order, so that a sorted list reads as tables.

Everything that is published is a function of these integers (design, section 5); they add, so shards, years and centres merge by
summing, and the order in which events came does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from beklijf_domain.cohort import Cohort
from beklijf_domain.exact import exact_text, scaled
from beklijf_domain.instrument import Instrument
from beklijf_domain.protocol import Moment, Protocol
from beklijf_domain.rule import Rule

__all__ = [
    "AGE",
    "ALL",
    "BOXES",
    "GROUPS",
    "MOMENT_STATES",
    "NOT_ANSWERED",
    "PAIR_STATES",
    "Asked",
    "Cells",
    "Grid",
    "Plan",
    "grid",
    "grids",
    "value_text",
]

Cells = Mapping[str, int]
"""Key -> number of episodes. Kinds, and the parts of their keys after the kind:

    f year|box    m year|moment|state    i year|moment|instrument|state    u year|moment|follow-up state
    v year|group|instrument|measure|moment|value    c the same, with the change instead of the value
    p year|group|instrument|moment|pair state    d year|group|instrument|moment|rule|verdict
    l year|group|instrument|rule|how it lasts    z year|group|instrument|moment|zero: no verdict, and a baseline of zero (M28)
    s year|moment|sex|state    k year|group|instrument|measure|moment|category
    b year|group|instrument|measure|moment|category at baseline|category    x year|group|figure|category of the row|of the column
"""

BOXES = ("completed", "in-treatment", "stopped-early", "objected")
MOMENT_STATES = ("not-scheduled", "ineligible", "not-due", "awaiting", "no-response", "responded")
"""M16 to M18, and `not-scheduled`: this treatment year has no such moment (M4)."""

PAIR_STATES = ("not-scheduled", "ineligible", "not-due", "awaiting", "no-response", "not-scorable", "no-baseline", "paired")
"""M19 as far as no rule is asked; `paired` has a verdict or is not evaluable, rule by rule."""

GROUPS = ("responders", "non-responders", "neither")
"""M18: by the protocol's last moment. Awaiting, ineligible and not scheduled there belong to neither."""

AGE = "age"
"""Age at t0 is counted like a value of an instrument of this name, at the first moment (M22)."""

NOT_ANSWERED = "not-answered"
"""Beside the categories of a question in a cross-tab."""

ALL = "all"
"""The row that pools all years, and the group that pools all groups."""


class Asked(NamedTuple):
    """What is asked at one moment: its instruments, and those that are compared with the same instrument at `baseline`, numbers by
    rules (`paired`) and categories (`coded`)."""

    moment: str
    instruments: tuple[str, ...]
    paired: tuple[str, ...]
    coded: tuple[str, ...]
    baseline: str | None


@dataclass(frozen=True, eq=False)
class Plan:
    """One population to count: a cohort's definition with the protocol of its programme and its rules. Compared by identity."""

    population: str
    cohort: Cohort
    protocol: Protocol
    rules: Mapping[str, Rule]
    """By name ("code@version")."""
    known: Mapping[str, Instrument]
    """All instruments that are here, by code."""

    @cached_property
    def judged(self) -> frozenset[str]:
        """The instruments with a measure that rules judge: only these have pairs (M25)."""
        return frozenset(code for code, instrument in self.known.items() if instrument.judged is not None)

    @cached_property
    def instrument_versions(self) -> tuple[str, ...]:
        """What is asked, by name and version, in the order of the protocol."""
        asked = dict.fromkeys(code for moment in self.protocol.moments for code in self.instruments(moment))
        return tuple(f"{code}@{self.known[code].version}" for code in asked)

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """What is asked at every moment, in the order of the protocol."""
        return tuple(
            Asked(moment.code, self.instruments(moment), *self._compared(moment), moment.baseline) for moment in self.protocol.moments
        )

    @cached_property
    def lasting(self) -> tuple[str, str, tuple[str, ...]] | None:
        """The two follow-ups that say whether a result lasted, the first and the last unless the protocol says which, and the
        instruments paired at both (M27); None where there are no two."""
        follow_ups = {asked.moment: asked for asked in self.asked if asked.baseline is not None}
        if len(follow_ups) < 2:
            return None
        first, last = (follow_ups[code] for code in self.protocol.lasts or (next(iter(follow_ups)), next(reversed(follow_ups))))
        return first.moment, last.moment, tuple(code for code in first.paired if code in last.paired)

    @cached_property
    def last(self) -> str:
        """The moment by which responders and non-responders are told apart (M18)."""
        return self.protocol.moments[-1].code

    def instruments(self, moment: Moment) -> tuple[str, ...]:
        """What is asked at a moment and is here; a planned instrument cannot be answered, so nobody fails to answer it."""
        return tuple(code for code in moment.instruments if code not in self.protocol.planned)

    @cached_property
    def of_states(self) -> frozenset[str]:
        """The rules that judge a score by itself."""
        return frozenset(name for name, rule in self.rules.items() if rule.is_of_states)

    def excludes_zero(self, rule: str, instrument: str) -> bool:
        """Whether a baseline of zero is not evaluable under this rule: a share of nothing (M25, M28)."""
        known = self.rules.get(rule)
        judgement = known.judgement(instrument) if known else None
        asked = () if judgement is None else (judgement.improvement, judgement.deterioration)
        return any(threshold.relative is not None for threshold in asked)

    def categories(self, instrument: str) -> dict[str, tuple[str, ...]]:
        """The categories of each measure of an instrument that has some, in their order."""
        measures = self.known[instrument].measures
        return {measure.code: tuple(each.code for each in measure.categories) for measure in measures if measure.categories}

    def _compared(self, moment: Moment) -> tuple[tuple[str, ...], tuple[str, ...]]:
        baseline = self.protocol.moment(moment.baseline) if moment.baseline else None
        both = [code for code in self.instruments(moment) if baseline and code in baseline.instruments]
        return tuple(code for code in both if code in self.judged), tuple(code for code in both if self.categories(code))


def value_text(integer: int, scale: int) -> str:
    """A value as it stands in a key: exact decimal text (design, section 5: values are counted on their exact decimal grid)."""
    return str(integer) if scale == 0 else exact_text(scaled(integer, scale))


@dataclass(frozen=True, slots=True)
class Grid:
    """A histogram on its own decimal grid: value = integer / 10**scale."""

    counts: dict[int, int]
    scale: int


def grid(by_text: Mapping[str, int]) -> Grid:
    """The histogram of values written as decimal text, on the coarsest grid that holds them all."""
    return grids((by_text,))[0]


def grids(some: Iterable[Mapping[str, int]]) -> tuple[Grid, ...]:
    """Histograms on one grid, so that they can be compared."""
    histograms = tuple(some)
    scale = max((_scale(text) for by_text in histograms for text in by_text), default=0)
    return tuple(Grid(_on(by_text, scale), scale) for by_text in histograms)


def _scale(text: str) -> int:
    """How many decimals a value needs."""
    if "." not in text:
        return 0
    return max(0, -int(Decimal(text).normalize().as_tuple().exponent))


def _on(by_text: Mapping[str, int], scale: int) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for text, count in by_text.items():
        counts[int(text) if scale == 0 and "." not in text else int(Decimal(text).scaleb(scale))] += count
    return dict(counts)
