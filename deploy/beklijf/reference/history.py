"""What happened to one invented patient: treatment, ending, answers. The story; `resources` puts it into FHIR.

About half improve; who had more pain at the start improves more in points; a third does not answer a later moment; some die,
withdraw or object; some stop treatment. The proportions are those of a plausible programme, not the study's own figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from beklijf.reference import draw

Leaving = Literal["following", "withdrawn", "deceased", "objected"]
Treatment = Literal["completed", "stopped-early"]
Key = tuple[int, int]
"""Seed and number of an episode: what its story depends on."""

MONTHS: dict[str, int] = {"t0": 0, "t1": 2, "t2": 5, "t3": 15}
LONG_TERM_MONTHS: dict[int, int] = {2012: 66, 2013: 54, 2014: 42, 2015: 30}
MOMENTS = ("t0", "t1", "t2", "t3", "t4")
ANSWERED_PERCENT = {"t0": 97, "t1": 88, "t2": 74, "t3": 66, "t4": 58}
# How many days around the target an answer may lie: well inside each window of the programme (M1).
SCATTER_DAYS = {"t0": (-14, 0), "t1": (-10, 20), "t2": (-20, 35), "t3": (-30, 60), "t4": (-90, 90)}
RELIEF_PERCENT = {"t0": 0, "t1": 34, "t2": 32, "t3": 30, "t4": 28}
OBJECTS = 50
"""Which of every sixty episodes objects: rare, and never absent from a small cohort."""
QBPDS_ITEMS = 20
QBPDS_HIGHEST = 5


@dataclass(frozen=True, slots=True)
class Measurement:
    """One set of answers: `items` for the questionnaire of twenty, `value` for the single scale, `choices` for the others.

    A choice is the item's linkId, and the system and code of the answer.
    """

    moment: str
    instrument: str
    day: date
    minute: int
    items: tuple[int, ...] = ()
    value: int = 0
    choices: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """One treatment episode of one patient."""

    number: int
    seed: int
    hospital: int
    female: bool
    birth_year: int
    t0: date
    ended: date
    treatment: Treatment
    leaving: Leaving
    left_on: date
    measurements: tuple[Measurement, ...]


def history(number: int, seed: int) -> History:
    """The story of episode `number`; the same for the same seed, whatever the size of the cohort."""
    key: Key = (seed, number)
    t0 = date(2012 + number % 4, 1, 1) + timedelta(days=draw.below(360, *key, "t0"))
    treatment: Treatment = "stopped-early" if draw.one_in(15, *key, "stops") else "completed"
    leaving, left_on = _leaving(key, t0)
    answered = () if treatment == "stopped-early" else tuple(_measurements(key, t0, leaving, left_on))
    return History(
        number=number,
        seed=seed,
        hospital=draw.below(2, *key, "hospital"),
        female=draw.percent(75, *key, "sex"),
        birth_year=t0.year - draw.between(20, 66, *key, "age"),
        t0=t0,
        ended=t0 + timedelta(days=draw.between(50, 75, *key, "ended") if treatment == "completed" else draw.between(10, 40, *key, "ended")),
        treatment=treatment,
        leaving=leaving,
        left_on=left_on,
        measurements=answered or tuple(_at_moment(key, "t0", t0)),
    )


def target(t0: date, moment: str) -> date:
    """The day that a moment aims at: calendar months after t0, clamped to the end of the month (M1)."""
    months = LONG_TERM_MONTHS[t0.year] if moment == "t4" else MONTHS[moment]
    year, month = divmod(t0.year * 12 + t0.month - 1 + months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(t0.day, (first_of_next - timedelta(days=1)).day))


def _leaving(key: Key, t0: date) -> tuple[Leaving, date]:
    chance = draw.below(100, *key, "leaving")
    on = t0 + timedelta(days=draw.between(100, 800, *key, "left on"))
    if key[1] % 60 == OBJECTS:
        return "objected", on
    if chance < 3:
        return "deceased", on
    return ("withdrawn", on) if chance < 9 else ("following", on)


def _measurements(key: Key, t0: date, leaving: Leaving, left_on: date) -> list[Measurement]:
    found: list[Measurement] = []
    for moment in MOMENTS:
        day = target(t0, moment) + timedelta(days=draw.between(*SCATTER_DAYS[moment], *key, moment, "day"))
        gone = leaving in {"deceased", "withdrawn"} and day > left_on
        if not gone and draw.percent(ANSWERED_PERCENT[moment], *key, moment, "answers"):
            found.extend(_at_moment(key, moment, day))
    return found


def _at_moment(key: Key, moment: str, day: date) -> list[Measurement]:
    minute = draw.between(8 * 60, 21 * 60, *key, moment, "minute")
    score, pain = score_and_pain(key, moment)
    return [
        Measurement(moment, "qbpds", day, minute, items=spread_over_items(score, *key, moment, "items")),
        Measurement(moment, "vas-pain", day, minute + 4, value=pain),
    ]


def score_and_pain(key: Key, moment: str) -> tuple[int, int]:
    """The disability score (0 to 100) and the pain (0 to 100) of one moment: baseline, less some relief, and the day's form."""
    disability, pain = draw.bell(46, 15, *key, "disability"), draw.bell(60, 19, *key, "pain")
    lasts = draw.percent(70, *key, "lasts") or moment in {"t0", "t1"}
    relief = draw.bell(RELIEF_PERCENT[moment], 24, *key, "relief") if moment != "t0" and lasts else 0
    form = 0 if moment == "t0" else draw.bell(0, 5, *key, moment, "form")
    return _on_scale(disability - disability * relief // 100 + form), _on_scale(pain - pain * relief // 100 + form)


def _on_scale(value: int) -> int:
    return max(0, min(100, value))


def spread_over_items(score: int, *names: object) -> tuple[int, ...]:
    """Twenty answers from 0 to 5 that add up to the score exactly."""
    items = [score // QBPDS_ITEMS] * QBPDS_ITEMS
    for number in range(score % QBPDS_ITEMS):
        items[number] += 1
    # Take a point here and give it there: the sum stays, the pattern gets a person's unevenness.
    for number, drawn in enumerate(draw.uniforms(QBPDS_ITEMS, *names)):
        giver, taker = number, drawn % QBPDS_ITEMS
        if items[giver] > 0 and items[taker] < QBPDS_HIGHEST:
            items[giver] -= 1
            items[taker] += 1
    return tuple(items)
