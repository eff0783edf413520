"""What real senders do: say it twice, correct it, take it back, answer too late or twice, and send what cannot be.

Each kind happens to a fixed few episodes of every sixty, so that a small cohort has all of them and a large one its share.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from beklijf.reference import resources
from beklijf.reference.history import History, Measurement
from beklijf.reference.resources import Resource

PERIOD = 60
RESENT, AMENDED, RETRACTED, OFF_WINDOW, WAITING, SURPLUS, IMPOSSIBLE = 3, 11, 17, 23, 31, 37, 45
OFF_WINDOW_DAYS = 280
"""After the window of t2 has closed and before that of t3 opens."""


def dirt(history: History) -> Iterator[Resource]:
    """The extra resources that one episode causes; most cause none."""
    kind = history.number % PERIOD
    if not history.measurements:
        return
    pain = next(one for one in history.measurements if one.instrument == "vas-pain")
    if kind == RESENT:
        yield resources.patient(history)
        yield resources.episode(history)
        yield from (resources.answers(history, one) for one in history.measurements)
    elif kind == AMENDED:
        yield _changed(resources.answers(history, replace(pain, value=(pain.value + 7) % 101, minute=pain.minute + 90)), "amended")
    elif kind == RETRACTED:
        yield _changed(resources.answers(history, replace(pain, minute=pain.minute + 90)), "entered-in-error")
    elif kind in {OFF_WINDOW, WAITING}:
        late = replace(pain, moment="late", day=history.t0 + timedelta(days=OFF_WINDOW_DAYS))
        yield resources.answers(history, late, states_episode=kind == OFF_WINDOW)
    elif kind == SURPLUS:
        yield resources.answers(history, replace(pain, minute=pain.minute + 30, value=50), suffix="-again")
    elif kind == IMPOSSIBLE:
        yield _impossible(history, pain)


def _impossible(history: History, pain: Measurement) -> Resource:
    """Pain of 120 on a scale that ends at 100: refused, with the element named."""
    return resources.answers(history, replace(pain, value=120), suffix="-impossible")


def _changed(resource: Resource, status: str) -> Resource:
    changed = copy.deepcopy(resource)
    changed["status"] = status
    return changed
