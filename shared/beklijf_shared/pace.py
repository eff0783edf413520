"""How long a loop lets work gather before it goes round again.

A round costs nearly the same for one message as for a hundred: the journeys to the database, the commit, the journey to the broker. A
loop that starts again at once therefore spends under load all it has on rounds of two or three. Resting in proportion to what the last
round took makes rounds large where the machine is busy (rounds take longer there) and keeps them frequent where it is not.
"""

from __future__ import annotations

TIMES = 2
"""A loop rests so many times as long as its last round took: it takes a third of a processor at most, unless it is behind."""

LONGEST_SECONDS = 0.1


def rest_seconds(took: float, *, full: bool) -> float:
    """How long to rest after a round that took so many seconds; not at all when it was full, because then there is more."""
    return 0.0 if full else min(LONGEST_SECONDS, TIMES * took)
