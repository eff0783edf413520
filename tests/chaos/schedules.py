"""Schedules of kills (P-02): which process dies where, one life after the other, and what else is killed, all drawn from a seed.

Two schedules that follow one another take every process through every point at which it can be told to die, once; so twenty pairs kill
it at each of them twenty times. What dies besides dies at whatever moment it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from beklijf.local.processes import PROCESSES

SEED = 20260302
SERVERS = ("postgres", "broker")
KILLS = 3

RELAY = ("relay:taken-not-sent", "relay:acknowledged-not-deleted", "relay:deleted")
CONSUMER = ("consumer:before-effect", "consumer:before-commit", "consumer:applied-not-committed")
POINTS: Mapping[str, tuple[str, ...]] = {
    "intake-api": (
        "intake:before-insert",
        "intake:between-outbox-and-tallies",
        "intake:before-commit",
        "intake:after-commit-before-answer",
        "intake:import-kept-not-recorded",
    ),
    "intake-importer": (
        "intake:import-shared-out",
        "intake:import-before-commit",
        "intake:import-after-commit",
        "intake:import-all-stored",
    ),
    "intake-relay": RELAY,
    "scoring-consumer": CONSUMER,
    "scoring-relay": RELAY,
    "cohorts-consumer": CONSUMER,
    "cohorts-publisher": ("publisher:before-commit", "publisher:published-not-remembered"),
    "cohorts-relay": RELAY,
    "reporting-consumer": CONSUMER,
}
"""Where each process can kill itself, while the others go on."""

SECOND = ("intake:import-before-commit", "intake:import-after-commit")
"""In a worker of the importer, which must have stored a block before, or the file would be given up as one that nobody can read."""
SELDOM = ("intake:import-kept-not-recorded", "intake:import-all-stored", "publisher:before-commit", "publisher:published-not-remembered")
"""Passed once in a while, so the first time is waited for."""
OFTEN = 12


@dataclass(frozen=True)
class Schedule:
    """`crashes`: by process the points (`point:count`) that it dies at; `kills`: what else dies, and after how many more messages."""

    number: int
    crashes: Mapping[str, tuple[str, ...]]
    kills: tuple[tuple[str, int], ...]


def schedule(number: int) -> Schedule:
    """One schedule; the same for the same number, whatever ran before."""
    pair, second = divmod(number, 2)
    order, random = Random(f"{SEED}/{pair}"), Random(f"{SEED}/{pair}/{second}")
    crashes = {}
    for process, points in POINTS.items():
        shuffled = order.sample(points, len(points))
        crashes[process] = tuple(f"{point}:{_count(random, point)}" for point in shuffled[second::2])
    victims = [process.name for process in PROCESSES]
    killed = [*random.choices(victims, k=KILLS - 1), random.choice((*SERVERS, *victims))]
    return Schedule(number, crashes, tuple((victim, random.randint(1, 20)) for victim in killed))


def _count(random: Random, point: str) -> int:
    if point in SECOND:
        return 2
    return 1 if point in SELDOM else random.randint(1, OFTEN)
