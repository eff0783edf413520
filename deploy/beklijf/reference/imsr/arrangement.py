"""Who has which value: the columns of the tables are given, the rows are ours.

Everybody gets a hidden severity, a benefit of treatment and a drift after it. At every moment the values of a cell go to its
people in the order of what these would give them, so that one's answers hang together. Then follow-up values are exchanged between people
of one year, which leaves every mean and deviation as it is, until as many improved by at least 30 % as Table 3 says (M25).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor

from beklijf.reference import draw
from beklijf.reference.imsr.dice import Dice
from beklijf.reference.imsr.targets import GROUPS, QBPDS, RESPONDERS, VAS, YEARS, Cell, targets
from beklijf.reference.imsr.values import values

MOMENTS = ("t0", "t1", "t2", "t3", "t4")
SCORES = (QBPDS, VAS)

Person = tuple[str, int, int]
"""Group, treatment year, and number within the two."""

Column = dict[Person, int]
"""One score at one moment, of everybody who gave it."""

IMPROVED: dict[tuple[str, str], int] = {(QBPDS, "t1"): 446, (QBPDS, "t4"): 418, (VAS, "t1"): 432, (VAS, "t4"): 462}
"""How many responders improved. These are the n that Table 3 prints, and they give its percentages within one point; its 148 for
disability at long term cannot be 58 % of 734 responders: it is read as 418 with two digits exchanged and one of them misread."""
EXACTLY_THIRTY_PERCENT = 16
"""At least so many pairs per share lie exactly on the threshold: without the equals sign the share misses the printed one."""
CHANGED_SIDES = {QBPDS: 262, VAS: 298}
"""At least so many improved at one of t1 and t4 only: then the shares of t1 and t4 do not differ significantly, as the text says."""
MEAN_CHANGE = {(VAS, "t1"): Fraction("-20.55")}
"""Pairs lack some people on either side, so the mean of their changes is not the difference of the printed means: at most this, so
that it is the 21 points less that the text says."""
WEIGHTS = {"t0": (6, 0, 0), "t1": (3, -6, 0), "t2": (3, -6, 2), "t3": (3, -6, 4), "t4": (3, -5, 7)}
"""What each trait weighs at each moment."""
TRAITS = ("severity", "benefit", "drift")
_OWN, _NOISE = 4, 5
_TRIES = 400_000


def size(group: str, year: int) -> int:
    """How many people: their ages are complete in Table 2."""
    return targets()["age", group, year, "t0"].n


def people() -> list[Person]:
    """Everybody, in a fixed order."""
    return [(group, year, number) for year in YEARS for group in GROUPS for number in range(size(group, year))]


def columns() -> dict[tuple[str, str], Column]:
    """Every score of everybody, by instrument and moment."""
    found: dict[tuple[str, str], Column] = {}
    for cell, target in targets().items():
        instrument, group, year, moment = cell
        if instrument in SCORES:
            who = answering(group, year, moment)[: target.n]
            found.setdefault((instrument, moment), {}).update(_by_rank(cell, who, values(cell, target)))
    for instrument in SCORES:
        for moment in ("t1", "t4"):
            _settle(instrument, moment, found)
    return found


def answering(group: str, year: int, moment: str) -> list[Person]:
    """All of a group, the most likely to answer first: who has stopped answering seldom begins again."""

    def reluctance(person: Person) -> int:
        now, always = draw.bell(0, 100, "imsr", *person, moment, "answers"), _trait(person, "answers")
        return now + (2 * always if moment in ("t2", "t3") else 0)

    return sorted(((group, year, number) for number in range(size(group, year))), key=lambda person: (reluctance(person), person))


def _by_rank(cell: Cell, who: Sequence[Person], given: Sequence[int]) -> Column:
    instrument, _, _, moment = cell
    ranked = sorted(who, key=lambda person: (_hidden(person, instrument, moment), person))
    return dict(zip(ranked, sorted(given), strict=True))


def _hidden(person: Person, instrument: str, moment: str) -> int:
    """What a person's answer would be if the scale had no ends."""
    return (
        sum(weight * _trait(person, trait) for weight, trait in zip(WEIGHTS[moment], TRAITS, strict=True) if weight)
        + _OWN * _trait(person, instrument)
        + _NOISE * draw.bell(0, 100, "imsr", *person, instrument, moment)
    )


@cache
def _trait(person: Person, name: str) -> int:
    return draw.bell(0, 100, "imsr", *person, name)


def improved(baseline: int, follow_up: int) -> bool:
    """At least 30 % of one's own baseline, in whole numbers (M25); from zero nothing can be gained."""
    return baseline > 0 and 10 * (baseline - follow_up) >= 3 * baseline


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Where the exchange of follow-up values shall come to."""

    improved: int
    changed_sides: int
    change: int | None


@dataclass(slots=True)
class _Exchange:
    """Baselines and follow-ups of the responders of all years, for t4 who had improved at t1, and what they come to so far."""

    baselines: Mapping[Person, int]
    follow_ups: Column
    before: Mapping[Person, bool]
    improved: int = 0
    exact: int = 0
    changed_sides: int = 0
    change: int = 0

    def count(self, person: Person, value: int, sign: int) -> None:
        """Add (or take away) what one person with this follow-up value contributes."""
        baseline = self.baselines.get(person)
        if baseline is None:
            return
        self.change += sign * (value - baseline)
        if baseline:
            better = improved(baseline, value)
            self.improved += sign * better
            self.exact += sign * (10 * (baseline - value) == 3 * baseline)
            self.changed_sides += sign * (self.before.get(person, better) != better)

    def swap(self, one: Person, other: Person) -> None:
        """Exchange the follow-up values of two people."""
        mine, yours = self.follow_ups[one], self.follow_ups[other]
        self.count(one, mine, -1)
        self.count(other, yours, -1)
        self.follow_ups[one], self.follow_ups[other] = yours, mine
        self.count(one, yours, 1)
        self.count(other, mine, 1)

    def distance(self, wanted: _Wanted) -> int:
        """How far it still is; 0 is there."""
        short = max(0, EXACTLY_THIRTY_PERCENT - self.exact) + max(0, wanted.changed_sides - self.changed_sides)
        too_little = 0 if wanted.change is None else max(0, self.change - wanted.change)
        return 12 * abs(self.improved - wanted.improved) + 3 * short + too_little


def _settle(instrument: str, moment: str, found: dict[tuple[str, str], Column]) -> None:
    """Exchange until the share of Table 3 is reached. Raises ValueError when it is not."""
    baselines = {person: value for person, value in found[instrument, "t0"].items() if person[0] == RESPONDERS}
    at_t1 = found[instrument, "t1"] if moment == "t4" else {}
    before = {person: improved(baselines[person], value) for person, value in at_t1.items() if baselines.get(person)}
    exchange = _Exchange(baselines, found[instrument, moment], before)
    of_year = {year: [person for person in found[instrument, moment] if person[:2] == (RESPONDERS, year)] for year in YEARS}
    for person in (person for each in of_year.values() for person in each):
        exchange.count(person, exchange.follow_ups[person], 1)
    pairs = sum(person in baselines for each in of_year.values() for person in each)
    limit = MEAN_CHANGE.get((instrument, moment))
    wanted = _Wanted(
        improved=IMPROVED[instrument, moment],
        changed_sides=CHANGED_SIDES[instrument] if moment == "t4" else 0,
        change=None if limit is None else floor(limit * pairs),
    )
    dice = Dice("imsr", "exchange", instrument, moment)
    distance = exchange.distance(wanted)
    for _ in range(_TRIES):
        if distance == 0:
            return
        candidates = of_year[dice.one_of(YEARS)]
        one, other = dice.one_of(candidates), dice.one_of(candidates)
        if abs(exchange.follow_ups[one] - exchange.follow_ups[other]) <= 20:
            exchange.swap(one, other)
            nearer = exchange.distance(wanted)
            if nearer < distance:
                distance = nearer
            else:
                exchange.swap(one, other)
    raise ValueError(f"the share of Table 3 was not reached for {instrument} at {moment}")
