"""What real senders do, put into letters: each kind of dirt changes what is sent about one story, and no figure.

Repeats, corrections, retractions, disorder, second answers, drafts; and strays, which belong to nobody in the study.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from beklijf.reference import draw
from beklijf.reference.history import Measurement
from beklijf.reference.imsr.affairs import Affair, Kind, wrong
from beklijf.reference.imsr.histories import Story
from beklijf.reference.imsr.letters import AT_ONCE, LAST, LATER, Effect, Letter, answer, registration, said
from beklijf.reference.imsr.targets import RESPONDERS

ERROR_FOUND = "2018-06-01T12:00:00Z"
"""When an episode was found to have been entered in error: after everything that is said about it."""


def letters(story: Story, affair: Affair | None) -> list[Letter]:
    """Everything about one story, in the order in which it arrives within each wave; one in twelve is heard before it is known (M7)."""
    if affair is not None:
        return _DIRT[affair.kind](_Case(story, affair.about, registration(story), said(story)))
    first, then = registration(story), said(story)
    return [*then, *first] if draw.one_in(12, "imsr", *story.person, "early") else [*first, *then]


@dataclass(frozen=True, slots=True)
class _Case:
    """A story, the answer that its dirt is about, and what would be sent without: the registration, then what was said."""

    story: Story
    about: Measurement
    first: list[Letter]
    said: list[Letter]

    @property
    def others(self) -> list[Letter]:
        """What was said, but for the answer that this is about."""
        own = answer(self.story, self.about).resource["identifier"]
        return [letter for letter in self.said if letter.resource["identifier"] != own]


def _dated(letter: Letter, days: int) -> Letter:
    """The same with a later date: R4's `authored` is the last change, the measured instant stays the first (M3)."""
    resource = copy.deepcopy(letter.resource)
    resource["authored"] = (datetime.fromisoformat(resource["authored"]) + timedelta(days=days)).isoformat()
    return replace(letter, resource=resource)


def _re_sent(case: _Case) -> list[Letter]:
    everything = [*case.first, *case.said]
    return everything + [replace(letter, effect="repeated", wave=LAST) for letter in everything]


def _amended(case: _Case) -> list[Letter]:
    """Wrong at first; put right later under the same identifier."""
    final = _dated(answer(case.story, case.about, status="amended", effect="updated", wave=LATER), 3)
    return [*case.first, *case.others, answer(case.story, wrong(case.about)), final]


def _amended_and_retried(case: _Case) -> list[Letter]:
    """A retry of the wrong one arrives last, and must not undo the amendment (M11)."""
    return [*_amended(case), answer(case.story, wrong(case.about), effect="repeated", wave=LAST)]


def _corrected(case: _Case) -> list[Letter]:
    """Changed content without change of status is an amendment (M11)."""
    final = _dated(answer(case.story, case.about, effect="updated", wave=LATER), 2)
    return [*case.first, *case.others, answer(case.story, wrong(case.about)), final]


def _overtaken(case: _Case) -> list[Letter]:
    """The amendment arrives before what it amends (M12)."""
    final = _dated(answer(case.story, case.about, status="amended"), 3)
    return [*case.first, *case.others, final, answer(case.story, wrong(case.about), effect="outranked", wave=LATER)]


def _draft(story: Story, about: Measurement, effect: Effect = "created", wave: int = AT_ONCE) -> Letter:
    half = answer(story, wrong(about), status="in-progress", effect=effect, wave=wave)
    half.resource["item"] = half.resource["item"][: (len(half.resource["item"]) + 1) // 2]
    return _dated(half, -1)


def _drafted(case: _Case) -> list[Letter]:
    """In progress, then completed."""
    return [*case.first, *case.others, _draft(case.story, case.about), answer(case.story, case.about, effect="updated")]


def _draft_came_late(case: _Case) -> list[Letter]:
    """A draft never undoes a completed form (M11)."""
    return [*case.first, *case.said, _draft(case.story, case.about, "outranked", LATER)]


def _abandoned(case: _Case) -> list[Letter]:
    """Begun and never completed: stays in intake (M8)."""
    return [*case.first, *case.said, answer(case.story, case.about, status="stopped", ends="draft")]


def _retracted(case: _Case) -> list[Letter]:
    """An answer that was another patient's, taken back."""
    taken_back = answer(case.story, case.about, status="entered-in-error", effect="updated", ends="retracted", wave=LATER)
    return [*case.first, *case.said, answer(case.story, case.about, ends="retracted"), taken_back]


def _second_retracted(case: _Case) -> list[Letter]:
    """An earlier answer, which would win, is taken back; the next is promoted (M6)."""
    earlier = replace(wrong(case.about), minute=case.about.minute - 60)
    return [
        *case.first,
        *case.said,
        answer(case.story, earlier, suffix="-earlier", ends="retracted"),
        answer(case.story, earlier, suffix="-earlier", status="entered-in-error", effect="updated", ends="retracted", wave=LATER),
    ]


def _tombstone(case: _Case) -> list[Letter]:
    """Taken back before it was ever sent (M12)."""
    return [*case.first, *case.said, answer(case.story, case.about, status="entered-in-error", ends="retracted")]


def _just_outside(case: _Case) -> list[Letter]:
    """With its episode stated it is off-window; without, no episode's window holds it and it waits (M5, M7)."""
    stated = case.story.history.number % 3 == 0
    return [*case.first, *case.said, answer(case.story, case.about, ends="off-window" if stated else "waiting")]


def _survey_too_late(case: _Case) -> list[Letter]:
    return [*case.first, *case.said, answer(case.story, case.about, ends="off-window", states_episode=True)]


def _second(case: _Case) -> list[Letter]:
    """A second answer within the window, half an hour later: surplus (M6)."""
    again = replace(wrong(case.about), minute=case.about.minute + 30)
    return [*case.first, *case.said, answer(case.story, again, suffix="-again", ends="surplus")]


def _incomplete_first(case: _Case) -> list[Letter]:
    """An earlier form with one item open: what can be scored wins (M6)."""
    earlier = answer(case.story, replace(wrong(case.about), minute=case.about.minute - 60), suffix="-incomplete", ends="surplus")
    del earlier.resource["item"][7]
    return [*case.first, earlier, *case.said]


def _unstated_first(case: _Case) -> list[Letter]:
    """An earlier answer that does not state its moment loses to the one that does (M6)."""
    earlier = answer(case.story, replace(wrong(case.about), minute=case.about.minute - 60), suffix="-unstated", ends="surplus")
    stated = answer(case.story, case.about, states_moment=True)
    return [*case.first, earlier, *case.others, stated]


def _unscheduled(case: _Case) -> list[Letter]:
    """With its episode stated it is unscheduled; without, no window of its instrument holds it and it waits (M5, M7)."""
    return [*case.first, *case.said, answer(case.story, case.about, ends="unscheduled", states_episode=True)]


def _moved(case: _Case) -> list[Letter]:
    """Registered with a t0 a year too early; the correction moves everything (M4)."""
    patient, episode = case.first
    registered = copy.deepcopy(episode.resource)
    start = case.story.history.t0
    registered["period"]["start"] = date(start.year - 1, start.month, min(start.day, 28)).isoformat()
    registered["meta"]["lastUpdated"] = f"{start.isoformat()}T12:00:00Z"
    return [patient, replace(episode, resource=registered), *case.said, replace(episode, effect="updated", wave=LATER)]


def _re_registered(case: _Case) -> list[Letter]:
    """Registered with another sex and year of birth, then put right."""
    wrong_one, right = copy.deepcopy(case.first[0].resource), copy.deepcopy(case.first[0].resource)
    wrong_one["gender"] = "male" if case.story.history.female else "female"
    wrong_one["birthDate"] = str(case.story.history.birth_year - 9)
    right["meta"] = {"lastUpdated": f"{case.story.history.ended.isoformat()}T12:00:00Z"}
    patient, episode = case.first
    return [replace(patient, resource=wrong_one), episode, *case.said, replace(patient, resource=right, effect="updated", wave=LATER)]


def _late_baseline(case: _Case) -> list[Letter]:
    """Everything of t0 arrives when all else has been judged without it (M25)."""
    at_t0 = {measured.instrument for measured in case.story.history.measurements if measured.moment == "t0"}
    return [*case.first, *(replace(letter, wave=LATER) if place < len(at_t0) else letter for place, letter in enumerate(case.said))]


def _backwards(case: _Case) -> list[Letter]:
    return [*reversed(case.said), *reversed(case.first)]


def _impossible(case: _Case) -> list[Letter]:
    """Pain of 120 on a scale that ends at 100: refused, with the element named."""
    sent = answer(case.story, replace(case.about, value=120), suffix="-impossible", effect="refused")
    return [*case.first, *case.said, replace(sent, ends=None)]


_DIRT: dict[Kind, Callable[[_Case], list[Letter]]] = {
    "re-sent": _re_sent,
    "amended": _amended,
    "amended-and-retried": _amended_and_retried,
    "corrected": _corrected,
    "overtaken": _overtaken,
    "drafted": _drafted,
    "draft-came-late": _draft_came_late,
    "abandoned": _abandoned,
    "retracted": _retracted,
    "second-retracted": _second_retracted,
    "tombstone": _tombstone,
    "just-outside": _just_outside,
    "survey-too-late": _survey_too_late,
    "second": _second,
    "incomplete-first": _incomplete_first,
    "unstated-first": _unstated_first,
    "unscheduled": _unscheduled,
    "moved": _moved,
    "re-registered": _re_registered,
    "late-baseline": _late_baseline,
    "backwards": _backwards,
    "impossible": _impossible,
}


def strays(stories: tuple[Story, ...]) -> Iterator[Letter]:
    """What belongs to nobody in the study: an episode entered in error with its answers, and answers whose episode never came (M7, M14)."""
    model = next(story for story in stories if story.group == RESPONDERS and len(story.history.measurements) > 10)
    mistaken, *unknown = (replace(model, history=replace(model.history, number=len(stories) + more)) for more in range(3))
    patient, episode = registration(mistaken)
    error = copy.deepcopy(episode.resource)
    error["status"] = "entered-in-error"
    error["meta"] = {"lastUpdated": ERROR_FOUND}
    yield from (patient, episode, replace(episode, resource=error, effect="updated", wave=LATER))
    for one in mistaken.history.measurements:
        yield answer(mistaken, one, ends="waiting")
    for story in unknown:
        yield registration(story)[0]
        for one in story.history.measurements[:2]:
            yield answer(story, one, ends="waiting")
