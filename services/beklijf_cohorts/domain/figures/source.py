"""What figures are made from and of: pooled counts in; rows with counts and derived numbers, and what must add up, out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from beklijf_cohorts.domain.cells import ALL, GROUPS, Cells, Plan
from beklijf_cohorts.domain.disclosure import Dimension, Table
from beklijf_cohorts.domain.statistics import Number

GROUPED = frozenset("vcpdlzkbx")
"""The kinds of cells that are counted by group."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of episodes under its name in disclosure."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Derived:
    """A number that follows from counts; hidden when any count that it rests on is hidden (M37)."""

    number: Number | int
    rests_on: tuple[str, ...]


Entry = Count | Derived


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what it is about, and its numbers in reading order."""

    stratum: dict[str, str]
    entries: dict[str, Entry]
    of: Count | None = None
    """Whom it is about; where that is openly nobody, the row is left out."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure before disclosure; `tables` says which of its counts add up."""

    name: str
    population: str
    denominator: str
    rows: tuple[Row, ...]
    tables: tuple[Table, ...]


class Source:
    """The cells of one population, pooled over years and groups, looked up by kind and stratum."""

    def __init__(self, plan: Plan, cells: Cells) -> None:
        self.plan = plan
        self.inner_years = tuple(str(year) for year in sorted(plan.cohort.years))
        self.years = (*self.inner_years, ALL)
        self.groups = (ALL, *GROUPS[:2])
        """The groups that are shown; `neither` follows by subtraction and is protected as such."""
        self._rows: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for key, count in cells.items():
            if count:
                self._pool(key, count)

    def _pool(self, key: str, count: int) -> None:
        start, _, leaf = key.rpartition("|")
        kind, year, rest = start.split("|", 2) if start.count("|") > 1 else (*start.split("|"), "")
        strata = [rest]
        if kind in GROUPED:
            _, _, of_what = rest.partition("|")
            strata = [rest, f"{ALL}|{of_what}"]
        for stratum in strata:
            self._rows[f"{kind}|{year}|{stratum}"][leaf] += count
            self._rows[f"{kind}|{ALL}|{stratum}"][leaf] += count

    def row(self, kind: str, year: str, *stratum: str) -> dict[str, int]:
        """What was counted of one stratum: last part of the key -> how many."""
        return self._rows.get(f"{kind}|{year}|{'|'.join(stratum)}", {})

    def strata(self, kind: str) -> list[tuple[str, ...]]:
        """The strata of a kind over all years (and, where there are groups, all groups), without year and group; in the order
        of their names, moments in that of the protocol."""
        start = f"{kind}|{ALL}|{ALL}|" if kind in GROUPED else f"{kind}|{ALL}|"
        places = {moment.code: f"{place:04}" for place, moment in enumerate(self.plan.protocol.moments)}
        found = (tuple(key.removeprefix(start).split("|")) for key in self._rows if key.startswith(start))
        return sorted(found, key=lambda stratum: [places.get(part, part) for part in stratum])

    def year_dimension(self) -> Dimension:
        """Years are rows (M37)."""
        return Dimension(self.inner_years, ALL)

    def cohort(self, year: str) -> Count:
        """The cohort: treatment completed, not objected (M15)."""
        return Count(f"f|{year}|completed", self.row("f", year).get("completed", 0))
