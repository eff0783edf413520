"""The cohort: stories, told in FHIR, in an order as they could arrive, per hospital."""

from __future__ import annotations

import json
from collections.abc import Iterator

from beklijf.reference import draw, resources
from beklijf.reference.dirt import dirt
from beklijf.reference.history import History, history
from beklijf.reference.resources import Resource

DEMO_EPISODES = 60
DEMO_SEED = 2012


def generate(size: int = DEMO_EPISODES, seed: int = DEMO_SEED, hospital: int | None = None) -> Iterator[Resource]:
    """All resources of `size` episodes, or those of one hospital (0 or 1). The first n episodes are the same for every size."""
    for number in range(size):
        story = history(number, seed)
        if hospital is None or story.hospital == hospital:
            yield from told(story)


def told(story: History) -> Iterator[Resource]:
    """Everything about one episode. One in ten answers before its episode is known, which must not matter (M7)."""
    first = [resources.patient(story), resources.episode(story)]
    said = [resources.answers(story, one) for one in story.measurements]
    yield from said + first if draw.one_in(10, story.seed, story.number, "early") else first + said
    if story.leaving in {"withdrawn", "objected"}:
        yield resources.consent(story)
    yield from dirt(story)


def ndjson(resource: Resource) -> bytes:
    """One line, compact, without the newline."""
    return json.dumps(resource, separators=(",", ":"), ensure_ascii=False).encode()
