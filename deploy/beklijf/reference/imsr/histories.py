"""Everybody's story: sex, age, hospital, days, and the answers that count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from beklijf.reference import draw
from beklijf.reference.history import History, Measurement, spread_over_items
from beklijf.reference.imsr.arrangement import MOMENTS, SCORES, Column, Person, columns, people
from beklijf.reference.imsr.categories import CARE_USE, GPE_3, GPE_6, Choices, care_use, perceived_effect
from beklijf.reference.imsr.days import Diary, When, day_of_t0, diary
from beklijf.reference.imsr.dice import Dice
from beklijf.reference.imsr.targets import AGE, GROUPS, QBPDS, STOPPED_EARLY, VAS, YEARS, targets, women
from beklijf.reference.imsr.values import values

SEED = 1814
"""Stands in every identifier, so that this cohort and an invented one can lie side by side."""
EARLY = "stopped-early"
FIRST_HOSPITAL_PERCENT = 62
_MINUTES_APART = 3


@dataclass(frozen=True, slots=True)
class Story:
    """One treatment episode: who it is in the tables, and all that happened."""

    person: Person
    history: History

    @property
    def group(self) -> str:
        """Responders, non-responders, or stopped early."""
        return self.person[0]

    @property
    def age(self) -> int:
        """Whole years at t0 (M22)."""
        return self.history.t0.year - self.history.birth_year

    def measurement(self, instrument: str, moment: str) -> Measurement | None:
        """The answer that counts, if there is one."""
        return next((one for one in self.history.measurements if (one.instrument, one.moment) == (instrument, moment)), None)


@lru_cache(maxsize=1)
def stories() -> tuple[Story, ...]:
    """The 1,814 of the study and the 15 who stopped early, numbered in the order in which they began."""
    ages, female, tables = _ages(), _women(), _Tables()
    began = sorted((tables.diary.t0[person], person) for person in people())
    began += [(day_of_t0(person), person) for person in _early()]
    return tuple(
        _stopped(number, person, t0) if person[0] == EARLY else _story(number, person, ages[person], person in female, tables)
        for number, (t0, person) in enumerate(sorted(began))
    )


class _Tables:
    """Everybody's answers by moment, before they are put together to stories."""

    def __init__(self) -> None:
        self.columns: dict[tuple[str, str], Column] = columns()
        self.perceived = perceived_effect(self.columns)
        self.care = care_use(self.columns)
        both = {moment: {p: v for p, v in self.columns[QBPDS, moment].items() if p in self.columns[VAS, moment]} for moment in MOMENTS}
        self.diary: Diary = diary(people(), both)

    def at(self, person: Person, moment: str) -> Iterator[tuple[str, int | Choices]]:
        """What somebody answered at a moment: instrument, and number or codes."""
        for instrument in SCORES:
            value = self.columns[instrument, moment].get(person)
            if value is not None:
                yield instrument, value
        gpe = self.perceived.get((person, moment))
        if gpe is not None:
            yield (GPE_6 if moment == "t1" else GPE_3), gpe
        care = self.care.get((person, moment))
        if care is not None:
            yield CARE_USE, care


def _story(number: int, person: Person, age: int, female: bool, tables: _Tables) -> Story:
    t0 = tables.diary.t0[person]
    found: list[Measurement] = []
    for moment in MOMENTS:
        when = tables.diary.when(person, moment)
        for place, (instrument, given) in enumerate(tables.at(person, moment)):
            found.append(measurement(moment, instrument, when, given, number, later_minutes=_MINUTES_APART * place))
    return Story(person, _history(number, person, t0, age, female, tuple(found)))


def measurement(moment: str, instrument: str, when: When, given: int | Choices, number: int, *, later_minutes: int = 0) -> Measurement:
    """One set of answers; a score of the questionnaire of twenty is spread over its items."""
    minute = when.minute + later_minutes
    if not isinstance(given, int):
        return Measurement(moment, instrument, when.day, minute, choices=given)
    if instrument == QBPDS:
        return Measurement(moment, instrument, when.day, minute, items=spread_over_items(given, SEED, number, moment, "items"))
    return Measurement(moment, instrument, when.day, minute, value=given)


def _stopped(number: int, person: Person, t0: date) -> Story:
    """Who stopped early answered at t0 only; in no figure but the flow."""
    when = When(
        t0 - timedelta(days=draw.between(0, 10, "imsr", *person, "t0 day")), draw.between(9 * 60, 20 * 60, "imsr", *person, "minute")
    )
    given = {QBPDS: draw.between(20, 85, "imsr", *person, QBPDS), VAS: draw.between(20, 95, "imsr", *person, VAS)}
    found = tuple(measurement("t0", instrument, when, value, number) for instrument, value in given.items())
    age, female = draw.between(21, 66, "imsr", *person, "age"), draw.percent(73, "imsr", *person, "sex")
    return Story(person, _history(number, person, t0, age, female, found))


def _history(number: int, person: Person, t0: date, age: int, female: bool, found: tuple[Measurement, ...]) -> History:
    early = person[0] == EARLY
    lasted = draw.between(8, 40, "imsr", *person, "ended") if early else draw.between(54, 68, "imsr", *person, "ended")
    return History(
        number=number,
        seed=SEED,
        hospital=0 if draw.percent(FIRST_HOSPITAL_PERCENT, "imsr", *person, "hospital") else 1,
        female=female,
        birth_year=t0.year - age,
        t0=t0,
        ended=t0 + timedelta(days=lasted),
        treatment="stopped-early" if early else "completed",
        leaving="following",
        left_on=t0,
        measurements=found,
    )


def _early() -> list[Person]:
    return [(EARLY, YEARS[number % len(YEARS)], 100 + number) for number in range(STOPPED_EARLY)]


def _ages() -> dict[Person, int]:
    """Every group's ages, to nobody in particular."""
    found: dict[Person, int] = {}
    for year in YEARS:
        for group in GROUPS:
            cell = AGE, group, year, "t0"
            given = Dice("imsr", "ages", group, year).shuffled(values(cell, targets()[cell]))
            found.update({(group, year, number): age for number, age in enumerate(given)})
    return found


def _women() -> set[Person]:
    found: set[Person] = set()
    for (group, year), count in women().items():
        everybody = [person for person in people() if person[:2] == (group, year)]
        found |= set(Dice("imsr", "women", group, year).shuffled(everybody)[:count])
    return found
