"""How long a loop lets work gather before it goes round again.

A round costs nearly the same for one message as for a hundred: the journeys to the database, the commit, the journey to the broker. A
loop that starts again at once therefore spends under load all it has on rounds of two or three. Resting in proportion to what the last
round took makes rounds large where the machine is busy (rounds take longer there) and keeps them frequent where it is not.
"""

from __future__ import annotations

TIMES = 2
"""A loop rests so many times as long as its last round took: it takes a third of a processor at most, unless it is behind."""

LONGEST_SECONDS = 0.1


APART_SECONDS = 0.04
"""At the head of the path, where answers come one by one, rounds begin so far apart at least: each of them is a round of every loop after
it, and those then find all of it at once, and need not wait for more."""


def rest_seconds(took: float, *, full: bool, head: bool = False) -> float:
    """How long to rest after a round that took so many seconds; not at all when it was full, because then there is more."""
    if full:
        return 0.0
    return max(min(LONGEST_SECONDS, TIMES * took), APART_SECONDS - took if head else 0.0)
