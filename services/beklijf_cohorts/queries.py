"""Questions nobody foresaw, read only: all counts anew from what was heard, compared with those that were kept by difference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from beklijf_cohorts import hearing, store
from beklijf_cohorts.domain.cells import Plan
from beklijf_cohorts.domain.derive import derive
from beklijf_shared.db import Connection

PAGE = 2000


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that is not what it should be."""

    population: str
    key: str
    kept: int
    counted: int


def recount(connection: Connection, plan: Plan) -> list[Difference]:
    """Where the kept counts of a population differ from one pass over everything that was heard: empty, or something is broken.

    Every episode is counted on the day on which it was derived last; whatever the tick has still to do is not a difference. The
    transaction must be REPEATABLE READ.
    """
    counted: Counter[str] = Counter()
    after = ""
    while page := store.derived_after(connection, plan.population, after, PAGE):
        for _, facts, day in page:
            counted.update(derive(hearing.stored(facts).episode, day, plan).cells)
        after = page[-1][0]
    kept = store.sums(connection, plan.population)
    keys = sorted(key for key in counted.keys() | kept.keys() if counted[key] != kept.get(key, 0))
    return [Difference(plan.population, key, kept.get(key, 0), counted[key]) for key in keys]
