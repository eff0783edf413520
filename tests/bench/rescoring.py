"""What it costs to derive everybody anew after a contract changed: planned and applied, on a database of its own, nothing else running.

Three changes, from the least to the most that there is to write: none at all, a stricter rule (every pair and episode is told anew, the
former verdicts stay readable), and a new version of the instrument with it (every score too).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from beklijf_domain.rule import EVERY, Judgement, Threshold
from beklijf_scoring import rescoring
from beklijf_scoring.effect import Effect
from beklijf_scoring.usecases import Scoring
from beklijf_shared import contracts, db, migrations
from beklijf_shared.contracts import Contracts
from tests.bench import consuming
from tests.bench.alone import seconds
from tests.lib import infra
from tests.lib.clock import NOON, HandClock
from tests.lib.rooms import Room
from tests.lib.servers import PostgresServer

RULE, INSTRUMENT = "imsr-30-percent", "qbpds"


@dataclass(frozen=True)
class Walk:
    """One walk over everybody: how many answers, and microseconds per answer by the clock and of each processor's time."""

    answers: int
    clock: float
    python: float
    postgres: float

    def __str__(self) -> str:
        costs = f"{self.python:.0f} µs in Python, {self.postgres:.0f} µs in PostgreSQL"
        return f"{1e6 / self.clock:.0f} answers/s; processor time per answer: {costs}"


@dataclass
class Filled:
    """A database of scoring with so many answers, five a patient, twenty items each."""

    server: PostgresServer
    room: Room
    answers: int

    def planned(self, known: Contracts) -> Walk:
        """What looking costs that changes nothing."""
        scoring = Scoring(known)
        return self._timed(lambda engine: rescoring.previewed(engine, scoring, Effect(tuple(known.cohorts.values()))))

    def applied(self, known: Contracts) -> Walk:
        """What changing it costs."""
        scoring = Scoring(known)
        return self._timed(lambda engine: rescoring.walk(engine, scoring, HandClock(NOON + timedelta(days=1))))

    def _timed(self, walk: Callable[[db.Engine], object]) -> Walk:
        """What a walk costs."""
        before, started = self._spent(), time.perf_counter()
        walk(self.room.engine)
        clock, after = time.perf_counter() - started, self._spent()
        python, postgres = ((now - then) / self.answers * 1e6 for then, now in zip(before, after, strict=True))
        return Walk(self.answers, clock / self.answers * 1e6, python, postgres)

    def _spent(self) -> tuple[float, float]:
        assert self.server.running is not None
        return time.process_time(), seconds(self.server.running.process.pid)


@contextmanager
def filled(patients: int) -> Iterator[Filled]:
    """Scoring alone, which was told everything about so many patients."""
    with infra.scratch() as folder:
        server = PostgresServer(folder / "postgres").start()
        try:
            migrations.upgrade("beklijf_scoring", server.url_of("scoring"))
            room = Room("scoring", server.url_of("scoring"))
            messages = list(consuming.accepted(0, patients))
            consuming.apply_all(room, messages)
            room.sends()
            yield Filled(server, room, len(messages) - patients)
            room.close()
        finally:
            server.stop()


def walks(found: Filled) -> Iterator[tuple[str, Walk]]:
    """Every measurement with its name."""
    known = contracts.load()
    stricter, new = changed(known, rule="1/2"), changed(changed(known, rule="3/4"), instrument="1.1.0")
    yield "rescore --apply, nothing changed", found.applied(known)
    yield "rescore --plan, a stricter rule", found.planned(stricter)
    yield "rescore --apply, a stricter rule", found.applied(stricter)
    yield "rescore --plan, rule and instrument", found.planned(new)
    yield "rescore --apply, rule and instrument", found.applied(new)


def changed(known: Contracts, *, rule: str | None = None, instrument: str | None = None) -> Contracts:
    """The contracts with another share of the baseline as important change, or with another version of the instrument."""
    rules, instruments = dict(known.rules), dict(known.instruments)
    if rule is not None:
        threshold = Threshold(">=", relative=Fraction(rule))
        rules[RULE] = replace(rules[RULE], version=f"2.0.{threshold.relative}", judgements={EVERY: Judgement(threshold, threshold, None)})
    if instrument is not None:
        instruments[INSTRUMENT] = replace(instruments[INSTRUMENT], version=instrument)
    by_questionnaire = {canonical: tuple(instruments[each.code] for each in group) for canonical, group in known.by_questionnaire.items()}
    return replace(known, rules=rules, instruments=instruments, by_questionnaire=by_questionnaire)
