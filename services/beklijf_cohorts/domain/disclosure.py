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
    they are holes where they are small, and nobody where they are zero. `empty`: counts in which nobody could be."""

    lines: tuple[Line, ...]
    counts: Mapping[str, int]
    virtual: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()


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
    none |= frozenset(name for table in tables for name in table.empty)
    hiding = _Hiding(tables, counts, none)
    hiding.primary(minimum_cell)
    hiding.complement()
    while hiding.guard():
        hiding.complement()
    return Protected(frozenset(hiding.hidden), none)


def check(lines: Iterable[Line], counts: Mapping[str, int]) -> None:
    """Every line adds up, or what would be published is wrong: the identities of the flow, in code (design, section 4)."""
    for line in lines:
        if sum(counts[part] for part in line.parts) != counts[line.total]:
            raise DoesNotAddUp(f"{line.total} is {counts[line.total]}, its parts sum to {sum(counts[part] for part in line.parts)}")


class DoesNotAddUp(ValueError):
    """Counts of a figure contradict each other; nothing is published."""


class _Hiding:
    """The set of holes while it grows. What a hole changes is looked at again, and nothing else."""

    def __init__(self, tables: Sequence[Table], counts: Mapping[str, int], none: frozenset[str]) -> None:
        self._tables, self._counts, self._none = tables, counts, none
        self._virtual = frozenset(name for table in tables for name in table.virtual)
        self._lines = tuple(line for table in tables for line in table.lines)
        self._of_table = [place for place, table in enumerate(tables) for _ in table.lines]
        self._lines_of: dict[str, list[int]] = {}
        for place, line in enumerate(self._lines):
            for name in (*line.parts, line.total):
                self._lines_of.setdefault(name, []).append(place)
        self._holes = [0] * len(self._lines)
        self._changed: set[int] = set()
        """Lines with a hole more since they were looked at."""
        self._unguarded = set(range(len(tables)))
        self.hidden: set[str] = set()

    def primary(self, minimum_cell: int) -> None:
        """What is below k, zero included (0 of 40 says it of everyone); of answers, also what leaves fewer than k beside it."""
        for name, count in self._counts.items():
            if count < minimum_cell and name not in self._none and not (name in self._virtual and count == 0):
                self._hide(name)
        for line in self._lines:
            if line.about_answers and line.total not in self._none:
                whole = self._counts[line.total]
                for part in line.parts:
                    if whole - self._counts[part] < minimum_cell:
                        self._hide(part)

    def complement(self) -> None:
        """While a line has exactly one hole, its smallest open part (M37), in the order of the lines."""
        while self._changed:
            now, self._changed = sorted(self._changed), set()
            for place in now:
                if self._holes[place] == 1:
                    self._hide_one(self._lines[place])

    def guard(self) -> bool:
        """What one line at a time does not see: holes that several lines give back together, and holes that can only be zero. Says
        whether anything was hidden."""
        for place, table in enumerate(self._tables):
            if place in self._unguarded:
                if self._guard(table):
                    return True
                self._unguarded.discard(place)
        return False

    def _guard(self, table: Table) -> bool:
        given_back = derivable(table.lines, self.hidden)
        for line in table.lines:
            holes = [name for name in (*line.parts, line.total) if name in self.hidden]
            if holes and (self._can_only_be_zero(line) or not given_back.isdisjoint(holes)) and self._hide_one(line):
                return True
        return False

    def _can_only_be_zero(self, line: Line) -> bool:
        if not line.about_answers or line.total in self.hidden:
            return False
        return self._counts[line.total] == sum(self._counts[part] for part in line.parts if part not in self.hidden)

    def _hide_one(self, line: Line) -> bool:
        """Hides the smallest open part, the first on ties; where no part is open, the total. What nobody sees hides nothing."""
        shown = [part for part in line.parts if self._is_shown(part)]
        if shown:
            self._hide(min(shown, key=lambda part: self._counts[part]))
            return True
        if self._is_shown(line.total):
            self._hide(line.total)
            return True
        return False

    def _is_shown(self, name: str) -> bool:
        return name not in self.hidden and name not in self._none and name not in self._virtual

    def _hide(self, name: str) -> None:
        if name not in self.hidden:
            self.hidden.add(name)
            for place in self._lines_of.get(name, ()):
                self._holes[place] += 1
                self._changed.add(place)
                self._unguarded.add(self._of_table[place])


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
    return _block(tuple(dimensions), tuple(names.items()))


@lru_cache(maxsize=4096)
def _block(dimensions: tuple[Dimension, ...], named: tuple[tuple[Any, str], ...]) -> tuple[Line, ...]:
    """Names depend on what is asked and not on what was answered, so they are the same in every snapshot."""
    names: dict[Any, str] = dict(named)
    lines = []
    for direction, along in enumerate(dimensions):
        others = [(*each.places, each.total) if place != direction else ("",) for place, each in enumerate(dimensions)]
        for place in product(*others):

            def at(value: str, place: tuple[str, ...] = place, direction: int = direction) -> str:
                return names[(*place[:direction], value, *place[direction + 1 :])]

            parts = tuple(at(value) for value in along.places)
            lines.append(Line(parts, at(along.total), along.about_answers, along.denominator))
    return tuple(lines)
