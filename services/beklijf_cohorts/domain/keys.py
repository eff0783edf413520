"""The texts of keys, made once for each year and group: deriving an episode then only joins a beginning and an end.

Which parts a key has is written at `cells.Cells`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from beklijf_cohorts.domain.cells import AGE, Asked, Plan


class ByMeasure(dict[str, str]):
    """Beginning of a key by measure, made when it is first asked for: which measures an instrument has, its answers say."""

    def __init__(self, start: str, end: str) -> None:
        super().__init__()
        self._start, self._end = start, end

    def __missing__(self, measure: str) -> str:
        made = self[measure] = f"{self._start}{measure}{self._end}"
        return made


class InstrumentKeys(NamedTuple):
    """Beginnings of the keys of one instrument at one moment."""

    instrument: str
    is_paired: bool
    is_coded: bool
    response: str
    values: ByMeasure
    changes: ByMeasure
    codes: ByMeasure
    both: ByMeasure
    pair: str
    zero: str
    verdict: dict[str, str]
    """By rule."""


class MomentKeys(NamedTuple):
    """Beginnings of the keys of one moment."""

    moment: str
    baseline: str
    state: str
    closed: str
    by_sex: str
    instruments: tuple[InstrumentKeys, ...]


class Keys(NamedTuple):
    """Beginnings of all keys of one year and group."""

    moments: tuple[MomentKeys, ...]
    lasting: dict[tuple[str, str], str]
    """By instrument and rule."""
    age: str
    crossed: dict[str, str]
    """By figure."""


@lru_cache(maxsize=1024)
def keys(plan: Plan, year: int, group: str) -> Keys:
    """The beginnings of the keys of a year and group."""
    lasting = plan.lasting[2] if plan.lasting else ()
    return Keys(
        tuple(_moment(plan, asked, year, group) for asked in plan.asked),
        {(code, rule): f"l|{year}|{group}|{code}|{rule}|" for code in lasting for rule in plan.rules},
        f"v|{year}|{group}|{AGE}|{AGE}|{plan.protocol.moments[0].code}|",
        {each.figure: f"x|{year}|{group}|{each.figure}|" for each in plan.cohort.crossed},
    )


def _moment(plan: Plan, asked: Asked, year: int, group: str) -> MomentKeys:
    instruments = tuple(_instrument(plan, asked, code, year, group) for code in asked.instruments)
    start = f"m|{year}|{asked.moment}|"
    return MomentKeys(asked.moment, asked.baseline or "", start, f"{start}responded-closed", f"s|{year}|{asked.moment}|", instruments)


def _instrument(plan: Plan, asked: Asked, code: str, year: int, group: str) -> InstrumentKeys:
    moment, of = asked.moment, f"{year}|{group}|{code}"
    return InstrumentKeys(
        instrument=code,
        is_paired=code in asked.paired,
        is_coded=code in asked.coded,
        response=f"i|{year}|{moment}|{code}|",
        values=ByMeasure(f"v|{of}|", f"|{moment}|"),
        changes=ByMeasure(f"c|{of}|", f"|{moment}|"),
        codes=ByMeasure(f"k|{of}|", f"|{moment}|"),
        both=ByMeasure(f"b|{of}|", f"|{moment}|"),
        pair=f"p|{of}|{moment}|",
        zero=f"z|{of}|{moment}|zero",
        verdict={rule: f"d|{of}|{moment}|{rule}|" for rule in plan.rules},
    )
