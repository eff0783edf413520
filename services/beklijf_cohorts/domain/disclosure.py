"""Small cells: nothing derived from fewer than k episodes leaves (M37). Which counts are hidden, so that no total gives them back.

Counts are named; a line says that some counts (its parts) add up to another (its total). A count that stands in several tables has
one name, so it is hidden in all of them or in none, and the lines of all tables together are what somebody could subtract.

Primary: what is below k; in a line about answers, also what leaves fewer than k beside it. Complementary: while a line has exactly one
hole, its smallest open part. Last, what lines could still give back only together: M37's rule looks at one line at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

PRIME = (1 << 61) - 1
"""Elimination is done modulo this prime: exact for the small coefficients that lines have, and fast."""


@dataclass(frozen=True, slots=True)
class Line:
    """Counts that add up: the sum of `parts` is `total`, by name, parts in reading order.

    `about_answers`: what people answered, where even the complement must not be small. `denominator`: the total is what shares
    are taken of, so that 0 there means "none" and hides nothing.
    """

    parts: tuple[str, ...]
    total: str
    about_answers: bool = False
    denominator: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Lines that belong together, with their counts. `virtual` counts are published nowhere but follow from what is, by subtraction:
    they are holes where they are small, and nobody where they are zero."""

    lines: tuple[Line, ...]
    counts: Mapping[str, int]
    virtual: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Protected:
    """What must not be shown, and what is no number because nobody could be in it."""

    hidden: frozenset[str]
    none: frozenset[str]


def protect(tables: Sequence[Table], minimum_cell: int) -> Protected:
    """The names to hide for k = `minimum_cell`; 1 hides nothing. Raises DoesNotAddUp where a line contradicts itself."""
    lines = tuple(line for table in tables for line in table.lines)
    counts = {name: count for table in tables for name, count in table.counts.items()}
    check(lines, counts)
    if minimum_cell <= 1:
        return Protected(frozenset(), frozenset())
    none = frozenset(name for line in lines if line.denominator and counts[line.total] == 0 for name in (*line.parts, line.total))
    hiding = _Hiding(lines, counts, none, frozenset(name for table in tables for name in table.virtual), set())
    hiding.primary(minimum_cell)
    while hiding.complement() or any(hiding.guard(table) for table in tables):
        pass
    return Protected(frozenset(hiding.hidden), none)


def check(lines: Iterable[Line], counts: Mapping[str, int]) -> None:
    """Every line adds up, or what would be published is wrong: the identities of the flow, in code (design, section 4)."""
    for line in lines:
        if sum(counts[part] for part in line.parts) != counts[line.total]:
            raise DoesNotAddUp(f"{line.total} is {counts[line.total]}, its parts sum to {sum(counts[part] for part in line.parts)}")


class DoesNotAddUp(ValueError):
    """Counts of a figure contradict each other; nothing is published."""


@dataclass(frozen=True, slots=True)
class _Hiding:
    """The set of holes while it grows."""

    lines: tuple[Line, ...]
    counts: Mapping[str, int]
    none: frozenset[str]
    virtual: frozenset[str]
    hidden: set[str]

    def primary(self, minimum_cell: int) -> None:
        """What is below k, zero included (0 of 40 says it of everyone); of answers, also what leaves fewer than k beside it."""
        for name, count in self.counts.items():
            if count < minimum_cell and name not in self.none and not (name in self.virtual and count == 0):
                self.hidden.add(name)
        for line in self.lines:
            if line.about_answers and line.total not in self.none:
                self.hidden.update(part for part in line.parts if self.counts[line.total] - self.counts[part] < minimum_cell)

    def complement(self) -> bool:
        """While a line has exactly one hole, its smallest open part (M37); says whether anything was hidden."""
        before, last = len(self.hidden), -1
        while last != len(self.hidden):
            last = len(self.hidden)
            for line in self.lines:
                if self._holes(line) == 1:
                    self._hide_one(line)
        return len(self.hidden) > before

    def guard(self, table: Table) -> bool:
        """What one line at a time does not see: holes that several lines give back together, and holes that can only be zero."""
        given_back = derivable(table.lines, self.hidden)
        for line in table.lines:
            holes = [name for name in (*line.parts, line.total) if name in self.hidden]
            if holes and (self._can_only_be_zero(line) or not given_back.isdisjoint(holes)) and self._hide_one(line):
                return True
        return False

    def _holes(self, line: Line) -> int:
        return sum(name in self.hidden for name in (*line.parts, line.total))

    def _can_only_be_zero(self, line: Line) -> bool:
        rest = self.counts[line.total] - sum(self.counts[part] for part in line.parts if part not in self.hidden)
        return line.about_answers and line.total not in self.hidden and rest == 0

    def _hide_one(self, line: Line) -> bool:
        """Hides the smallest open part, the first on ties; where no part is open, the total. What nobody sees hides nothing."""
        shown = [part for part in line.parts if part not in self.hidden and part not in self.none and part not in self.virtual]
        if shown:
            self.hidden.add(min(shown, key=lambda part: self.counts[part]))
            return True
        if line.total not in self.hidden and line.total not in self.none and line.total not in self.virtual:
            self.hidden.add(line.total)
            return True
        return False


def derivable(lines: Iterable[Line], hidden: Iterable[str]) -> frozenset[str]:
    """The hidden counts that somebody can compute from the open ones by adding and subtracting lines."""
    holes = frozenset(hidden)
    equations = set()
    for line in lines:
        signs = [(part, 1) for part in line.parts if part in holes]
        if line.total in holes:
            signs.append((line.total, -1))
        if signs:
            equations.add(tuple(sorted(signs)))
    return _determined(frozenset(equations))


@lru_cache(maxsize=512)
def _determined(equations: frozenset[tuple[tuple[str, int], ...]]) -> frozenset[str]:
    """The unknowns with one possible value: after complete elimination, those that stand alone in their equation.

    Cached, because the pattern of holes changes far less often than the counts.
    """
    solved: dict[str, dict[str, int]] = {}
    uses: dict[str, set[str]] = {}
    for equation in sorted(equations, key=lambda each: (len(each), each)):
        row = dict(equation)
        for pivot in [name for name in row if name in solved]:
            _subtract(row, solved[pivot], row[pivot])
        if not row:
            continue
        pivot = min(row, key=lambda name: (len(uses.get(name, ())), name))
        inverse = pow(row[pivot], -1, PRIME)
        row = {name: factor * inverse % PRIME for name, factor in row.items()}
        for other in list(uses.get(pivot, ())):
            before = set(solved[other])
            _subtract(solved[other], row, solved[other][pivot])
            _note(uses, other, before, set(solved[other]))
        solved[pivot] = row
        _note(uses, pivot, set(), set(row))
    return frozenset(pivot for pivot, row in solved.items() if len(row) == 1)


def _subtract(row: dict[str, int], other: Mapping[str, int], factor: int) -> None:
    for name, value in other.items():
        rest = (row.get(name, 0) - factor * value) % PRIME
        if rest:
            row[name] = rest
        else:
            row.pop(name, None)


def _note(uses: dict[str, set[str]], row: str, before: set[str], after: set[str]) -> None:
    for name in before - after:
        uses[name].discard(row)
    for name in after - before:
        uses.setdefault(name, set()).add(row)


@dataclass(frozen=True, slots=True)
class Dimension:
    """One direction of a block: its inner places in reading order, and the place of their sum."""

    places: tuple[str, ...]
    total: str
    about_answers: bool = False
    denominator: bool = False


def block(dimensions: Sequence[Dimension], names: Mapping[Any, str]) -> tuple[Line, ...]:
    """The lines of a table of any number of dimensions, margins included; `names` gives the count at each place."""
    lines = []
    for direction, along in enumerate(dimensions):
        others = [(*each.places, each.total) if place != direction else ("",) for place, each in enumerate(dimensions)]
        for place in product(*others):

            def at(value: str, place: tuple[str, ...] = place, direction: int = direction) -> str:
                return names[(*place[:direction], value, *place[direction + 1 :])]

            parts = tuple(at(value) for value in along.places)
            lines.append(Line(parts, at(along.total), along.about_answers, along.denominator))
    return tuple(lines)
