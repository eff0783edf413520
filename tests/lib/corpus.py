"""More than two thousand QuestionnaireResponses, good and spoilt, the same every time, for whoever judges them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from tests.lib import filling
from tests.lib.questionnaires import Resource, hand_made, shipped
from tests.lib.spoiling import draft, envelope, shape, structure, values

__all__ = ["Case", "cases", "envelope", "shape", "structure", "values"]

SEED = "beklijf"
GOOD_SHIPPED, GOOD_HAND_MADE = 4, 12  # responses to each form
ONE_IN = 5  # so many of the shipped forms share a way between them
TWICE_SHIPPED, TWICE_HAND_MADE = 6, 30  # of each form, spoilt in two ways
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
    groups = [_shipped(form, turn) for turn, form in enumerate(shipped())] + [_hand_made(form) for form in hand_made()]
    for one in (case for group in groups for case in group):
        found.setdefault(one.line, one)
    return tuple(found.values())


def _shipped(form: Resource, turn: int) -> list[Case]:
    good = _good(form, GOOD_SHIPPED)
    names = [name for at, name in enumerate(draft.WAYS) if at % ONE_IN == turn % ONE_IN]
    once = [case for name in names for case in _spoilt(form, good, (name,), 1)]
    return [*_as_they_are(form, good), *once, *_twice(form, good, TWICE_SHIPPED)]


def _hand_made(form: Resource) -> list[Case]:
    good = _good(form, GOOD_HAND_MADE)
    once = [case for name in draft.WAYS for case in _spoilt(form, good, (name,), 2 if _is_about_items(name) else 1)]
    return [*_as_they_are(form, good), *once, *_twice(form, good, TWICE_HAND_MADE)]


def _good(form: Resource, count: int) -> list[Resource]:
    return [filling.response(form, f"a{n}", Random(f"{SEED} {form['id']} {n}"), share=SHARES[n % 3]) for n in range(count)]


def _as_they_are(form: Resource, good: list[Resource]) -> list[Case]:
    return [Case(f"{form['id']} {n}", form["id"], (), draft.text(one)) for n, one in enumerate(good)]


def _twice(form: Resource, good: list[Resource], count: int) -> list[Case]:
    chance = Random(f"{SEED} {form['id']}")
    first = [name for name in draft.WAYS if _is_about_items(name)]
    ways = [(chance.choice(first), chance.choice(list(draft.WAYS))) for _ in range(count)]
    return [case for pair in ways for case in _spoilt(form, good, pair, 1)]


def _is_about_items(name: str) -> bool:
    """The ways in which items and answers go wrong; the others are the same whatever is asked."""
    return draft.WAYS[name].__module__ in (values.__name__, structure.__name__)


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
