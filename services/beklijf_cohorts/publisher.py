"""The publisher: one is active per database; it turns the day, derives again what changes with the date, and publishes snapshots.

At once while no consumer has a backlog, the farther apart the busier the machine is; at most once a second while one has (design,
section 3.7). Those with hidden cells are a second apart in any case: to protect them is most of the work, and they are not live (M38).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from beklijf_cohorts import settings as fixed
from beklijf_cohorts import store, usecases
from beklijf_cohorts.usecases import Look, Plans
from beklijf_shared import crash, db, process, progress
from beklijf_shared.clock import Clock
from beklijf_shared.db import Engine
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Log, Logger

STAND_BY_SECONDS = 1.0
QUIET_SECONDS = 1.0


def run(engine: Engine, plans: Plans, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """Publishes until `stop`; survives the database going away, and stands by while another publisher is active."""
    publishing = Publishing(engine, plans, clock, log)
    status.report = lambda: publishing.report(status)
    failures = 0
    while not stop.is_set():
        failures += 1
        with process.outliving_database(status, log), engine.connect() as leading:
            leading.detach()  # really closed afterwards: a pooled one would keep the lock
            active = store.lead(leading)
            status.has("database")
            failures = 1  # if the database is lost from here on, that is the first time
            if active:
                publishing.until(stop, status, lambda: store.lead(leading))
            failures = 0
        publishing.forget()
        if failures:
            process.back_off(failures, status, stop)
        else:
            status.beat()
            stop.wait(STAND_BY_SECONDS)


@dataclass(slots=True)
class Lane:
    """Cohorts whose snapshots are taken together: those of which everything is shown, or (`protected`) those with small cells hidden."""

    protected: bool
    looked: Look | None = None
    """The look after which nothing of them was left to publish."""
    not_before: float = 0.0


@dataclass(slots=True)
class Publishing:
    """The work of the active publisher, step by step."""

    engine: Engine
    plans: Plans
    clock: Clock
    log: Logger
    turned: usecases.Days | None = None
    """The days to which the counts were turned last."""
    taken: float = 0.0
    """When the last snapshots were taken."""
    lanes: tuple[Lane, Lane] = field(default_factory=lambda: (Lane(protected=False), Lane(protected=True)))

    @property
    def looked(self) -> Look | None:
        """The look after which nothing was left to publish."""
        shown, hidden = (lane.looked for lane in self.lanes)
        return shown if shown == hidden else None

    def forget(self) -> None:
        """Everything is looked at anew: another publisher was active meanwhile."""
        for lane in self.lanes:
            lane.looked = None

    def until(self, stop: threading.Event, status: Status, leads: Callable[[], bool]) -> None:
        """Goes round until `stop`; raises when the connection that holds the lock is lost."""
        asked = time.monotonic()
        while not stop.is_set():
            status.beat()
            if time.monotonic() - asked > STAND_BY_SECONDS:
                asked = time.monotonic()
                leads()  # holding it already, this only proves that the connection lives
            if not self.step():
                stop.wait(self._rest_seconds(time.monotonic()))

    def step(self) -> bool:
        """Does what there is to do now; says whether there may be more at once."""
        days = usecases.todays(self.plans, self.clock())
        if days != self.turned:
            self._turn_day()
            self.turned = days
        with db.transaction(self.engine) as connection:
            seen = usecases.look(connection, self.plans)
        if not usecases.is_wanted(seen.standing, self.plans):
            self.turned = None  # other cohorts are counted than ours: the next round counts anew
            return True
        if seen.pending:
            return self._tick() > 0
        for lane in self.lanes:
            if seen != lane.looked and time.monotonic() >= lane.not_before:
                self._take(lane)
        return False

    def _rest_seconds(self, now: float) -> float:
        """How long until it is worth looking again: no snapshot is taken before its time, whatever there is to see."""
        look = fixed.QUIET_LOOK_SECONDS if now - self.taken > QUIET_SECONDS else fixed.LOOK_SECONDS
        return max(look, min(lane.not_before for lane in self.lanes) - now)

    def _turn_day(self) -> None:
        with db.transaction(self.engine) as connection:
            turned = usecases.turn_day(connection, self.plans, self.clock())
        if turned:
            self.log.event(Log.DAY_TURNED)

    def _tick(self) -> int:
        with db.transaction(self.engine) as connection:
            return usecases.tick(connection, self.plans, self.clock())

    def _take(self, lane: Lane) -> None:
        self.taken = started = time.monotonic()
        processor = time.process_time()
        with db.transaction(self.engine.execution_options(isolation_level="REPEATABLE READ")) as connection:
            backlog = progress.backlog(connection)
            taken = usecases.take_snapshots(
                connection,
                self.plans,
                self.clock(),
                protected=lane.protected,
                backlog=backlog,
                maximum_bytes=fixed.SNAPSHOT_MAXIMUM_BYTES,
            )
            crash.point("publisher:before-commit")
        crash.point("publisher:published-not-remembered")
        lane.looked = None if taken.withheld else taken.look
        seconds = time.monotonic() - started
        pause = pause_seconds(seconds, time.process_time() - processor)
        lane.not_before = started + (fixed.BACKLOG_SECONDS if backlog or lane.protected else pause)
        for cohort in taken.too_large:
            self.log.event(Log.MESSAGE_TOO_LARGE, cohort=cohort)
        if taken.published:
            self.log.event(Log.SNAPSHOT_TAKEN, count=taken.published, seconds=round(seconds, 3))

    def report(self, status: Status) -> dict[str, Any]:
        """What `/progress` says: settled when the last look found nothing more to publish than there is now. The look is read
        before the database, all of which is read at one instant: what came in between makes it unsettled, never the reverse."""
        looked = self.looked
        with db.transaction(self.engine.execution_options(isolation_level="REPEATABLE READ")) as connection:
            settled = usecases.is_settled(connection, self.plans, self.clock(), looked)
            known = progress.known_incarnation(connection)
            return {**progress.report(connection, status.incarnation or known), "incarnation": known, "settled": settled}


def pause_seconds(took: float, processor: float) -> float:
    """How far apart the next snapshots are from those that took so long, and so much of a processor."""
    crowd = took / processor if processor > 0 else 1.0
    return min(fixed.BACKLOG_SECONDS, max(fixed.LOOK_SECONDS, fixed.PACE * took * crowd))
