"""What one consumer process can take: batches of 500 applied to a real database, without broker and without the others."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import event as hooks

from beklijf_shared import envelope, topics
from tests.bench import material
from tests.lib import builders, reference
from tests.lib.clock import NOON
from tests.lib.events import message
from tests.lib.rooms import Room

BATCH = 500


@dataclass(frozen=True)
class Rate:
    """How fast one consumer was, and how many statements its batches took at most."""

    messages: int
    seconds: float
    statements: int

    @property
    def per_second(self) -> float:
        """Messages per second."""
        return self.messages / self.seconds


def accepted(first: int, count: int) -> Iterator[envelope.Message]:
    """What intake tells of these patients: an episode and five answers each."""
    for number in range(first, first + count):
        subject, t0 = f"s{number}", material.t0_of(number)
        yield message(builders.episode_changed(f"e{number}", subject=subject, t0=t0))
        for moment, (_, target, _) in reference.windows(date.fromisoformat(t0)).items():
            value, at = (number * 7 + int(moment[1]) * 29) % 101, f"{target}T11:00:00Z"
            yield message(builders.response_accepted(f"r{number}-{moment}", value, instrument="qbpds", subject=subject, measured=at))


def apply_all(room: Room, messages: Sequence[envelope.Message]) -> Rate:
    """Applies all in batches of 500, each its own transaction."""
    started, statements = time.perf_counter(), 0
    for at in range(0, len(messages), BATCH):
        with _counted(room) as count:
            rejected = room.apply_messages(messages[at : at + BATCH], NOON)
        assert not rejected, rejected[0].reason
        statements = max(statements, count[0])
    return Rate(len(messages), time.perf_counter() - started, statements)


@contextmanager
def _counted(room: Room) -> Iterator[list[int]]:
    count = [0]

    def one_more(*_: object) -> None:
        count[0] += 1

    hooks.listen(room.engine, "before_cursor_execute", one_more)
    yield count
    hooks.remove(room.engine, "before_cursor_execute", one_more)


def scoring_and_cohorts(scoring: Room, cohorts: Room, patients: int) -> tuple[Rate, Rate]:
    """Scoring applies everything about so many patients; cohorts applies what scoring then tells."""
    first = apply_all(scoring, list(accepted(0, patients)))
    told = [one for one in scoring.sends() if one.topic is topics.EPISODE_SCORED]
    return first, apply_all(cohorts, told)
