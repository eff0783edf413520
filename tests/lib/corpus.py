"""More than two thousand QuestionnaireResponses, good and spoilt, the same every time, for whoever judges them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from tests.lib import filling
from tests.lib.questionnaires import Resource, all_of_them, hand_made
from tests.lib.spoiling import draft, envelope, shape, structure, values

__all__ = ["Case", "cases", "envelope", "shape", "structure", "values"]

SEED = "beklijf"
GOOD = 12  # of each form
TIMES_SHIPPED, TIMES_HAND_MADE = 1, 2  # responses that each way is tried on
TWICE = 40  # of each form, spoilt in two ways
SHARES = (0.8, 1.0, 0.4)


@dataclass(frozen=True)
class Case:
    """One resource as a line of JSON, and the ways in which it was spoilt (none: it is good)."""

    name: str
    form: str
    ways: tuple[str, ...]
    line: str


@cache
def cases() -> tuple[Case, ...]:
    """All of them; no line occurs twice."""
    found: dict[str, Case] = {}
    for form in all_of_them():
        for one in _of(form):
            found.setdefault(one.line, one)
    return tuple(found.values())


def _of(form: Resource) -> list[Case]:
    good = [filling.response(form, f"a{n}", Random(f"{SEED} {form['id']} {n}"), share=SHARES[n % 3]) for n in range(GOOD)]
    found = [Case(f"{form['id']} {n}", form["id"], (), draft.text(one)) for n, one in enumerate(good)]
    names = list(draft.WAYS)
    times = TIMES_HAND_MADE if form in hand_made() else TIMES_SHIPPED
    for name in names:
        found += _spoilt(form, good, (name,), times)
    chance = Random(f"{SEED} {form['id']}")
    first = [name for name, way in draft.WAYS.items() if way.__module__ in (values.__name__, structure.__name__)]
    for _ in range(TWICE):
        found += _spoilt(form, good, (chance.choice(first), chance.choice(names)), 1)
    return found


def _spoilt(form: Resource, good: list[Resource], ways: tuple[str, ...], times: int) -> list[Case]:
    """The first responses on which these ways have an effect."""
    found: list[Case] = []
    for n, response in enumerate(good):
        name = f"{form['id']} {n} {' '.join(ways)}"
        spoilt = draft.spoilt(form, response, ways, Random(f"{SEED} {name}"))
        if spoilt is not None:
            found.append(Case(name, form["id"], ways, draft.text(spoilt)))
        if len(found) == times:
            break
    return found
