"""When everything happened: days of t0 over four years, and a day and minute for every answer, inside its window (M1).

The windows stand here once more, as what the study did, so that whoever moves a window of the protocol moves nothing here: the
answers on the first and the last day of each window then miss it, and the printed numbers with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from beklijf.reference import draw
from beklijf.reference.history import target
from beklijf.reference.imsr.arrangement import Person
from beklijf.reference.imsr.targets import NON_RESPONDERS, RESPONDERS, YEARS

BEFORE_AND_AFTER_DAYS = {"t0": (42, 14), "t1": (28, 35), "t2": (45, 60), "t3": (90, 120), "t4": (214, 244)}
SCATTER_DAYS = {"t0": (-14, 0), "t1": (-7, 21), "t2": (-20, 35), "t3": (-30, 60)}
FIRST_WAVE, SECOND_WAVE = (date(2017, 12, 4), 26), (date(2018, 1, 8), 50)
"""The survey of t4: by e-mail in December 2017, by letter in January 2018; first day and number of days."""
JUST_AFTER_MIDNIGHT, LATE_AT_NIGHT, CLOCKS_CHANGE = 5, 23 * 60 + 40, 2 * 60 + 30
CLOSES, OPENS, LEAPS = 0, 1, 2
"""Numbers of the people whose t0 lies on 1 January, 31 December and the last day of February: their t4 windows touch the survey."""
_FIRST_ORDINARY = 3
_EDGES = tuple((moment, side) for moment in SCATTER_DAYS for side in ("opens", "closes"))


@dataclass(frozen=True, slots=True)
class When:
    """A day and a minute of it, on Dutch clocks."""

    day: date
    minute: int


@dataclass(slots=True)
class Diary:
    """The days of t0, and those answers whose day is not left to chance."""

    t0: dict[Person, date]
    chosen: dict[tuple[Person, str], When] = field(default_factory=dict)

    def when(self, person: Person, moment: str) -> When:
        """When someone answered at a moment."""
        return self.chosen.get((person, moment)) or ordinary(person, self.t0[person], moment)


def opens(t0: date, moment: str) -> date:
    """The first day of a window."""
    return target(t0, moment) - timedelta(days=BEFORE_AND_AFTER_DAYS[moment][0])


def closes(t0: date, moment: str) -> date:
    """The last day of a window."""
    return target(t0, moment) + timedelta(days=BEFORE_AND_AFTER_DAYS[moment][1])


def day_of_t0(person: Person) -> date:
    """The first day of treatment: some weekday of the treatment year; for some people on purpose its first or last day."""
    group, year, number = person
    if number == CLOSES and group in (RESPONDERS, NON_RESPONDERS):
        return date(year, 1, 1)
    if number == OPENS and group in (RESPONDERS, NON_RESPONDERS):
        return date(year, 12, 31)
    if number == LEAPS:
        return date(year, 3, 1) - timedelta(days=1)
    day = date(year, 1, 2) + timedelta(days=draw.below(362, "imsr", *person, "t0"))
    return day - timedelta(days=max(0, day.weekday() - 4)) if day > date(year, 1, 3) else day


def ordinary(person: Person, t0: date, moment: str) -> When:
    """A day near the target, or within the survey, at a time when people fill in forms."""
    minute = draw.between(8 * 60, 21 * 60, "imsr", *person, moment, "minute")
    if moment == "t4":
        first, length = FIRST_WAVE if draw.percent(70, "imsr", *person, "wave") else SECOND_WAVE
        return When(first + timedelta(days=draw.below(length, "imsr", *person, "t4 day")), minute)
    return When(target(t0, moment) + timedelta(days=draw.between(*SCATTER_DAYS[moment], "imsr", *person, moment, "day")), minute)


def diary(people: Iterable[Person], answered: Mapping[str, Mapping[Person, int]]) -> Diary:
    """All days; `answered` has those with both scores, by moment."""
    everybody = list(people)
    found = Diary({person: day_of_t0(person) for person in everybody})
    for year in YEARS:
        _first_and_last_days(year, found, answered)
    _clock_changes(found, answered)
    return found


def _first_and_last_days(year: int, found: Diary, answered: Mapping[str, Mapping[Person, int]]) -> None:
    """In every year somebody answers on the first and somebody on the last day of every window."""
    ordinary_people = iter(sorted(person for person in found.t0 if person[:2] == (RESPONDERS, year) and person[2] >= _FIRST_ORDINARY))
    for moment, side in _EDGES:
        person = next(person for person in ordinary_people if person in answered[moment])
        t0 = found.t0[person]
        found.chosen[person, moment] = (
            When(opens(t0, moment), JUST_AFTER_MIDNIGHT) if side == "opens" else When(closes(t0, moment), LATE_AT_NIGHT)
        )
    first, last = (RESPONDERS, year, CLOSES), (RESPONDERS, year, OPENS)
    found.chosen[first, "t4"] = When(closes(found.t0[first], "t4"), LATE_AT_NIGHT)
    found.chosen[last, "t4"] = When(opens(found.t0[last], "t4"), JUST_AFTER_MIDNIGHT)


def _clock_changes(found: Diary, answered: Mapping[str, Mapping[Person, int]]) -> None:
    """On every night on which clocks changed somebody answers, in the hour that was missing or came twice."""
    taken = {person for person, _ in found.chosen}
    for night in clock_changes():
        for moment in SCATTER_DAYS:
            person = next(
                (
                    person
                    for person in sorted(answered[moment])
                    if person not in taken and person[2] >= _FIRST_ORDINARY and _usual(found.t0[person], moment, night)
                ),
                None,
            )
            if person is not None:
                found.chosen[person, moment] = When(night, CLOCKS_CHANGE)
                taken.add(person)


def _usual(t0: date, moment: str, day: date) -> bool:
    low, high = SCATTER_DAYS[moment]
    return low <= (day - target(t0, moment)).days <= high


def clock_changes() -> list[date]:
    """The last Sundays of March and October of the years in which most answers were given."""
    lasts = [date(year, month, 31) for year in range(2012, 2017) for month in (3, 10)]
    return [last - timedelta(days=(last.weekday() + 1) % 7) for last in lasts]
