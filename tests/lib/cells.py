"""The cells of cohorts in the words of the plain reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import text

from beklijf_shared import db
from tests.lib.reference import INSTRUMENTS, Figures

RULES = {"imsr-30-percent@1.0.0": "relative", "ostelo-2008@1.0.0": "absolute"}
SUMS = text("SELECT key, sum(n) FROM cell WHERE key <> '' GROUP BY key HAVING sum(n) <> 0")
NO_STATE = ("responded-closed", "not-scheduled", "paired")
"""What the reference says in other words: a pair with both sides has a verdict under every rule."""


def counted(engine: db.Engine) -> dict[str, int]:
    """All cells that are not zero, summed over their shards."""
    with db.transaction(engine) as connection:
        return {str(key): int(n) for key, n in connection.execute(SUMS)}


def figures(cells: Mapping[str, int]) -> Figures:
    """The same counts, keyed as the reference does."""
    found = Figures(Counter(), Counter(), Counter())
    for key, count in cells.items():
        kind, year, *rest = key.split("|")
        if kind == "m" and rest[1] not in NO_STATE:
            found.presence[int(year), rest[0], rest[1]] += count
        elif kind == "v":
            _, instrument, _, moment, value = rest
            if instrument not in INSTRUMENTS:  # age, which is no answer
                continue
            found.values[int(year), moment, instrument, int(value)] += count
        elif kind == "p" and rest[3] not in NO_STATE:
            _, instrument, moment, state = rest
            for rule in RULES.values():
                found.pairs[int(year), moment, instrument, rule, state] += count
        elif kind == "d":
            _, instrument, moment, rule, verdict = rest
            found.pairs[int(year), moment, instrument, RULES[rule], verdict] += count
    return found
