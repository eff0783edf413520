"""What was printed, read from the study's tables, and the numbers that may stand behind it.

A printed number stands for an interval: half a unit of its last digit below (included) to half a unit above (excluded), because
pages round half up. Where two tables print one cell, the number behind it must fit both; where no number does, Table 2 wins
(the article against itself).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from beklijf_shared.contracts import shipped_folder

YEARS = (2012, 2013, 2014, 2015)
RESPONDERS, NON_RESPONDERS = "responders", "non-responders"
GROUPS = (RESPONDERS, NON_RESPONDERS)
QBPDS, VAS, AGE = "qbpds", "vas-pain", "age"
STOPPED_EARLY = 15

Cell = tuple[str, str, int, str]
"""Instrument (or age), group, treatment year, moment."""

_MOMENTS = {"0": "t0", "2": "t1", "5": "t2", "14": "t3", "30": "t4", "42": "t4", "54": "t4", "66": "t4"}
"""Table 4 counts months since t0; its 14 is the text's 15."""
_TABLE_2 = {"age_years": (AGE, "t0"), "qbpds_t0": (QBPDS, "t0"), "qbpds_t1": (QBPDS, "t1"), "vas_t0": (VAS, "t0"), "vas_t1": (VAS, "t1")}
_TABLE_4 = {"qbpds": QBPDS, "vas": VAS, "responder": RESPONDERS, "nonresponder": NON_RESPONDERS}


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from low (included) to high (excluded)."""

    low: Fraction
    high: Fraction

    def holds(self, number: Fraction) -> bool:
        """Whether the number lies inside."""
        return self.low <= number < self.high

    def at(self, share: Fraction) -> Fraction:
        """The number that lies so far from low to high."""
        return self.low + share * (self.high - self.low)

    def meet(self, other: Interval) -> Interval | None:
        """The numbers inside both; None when there are none."""
        met = Interval(max(self.low, other.low), min(self.high, other.high))
        return met if met.low < met.high else None


@dataclass(frozen=True, slots=True)
class Target:
    """What one cell must have: so many values, their mean, and their standard deviation (with n - 1)."""

    n: int
    mean: Interval
    sd: Interval


def behind(printed: str) -> Interval:
    """The numbers that are printed like this, rounded half up to as many decimals."""
    _, _, decimals = printed.partition(".")
    half = Fraction(1, 2 * 10 ** len(decimals))
    return Interval(Fraction(printed) - half, Fraction(printed) + half)


def rows(table: str) -> list[dict[str, str]]:
    """The rows of one of the study's tables."""
    with (shipped_folder() / "studies" / "imsr" / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@lru_cache(maxsize=1)
def targets() -> dict[Cell, Target]:
    """Every cell of Tables 2 and 4."""
    found = _table_2()
    for row in rows("table4"):
        cell = _TABLE_4[row["instrument"]], _TABLE_4[row["group"]], int(row["year"]), _MOMENTS[row["months_since_t0"]]
        printed = Target(int(row["n"]), behind(row["mean"]), behind(row["sd"]))
        known = found.get(cell)
        found[cell] = printed if known is None else _both(known, printed)
    return found


def _table_2() -> dict[Cell, Target]:
    found: dict[Cell, Target] = {}
    for row in rows("table2"):
        instrument, moment = _TABLE_2[row["measure"]]
        for group, column in ((RESPONDERS, "resp"), (NON_RESPONDERS, "nonresp")):
            printed = Target(int(row[f"{column}_n"]), behind(row[f"{column}_mean"]), behind(row[f"{column}_sd"]))
            found[instrument, group, int(row["year"]), moment] = printed
    return found


def _both(first: Target, second: Target) -> Target:
    """What fits both; where they exclude each other, the first."""
    return Target(first.n, first.mean.meet(second.mean) or first.mean, first.sd.meet(second.sd) or first.sd)


@lru_cache(maxsize=1)
def women() -> dict[tuple[str, int], int]:
    """How many of each group and year are women, so that all percentages of Table 1 come out (of those invited, M21).

    Table 1 cannot be met for the men of 2014: 34 and 1 are not the 45 that it prints beside them; 34 and 11 are.
    """
    found: dict[tuple[str, int], int] = {}
    for row in rows("table1"):
        year, invited, responded = int(row["year"]), int(row["invited_n"]), int(row["responded_n"])
        men_printed = "11" if year == 2014 else row["responded_male_pct_printed"]
        printed = {"women": row["responded_female_pct"], "men": men_printed}
        among = [
            number
            for number in range(responded + 1)
            if behind(printed["women"]).holds(Fraction(100 * number, invited))
            and behind(printed["men"]).holds(Fraction(100 * (responded - number), invited))
        ]
        of_all = [
            number
            for number in range(invited + 1)
            if behind(row["invited_female_pct"]).holds(Fraction(100 * number, invited))
            and behind(row["invited_male_pct"]).holds(Fraction(100 * (invited - number), invited))
        ]
        found[RESPONDERS, year] = among[len(among) // 2]
        found[NON_RESPONDERS, year] = of_all[len(of_all) // 2] - found[RESPONDERS, year]
    return found


@lru_cache(maxsize=1)
def perceived() -> dict[int, list[tuple[str, str | None]]]:
    """Table 5 by year: each responder's perceived effect at t1 and at t4 (None: not answered), the best first."""
    found: dict[int, list[tuple[str, str | None]]] = {year: [] for year in YEARS}
    table = rows("table5")
    for year in YEARS:
        for marginal in rows("table5-marginals"):
            at_t1 = marginal["gpe6_end_of_treatment"]
            own = [(row["gpe3_long_term"], int(row[f"y{year}"])) for row in table if row["gpe6_end_of_treatment"] == at_t1]
            without = int(marginal[f"y{year}"]) - sum(count for _, count in own)
            for at_t4, count in [*own, (None, without)]:
                found[year] += [(at_t1.replace("_", "-"), at_t4)] * count
    return found
