"""What is sent about one story: its resources, the dirt included, each with what becomes of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from beklijf.reference import draw, resources
from beklijf.reference.history import Measurement
from beklijf.reference.imsr.dirt import Affair, Kind, days_later, wrong
from beklijf.reference.imsr.histories import SEED, Story
from beklijf.reference.resources import BASE, Resource

MOMENT_EXTENSION = f"{BASE}/StructureDefinition/measurement-moment"

Effect = Literal["created", "updated", "outranked", "repeated", "refused"]
"""What intake does with it (M11): a new resource, a new current version, a version that loses, nothing new, nothing at all."""

Ends = Literal["counted", "surplus", "off-window", "unscheduled", "waiting", "retracted", "draft"]
"""How an answer stands in the end (M8); `draft`: it never leaves intake."""

AT_ONCE, LATER, LAST = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Letter:
    """One resource on its way: which hospital sends it (0 or 1), in which wave, what it does, and for an answer how it stands in the end."""

    hospital: int
    resource: Resource
    effect: Effect = "created"
    ends: Ends | None = None
    wave: int = AT_ONCE


def letters(story: Story, affair: Affair | None) -> list[Letter]:
    """Everything about one story, in the order in which it arrives within each wave."""
    first = [_patient(story), _episode(story)]
    said = [answer(story, one) for one in story.history.measurements]
    if affair is None:
        return [*said, *first] if draw.one_in(12, "imsr", *story.person, "early") else [*first, *said]
    return _DIRT[affair.kind](story, affair.about, first, said)


def answer(
    story: Story,
    one: Measurement,
    *,
    suffix: str = "",
    status: str = "completed",
    effect: Effect = "created",
    ends: Ends = "counted",
    wave: int = AT_ONCE,
    states_episode: bool | None = None,
    states_moment: bool = False,
) -> Letter:
    """One set of answers. Every third person's name the episode, every tenth answer its moment, every eighth is written in UTC."""
    name = (*story.person, one.moment, one.instrument)
    if states_episode is None:
        states_episode = story.history.number % 3 == 0
    resource = resources.answers(story.history, one, suffix=suffix, states_episode=states_episode)
    resource["status"] = status
    if states_moment or (ends == "counted" and not suffix and draw.one_in(10, "imsr", *name, "states its moment") and not _on_edge(one)):
        resource.setdefault("extension", []).append({"url": MOMENT_EXTENSION, "valueCode": one.moment})
    if _on_edge(one) or draw.one_in(8, "imsr", *name, "in UTC"):
        resource["authored"] = datetime.fromisoformat(resource["authored"]).astimezone(UTC).isoformat().replace("+00:00", "Z")
    return Letter(story.history.hospital, resource, effect, ends, wave)


def _on_edge(one: Measurement) -> bool:
    """Whether it was written near midnight, where the day depends on the time zone (M2)."""
    return one.minute < 60 or one.minute >= 23 * 60


def _patient(story: Story, **more: Effect) -> Letter:
    return Letter(story.history.hospital, resources.patient(story.history), **more)


def _episode(story: Story) -> Letter:
    return Letter(story.history.hospital, resources.episode(story.history))


Dirty = Callable[[Story, Measurement, list[Letter], list[Letter]], list[Letter]]


def _without(said: list[Letter], story: Story, about: Measurement) -> list[Letter]:
    """What was said, but for one answer that is sent otherwise."""
    own = answer(story, about).resource["identifier"]
    return [letter for letter in said if letter.resource["identifier"] != own]


def _stamped(letter: Letter, about: Measurement, days: int) -> Letter:
    """The same with a later date: R4's `authored` is the last change, the measured instant stays the first (M3)."""
    resource = copy.deepcopy(letter.resource)
    resource["authored"] = (datetime.fromisoformat(resource["authored"]) + timedelta(days=days)).isoformat()
    return replace(letter, resource=resource)


def _re_sent(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    everything = [*first, *said]
    return everything + [replace(letter, effect="repeated", wave=LAST) for letter in everything]


def _amended(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """Wrong at first; put right later under the same identifier."""
    final = _stamped(answer(story, about, status="amended", effect="updated", wave=LATER), about, 3)
    return [*first, *_without(said, story, about), answer(story, wrong(about)), final]


def _amended_and_retried(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """A retry of the wrong one arrives last, and must not undo the amendment (M11)."""
    return [*_amended(story, about, first, said), answer(story, wrong(about), effect="repeated", wave=LAST)]


def _corrected(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """Changed content without change of status is an amendment (M11)."""
    final = _stamped(answer(story, about, effect="updated", wave=LATER), about, 2)
    return [*first, *_without(said, story, about), answer(story, wrong(about)), final]


def _overtaken(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """The amendment arrives before what it amends (M12)."""
    final = _stamped(answer(story, about, status="amended"), about, 3)
    return [*first, *_without(said, story, about), final, answer(story, wrong(about), effect="outranked", wave=LATER)]


def _draft(story: Story, about: Measurement, effect: Effect = "created", wave: int = AT_ONCE) -> Letter:
    half = answer(story, wrong(about), status="in-progress", effect=effect, wave=wave)
    half.resource["item"] = half.resource["item"][: (len(half.resource["item"]) + 1) // 2]
    return _stamped(half, about, -1)


def _drafted(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """In progress, then completed."""
    return [*first, *_without(said, story, about), _draft(story, about), answer(story, about, effect="updated")]


def _draft_came_late(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """A draft never undoes a completed form (M11)."""
    return [*first, *said, _draft(story, about, "outranked", LATER)]


def _abandoned(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """Begun and never completed: stays in intake (M8)."""
    return [*first, *said, answer(story, about, status="stopped", ends="draft")]


def _retracted(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """An answer that was another patient's, taken back."""
    taken_back = answer(story, about, status="entered-in-error", effect="updated", ends="retracted", wave=LATER)
    return [*first, *said, answer(story, about, ends="retracted"), taken_back]


def _second_retracted(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """An earlier answer, which would win, is taken back; the next is promoted (M6)."""
    earlier = replace(wrong(about), minute=about.minute - 60)
    return [
        *first,
        *said,
        answer(story, earlier, suffix="-earlier", ends="retracted"),
        answer(story, earlier, suffix="-earlier", status="entered-in-error", effect="updated", ends="retracted", wave=LATER),
    ]


def _tombstone(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """Taken back before it was ever sent (M12)."""
    return [*first, *said, answer(story, about, status="entered-in-error", ends="retracted")]


def _just_outside(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """With its episode stated it is off-window; without, no episode's window holds it and it waits (M5, M7)."""
    stated = story.history.number % 3 == 0
    return [*first, *said, answer(story, about, ends="off-window" if stated else "waiting")]


def _survey_too_late(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    return [*first, *said, answer(story, about, ends="off-window", states_episode=True)]


def _second(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """A second answer within the window, half an hour later: surplus (M6)."""
    again = replace(wrong(about), minute=about.minute + 30)
    return [*first, *said, answer(story, again, suffix="-again", ends="surplus")]


def _incomplete_first(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """An earlier form with one item open: what can be scored wins (M6)."""
    earlier = answer(story, replace(wrong(about), minute=about.minute - 60), suffix="-incomplete", ends="surplus")
    del earlier.resource["item"][7]
    return [*first, earlier, *said]


def _unstated_first(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """An earlier answer that does not state its moment loses to the one that does (M6)."""
    earlier = answer(story, replace(wrong(about), minute=about.minute - 60), suffix="-unstated", ends="surplus")
    stated = answer(story, about, states_moment=True)
    return [*first, earlier, *_without(said, story, about), stated]


def _unscheduled(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """With its episode stated it is unscheduled; without, no window of its instrument holds it and it waits (M5, M7)."""
    return [*first, *said, answer(story, about, ends="unscheduled", states_episode=True)]


def _moved(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """Registered with a t0 a year too early; the correction moves everything (M4)."""
    registered = copy.deepcopy(first[1].resource)
    start = story.history.t0
    registered["period"]["start"] = date(start.year - 1, start.month, min(start.day, 28)).isoformat()
    registered["meta"]["lastUpdated"] = f"{start.isoformat()}T12:00:00Z"
    return [first[0], replace(first[1], resource=registered), *said, replace(first[1], effect="updated", wave=LATER)]


def _re_registered(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """Registered with another sex and year of birth, then put right."""
    wrong_one, right = copy.deepcopy(first[0].resource), copy.deepcopy(first[0].resource)
    wrong_one["gender"] = "male" if story.history.female else "female"
    wrong_one["birthDate"] = str(story.history.birth_year - 9)
    right["meta"] = {"lastUpdated": f"{story.history.ended.isoformat()}T12:00:00Z"}
    return [replace(first[0], resource=wrong_one), first[1], *said, replace(first[0], resource=right, effect="updated", wave=LATER)]


def _late_baseline(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """Everything of t0 arrives when all else has been judged without it (M25)."""
    at_t0 = {measured.instrument for measured in story.history.measurements if measured.moment == "t0"}
    return [*first, *(replace(letter, wave=LATER) if place < len(at_t0) else letter for place, letter in enumerate(said))]


def _backwards(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    return [*reversed(said), *reversed(first)]


def _impossible(story: Story, about: Measurement, first: list[Letter], said: list[Letter]) -> list[Letter]:
    """Pain of 120 on a scale that ends at 100: refused, with the element named."""
    sent = answer(story, replace(about, value=120), suffix="-impossible", effect="refused")
    return [*first, *said, replace(sent, ends=None)]


_DIRT: dict[Kind, Dirty] = {
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
    model = next(story for story in stories if story.group == "responders" and len(story.history.measurements) == 10)
    number = len(stories)
    mistaken = _as(model, number)
    yield _patient(mistaken)
    yield _episode(mistaken)
    for one in mistaken.history.measurements:
        yield answer(mistaken, one, ends="waiting")
    error = copy.deepcopy(_episode(mistaken).resource)
    error["status"] = "entered-in-error"
    error["meta"] = {"lastUpdated": "2016-06-01T12:00:00Z"}
    yield Letter(mistaken.history.hospital, error, "updated", wave=LATER)
    for other in (number + 1, number + 2):
        unknown = _as(model, other)
        yield _patient(unknown)
        for one in unknown.history.measurements[:2]:
            yield answer(unknown, one, ends="waiting")


def _as(model: Story, number: int) -> Story:
    """Somebody of the same story under another number."""
    assert model.history.seed == SEED
    return replace(model, history=replace(model.history, number=number))
