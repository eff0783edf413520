"""One story put into letters: its resources, each with the hospital that sends it and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from beklijf.reference import draw, resources
from beklijf.reference.history import Measurement
from beklijf.reference.imsr.histories import Story
from beklijf.reference.resources import BASE, Resource

MOMENT_EXTENSION = f"{BASE}/StructureDefinition/measurement-moment"

Effect = Literal["created", "updated", "outranked", "repeated", "refused"]
"""What intake does with it (M11): a new resource, a new current version, a version that loses, nothing new, nothing at all."""

Ends = Literal["counted", "surplus", "off-window", "unscheduled", "waiting", "retracted", "draft"]
"""How an answer stands in the end (M8); `draft`: it never leaves intake."""

AT_ONCE, LATER, LAST = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Letter:
    """One resource on its way: the hospital (0 or 1), the wave, what it does, and for an answer how it stands in the end."""

    hospital: int
    resource: Resource
    effect: Effect = "created"
    ends: Ends | None = None
    wave: int = AT_ONCE


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


def registration(story: Story) -> list[Letter]:
    """The patient, then the episode."""
    return [Letter(story.history.hospital, made) for made in (resources.patient(story.history), resources.episode(story.history))]


def said(story: Story) -> list[Letter]:
    """All answers that count, in order of time."""
    return [answer(story, one) for one in story.history.measurements]
