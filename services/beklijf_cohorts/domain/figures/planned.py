"""What was planned: when each moment lies, and how many answers the last one needs."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from beklijf_cohorts.domain.cells import ALL
from beklijf_cohorts.domain.figures.source import Count, Derived, Entry, Figure, Row, Source
from beklijf_cohorts.domain.statistics import NOTHING, Z_95, Number
from beklijf_domain.protocol import Moment


def protocol(source: Source) -> Figure:
    """Months after t0 and the window around it in days (M1); by treatment year where they differ."""
    rows = [row for moment in source.plan.protocol.moments for row in _moment_rows(moment, source.inner_years)]
    return Figure("protocol", "the programme's protocol", "months after t0; days before and after the target", tuple(rows), ())


def _moment_rows(moment: Moment, years: tuple[str, ...]) -> list[Row]:
    if moment.days is not None:
        entries: dict[str, Entry] = {
            "days": Derived(moment.days, ()),
            "before": Derived(moment.before, ()),
            "after": Derived(moment.after, ()),
        }
        return [Row({"moment": moment.code, "year": ALL}, entries)]
    by_year = {year: moment.offset_months(int(year)) for year in years} if moment.months is None else {ALL: moment.months}
    return [
        Row(
            {"moment": moment.code, "year": year},
            {
                "months": Derived(Number(reason="not-scheduled") if months is None else months, ()),
                "before": Derived(moment.before, ()),
                "after": Derived(moment.after, ()),
            },
        )
        for year, months in by_year.items()
    ]


def sample_size(source: Source) -> Figure:
    """How many of the completed must answer at the last moment, for a share that is known to the margin with 95 % confidence."""
    rows = [Row({"year": year}, _needed(source, year)) for year in source.years]
    return Figure("sample-size", "completed", "completed", tuple(rows), ())


def _needed(source: Source, year: str) -> dict[str, Entry]:
    percent = source.plan.cohort.sample_margin_percent
    assert percent is not None
    completed = source.cohort(year)
    responded = Count(f"m|{year}|{source.plan.last}|responded", source.row("m", year, source.plan.last).get("responded", 0))
    entries: dict[str, Entry] = {"completed": completed, "margin-percent": Derived(percent, ()), "responded": responded}
    needed: int | Number = needed_of(completed.value, Fraction(percent, 100)) if completed.value else Number(reason=NOTHING)
    entries["needed"] = Derived(needed, (completed.name,))
    reached = Number("yes" if responded.value >= needed else "no") if isinstance(needed, int) else needed
    return entries | {"reached": Derived(reached, (completed.name, responded.name))}


def needed_of(population: int, margin: Fraction) -> int:
    """The sample size n0 / (1 + (n0 - 1) / N), rounded up; n0 = z squared / (4 margin squared), for a share of one half."""
    unlimited = Fraction(Z_95) ** 2 / (4 * margin**2)
    return ceil(unlimited / (1 + (unlimited - 1) / population))
