"""Shared commits: requests that wait at the same moment are stored in one transaction, and answered only after it is committed.

One writer per process, so the database sees few, large transactions, whatever the number of clients. Nothing is answered from
memory: a verdict leaves this module after COMMIT returned, or not at all (design, section 6.4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.submission import Name
from beklijf_intake.usecases import Overtaken, Rules, Unit, Verdict, accept
from beklijf_shared import crash, db
from beklijf_shared.clock import Clock
from beklijf_shared.ids import IdMaker
from beklijf_shared.telemetry import Log, Logger

UNITS_PER_COMMIT = 200
QUIET_TURNS = 3
"""So many turns of the event loop without a newcomer: one reads a request, one judges it."""
WAITING_UNITS_MAXIMUM = 4_000
"""Beyond this many, a new request is turned away at once (about two seconds of work): better than answering it too late."""
ATTEMPTS = 4
WAITING_BYTES_MAXIMUM = 64 * 1024 * 1024
"""What the bodies of all that waits may take of memory; one request alone is always taken on."""
RETRY_AFTER_SECONDS = 2
AGAIN_STATES = (*db.SERIALIZATION_STATES, "23505", "26000")
"""Someone else was first (of a duplicate key too, because what they made is found the next time), or the server forgot a statement."""

Outcome = Verdict | Exception

Commit = Callable[[Sequence[Unit]], list[Verdict]]
"""Stores units in one committed transaction; gives a verdict for each, or raises and has stored nothing (that is known of)."""


class Unavailable(Exception):
    """Nothing was stored as far as is known; the same request may succeed later. Sending it again is always safe."""


class Busy(Unavailable):
    """Too many requests wait already; this one was not taken on."""


def committer(engine: db.Engine, clock: Clock, make_id: IdMaker, rules: Rules) -> Commit:
    """How units are stored in this process."""

    def commit(units: Sequence[Unit]) -> list[Verdict]:
        lock_also: frozenset[Name] = frozenset()
        for attempt in range(1, ATTEMPTS + 1):
            accepted = False
            try:
                with db.transaction(engine) as connection:
                    verdicts = accept(connection, units, now=clock(), make_id=make_id, rules=rules, lock_also=lock_also)
                    accepted = True
            except Overtaken as overtaken:
                lock_also |= overtaken.names
            except db.DBAPIError as error:
                lost_before = error.connection_invalidated and not accepted  # lost on the way of COMMIT, nobody knows whether it is stored
                if attempt == ATTEMPTS or not (lost_before or getattr(error.orig, "sqlstate", None) in AGAIN_STATES):
                    raise
            else:
                crash.point("intake:after-commit-before-answer")
                return verdicts
        raise Unavailable

    return commit


class Writer:
    """Takes units in, answers each after its commit. `run` must be running; everything here belongs to one event loop."""

    def __init__(self, commit: Commit, log: Logger, *, most: int = UNITS_PER_COMMIT) -> None:
        self._commit, self._log, self._most = commit, log, most
        self._waiting: asyncio.Queue[tuple[Unit, asyncio.Future[Outcome]]] = asyncio.Queue()
        self._bytes = 0

    async def submit(self, units: Sequence[Unit]) -> list[Verdict]:
        """The verdicts on these units, each after the commit of its transaction. Raises Busy, Unavailable, or what went wrong."""
        size = sum(len(request.received.body) for unit in units for request in unit.requests)
        if self._waiting.qsize() + len(units) > WAITING_UNITS_MAXIMUM or (self._bytes and self._bytes + size > WAITING_BYTES_MAXIMUM):
            raise Busy
        self._bytes += size
        try:
            return await self._answered(units)
        finally:
            self._bytes -= size

    async def _answered(self, units: Sequence[Unit]) -> list[Verdict]:
        answers: list[asyncio.Future[Outcome]] = [asyncio.get_running_loop().create_future() for _ in units]
        for pair in zip(units, answers, strict=True):
            self._waiting.put_nowait(pair)
        outcomes = [await answer for answer in answers]  # all of them, before one raises: the others are stored
        return [_verdict(outcome) for outcome in outcomes]

    async def run(self) -> None:
        """Writes for ever; cancel it when nothing waits any more."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer") as thread:
            while True:
                batch = [await self._waiting.get()]
                await self._others(batch)
                while len(batch) < self._most and not self._waiting.empty():
                    batch.append(self._waiting.get_nowait())
                units = [unit for unit, _ in batch]
                outcomes = await asyncio.get_running_loop().run_in_executor(thread, self._outcomes, units)
                for (_, answer), outcome in zip(batch, outcomes, strict=True):
                    if not answer.done():  # else whoever asked is gone
                        answer.set_result(outcome)

    async def _others(self, batch: Sequence[object]) -> None:
        """Lets those come along who are at the door already: a commit costs the same for one as for many."""
        quiet, waiting = 0, self._waiting.qsize()
        while quiet < QUIET_TURNS and len(batch) + waiting < self._most:
            await asyncio.sleep(0)
            quiet = 0 if self._waiting.qsize() > waiting else quiet + 1
            waiting = self._waiting.qsize()

    def _outcomes(self, units: Sequence[Unit]) -> list[Outcome]:
        """Stores a batch; where that fails for a reason of its own, one unit at a time, so that only the culprit is refused."""
        try:
            return list(self._commit(units))
        except Exception as error:  # noqa: BLE001 whatever it is, every request gets an answer and the writer lives on
            if isinstance(error, Unavailable) or db.is_transient(error):
                return [Unavailable() for _ in units]
            if len(units) == 1:
                self._log.event(Log.REQUEST_FAILED, error=type(error).__name__)
                return [error]
            self._log.event(Log.WRITE_RETRIED, error=type(error).__name__, count=len(units))
            return [outcome for unit in units for outcome in self._outcomes([unit])]


def _verdict(outcome: Outcome) -> Verdict:
    if isinstance(outcome, list | Refused):
        return outcome
    raise outcome
