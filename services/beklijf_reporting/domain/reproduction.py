"""The study, reproduced: every printed number held against ours. Rounding half up (M35) and exact comparison, no other arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from beklijf_domain import exact
from beklijf_domain.study import NUMBER, Place, Printed

Verdict = Literal["equal", "contradicted", "differs", "hidden", "absent"]
"""`equal`: as printed, in the way the row asks. `contradicted`: the study contradicts itself, and ours is the number we expect.
`differs`: ours is another number. `hidden`: ours may not be shown (M37). `absent`: there is no such number here."""

MET: tuple[Verdict, ...] = ("equal", "contradicted")


@dataclass(frozen=True, slots=True)
class Found:
    """What the figures hold at a place: a text, or nothing, and whether that is because it is hidden."""

    text: str | None = None
    hidden: bool = False


Look = Callable[[Place], Found]


@dataclass(frozen=True, slots=True)
class Result:
    """One printed number beside ours. `ours` is written with the printed decimals, in the printed unit; None where there is none."""

    printed: Printed
    verdict: Verdict
    ours: str | None
    unrounded: str | None

    @property
    def is_met(self) -> bool:
        """Whether ours is the printed number, or the one we stand by where the study contradicts itself."""
        return self.verdict in MET


@dataclass(frozen=True, slots=True)
class Reproduction:
    """All of a study's numbers."""

    results: tuple[Result, ...]

    def count(self, *verdicts: Verdict) -> int:
        """How many numbers have one of these verdicts."""
        return sum(result.verdict in verdicts for result in self.results)

    @property
    def met(self) -> int:
        """The first N of "N of N"."""
        return self.count(*MET)

    @property
    def total(self) -> int:
        """The second N."""
        return len(self.results)


def compare(printed: Iterable[Printed], look: Look) -> Reproduction:
    """Every printed number beside what `look` finds at its place."""
    return Reproduction(tuple(_result(row, look(row.place)) for row in printed))


def _result(row: Printed, found: Found) -> Result:
    if found.text is None:
        return Result(row, "hidden" if found.hidden else "absent", None, None)
    if not NUMBER.fullmatch(found.text):  # a word, such as yes or no
        return Result(row, "equal" if found.text == row.printed else "differs", found.text, found.text)
    number = _in_unit(row, Decimal(found.text))
    ours = exact.cut_decimals(number, decimals(row.printed)) if NUMBER.fullmatch(row.printed) else found.text
    return Result(row, _verdict(row, number, ours), ours, exact.plain(number))


def decimals(text: str) -> int:
    """How many decimals were printed."""
    return len(text.partition(".")[2])


def _in_unit(row: Printed, number: Decimal) -> Decimal:
    match row.unit:
        case "percent":
            return number.scaleb(2)
        case "decrease":
            return -number
        case "number":
            return number


def _verdict(row: Printed, number: Decimal, ours: str) -> Verdict:
    if row.comparator == "contradicted":
        return "contradicted" if ours == row.ours and ours != row.printed else "differs"
    return "equal" if _holds(row, number, ours) else "differs"


def _holds(row: Printed, number: Decimal, ours: str) -> bool:
    match row.comparator:
        case "within":
            return Decimal(row.printed) - row.points <= number <= Decimal(row.printed) + row.points
        case "less-than":
            return number < Decimal(row.printed)
        case "greater-than":
            return number > Decimal(row.printed)
        case "equal" | "contradicted":
            return ours == row.printed
