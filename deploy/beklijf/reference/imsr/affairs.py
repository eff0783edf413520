"""To whom what goes wrong: repeats, corrections, retractions, disorder, second answers, drafts (`dirt` sends them).

Every kind happens to so many people as `TIMES` says, nobody has two kinds, and what goes wrong is worth noticing: a wrong value is thirty
points off, a stray answer lies one day outside its window, so that whoever judges one of them differently misses printed numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from beklijf.reference.history import Measurement
from beklijf.reference.imsr.arrangement import SCORES
from beklijf.reference.imsr.categories import ANSWER_CODES, GPE_3, GPE_6
from beklijf.reference.imsr.days import LATE_AT_NIGHT, SCATTER_DAYS, When, closes, opens
from beklijf.reference.imsr.dice import Dice
from beklijf.reference.imsr.histories import EARLY, Story, measurement
from beklijf.reference.imsr.targets import NON_RESPONDERS, QBPDS, RESPONDERS, VAS

Kind = Literal[
    "re-sent", "amended", "amended-and-retried", "corrected", "overtaken", "drafted", "draft-came-late", "abandoned", "retracted",
    "second-retracted", "tombstone", "just-outside", "survey-too-late", "second", "incomplete-first", "unstated-first", "unscheduled",
    "moved", "re-registered", "late-baseline", "backwards", "impossible",
]  # fmt: skip

TIMES: dict[Kind, int] = {
    "survey-too-late": 8, "just-outside": 24, "retracted": 16, "abandoned": 8, "unscheduled": 4, "re-sent": 30, "amended": 40,
    "amended-and-retried": 12, "corrected": 12, "overtaken": 8, "drafted": 18, "draft-came-late": 6, "second-retracted": 10,
    "tombstone": 3, "second": 28, "incomplete-first": 8, "unstated-first": 8, "moved": 6, "re-registered": 4, "late-baseline": 80,
    "backwards": 60, "impossible": 1,
}  # fmt: skip
"""How many people each kind happens to; the scarcest first, because only few can have them."""

WRONG_BY = 30


@dataclass(frozen=True, slots=True)
class Affair:
    """One kind of dirt, whom it happens to, and which of that person's answers (or missing answers) it is about."""

    kind: Kind
    about: Measurement


def affairs(stories: tuple[Story, ...]) -> dict[int, Affair]:
    """Who has which dirt, by number of the story. Raises ValueError when too few people can have a kind."""
    found: dict[int, Affair] = {}
    for kind, times in TIMES.items():
        left = times
        for story in Dice("imsr", "dirt", kind).shuffled([story for story in stories if story.group != EARLY]):
            about = None if story.history.number in found else _about(kind, story, times - left)
            if about is not None:
                found[story.history.number] = Affair(kind, about)
                left -= 1
            if not left:
                break
        if left:
            raise ValueError(f"nobody is left for {left} times {kind}")
    return found


def _about(kind: Kind, story: Story, turn: int) -> Measurement | None:
    """The answer that a kind is about, in turn another instrument and moment; None when this person cannot have it."""
    finder = _FINDERS.get(kind)
    return finder(story, turn) if finder else _one_of_table_2(story, turn)


def _one_of_table_2(story: Story, turn: int) -> Measurement | None:
    """An answer at t0 or t1 of a score: there Table 2 prints a decimal."""
    about = story.measurement(SCORES[turn % 2], ("t0", "t1")[turn // 2 % 2])
    return about if about is not None and 60 <= about.minute < LATE_AT_NIGHT - 60 else None


def _questionnaire_at_t1(story: Story, turn: int) -> Measurement | None:
    del turn
    return story.measurement(QBPDS, "t1")


def _missing(story: Story, turn: int) -> Measurement | None:
    """A score that this person did not give, at a moment at which it could have been given."""
    instrument, moment = SCORES[turn % 2], ("t0", "t1", "t2", "t3")[turn // 2 % 4]
    if story.measurement(instrument, moment) is not None:
        return None
    when = When(opens(story.history.t0, moment) + timedelta(days=20), 700)
    return measurement(moment, instrument, when, 75, story.history.number)


def _just_outside(story: Story, turn: int) -> Measurement | None:
    """A missing score, given on the day before the window opened or after it had closed."""
    moment, early = tuple(SCATTER_DAYS)[turn % 4], turn // 4 % 2 == 0
    instrument = SCORES[turn // 8 % 2]
    if story.measurement(instrument, moment) is not None:
        return None
    t0 = story.history.t0
    when = When(opens(t0, moment) - timedelta(days=1), LATE_AT_NIGHT) if early else When(closes(t0, moment) + timedelta(days=1), 5)
    return measurement(moment, instrument, when, 75, story.history.number)


def _survey_too_late(story: Story, turn: int) -> Measurement | None:
    """A non-responder who answered the survey one day before the window opened or after it had closed: still no responder (M18)."""
    del turn
    t0 = story.history.t0
    if story.group != NON_RESPONDERS or (t0.month, t0.day) not in {(1, 1), (12, 31)}:
        return None
    when = When(closes(t0, "t4") + timedelta(days=1), 5) if t0.month == 1 else When(opens(t0, "t4") - timedelta(days=1), LATE_AT_NIGHT)
    return measurement("t4", QBPDS, when, 75, story.history.number)


def _unscheduled(story: Story, turn: int) -> Measurement | None:
    """The question of t4 asked at t1, where it belongs to nothing (M5)."""
    del turn
    at_t1 = story.measurement(GPE_6, "t1")
    if at_t1 is None or story.group != NON_RESPONDERS:
        return None
    return replace(at_t1, instrument=GPE_3, choices=((GPE_3, ANSWER_CODES[GPE_3], "better"),))


def _whoever(story: Story, turn: int) -> Measurement | None:
    del turn
    return story.measurement(VAS, "t0")


def _whoever_came_back(story: Story, turn: int) -> Measurement | None:
    """Someone with a baseline and something later."""
    del turn
    return story.measurement(QBPDS, "t0") if story.measurement(QBPDS, "t1") and story.group == RESPONDERS else None


_FINDERS: dict[Kind, Callable[[Story, int], Measurement | None]] = {
    "survey-too-late": _survey_too_late,
    "just-outside": _just_outside,
    "retracted": _missing,
    "abandoned": _missing,
    "tombstone": _missing,
    "unscheduled": _unscheduled,
    "incomplete-first": _questionnaire_at_t1,
    "re-sent": _whoever,
    "moved": _whoever,
    "re-registered": _whoever,
    "impossible": _whoever,
    "late-baseline": _whoever_came_back,
    "backwards": _whoever_came_back,
}


def wrong(about: Measurement) -> Measurement:
    """The same answer with a score thirty points off."""
    if about.instrument == VAS:
        return replace(about, value=about.value + WRONG_BY if about.value <= 100 - WRONG_BY else about.value - WRONG_BY)
    points, items = WRONG_BY, list(about.items)
    more = sum(items) <= 100 - WRONG_BY
    while points:
        for place, item in enumerate(items):
            if points and (item < 5 if more else item > 0):
                items[place] += 1 if more else -1
                points -= 1
    return replace(about, items=tuple(items))
