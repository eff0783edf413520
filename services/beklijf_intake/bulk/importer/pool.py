"""The workers of the importer: blocks are read side by side and stored in the order of the file wherever that order matters.

It matters where two blocks are about the same resource: then the later one is stored after the earlier one. Blocks that share none
are stored side by side, as requests of several senders are.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

from beklijf_intake.bulk.archives import Place
from beklijf_intake.bulk.importer.worker import Answer, Failed, Read, Task
from beklijf_intake.domain.archive import Block

LOOK_SECONDS = 0.5
STOP_SECONDS = 5.0

Start = Callable[..., Any]
"""What a worker runs in its own process, with its end of a pipe; must be importable by its name."""


class Interrupted(Exception):
    """A worker failed or died; what was stored until then is remembered. `transient`: the same may succeed later."""

    def __init__(self, error: str, *, transient: bool) -> None:
        super().__init__(error)
        self.transient = transient


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection


@dataclass(slots=True)
class _Flight:
    """A block on its way, and the worker that has it."""

    worker: _Worker
    identities: frozenset[int] | None = None
    storing: bool = False


class Pool:
    """So many processes, started at the first use and ended by `stop`."""

    def __init__(self, start: Start, count: int) -> None:
        self._start, self._count, self._workers = start, count, list[_Worker]()

    def run(self, place: Place, spool: Path, blocks: Iterable[Block], goes_on: Callable[[], bool]) -> bool:
        """Stores these blocks of a file; True when all are stored, False when `goes_on` said no or one of them was not wanted.

        Either way none is on its way any more. Raises Interrupted when a worker failed or died; then all workers have ended.
        """
        try:
            return self._share_out(place, spool, iter(blocks), goes_on)
        except Interrupted:
            self.stop()
            raise
        except (EOFError, ConnectionError):
            self.stop()
            raise Interrupted("a worker died", transient=False) from None

    def _share_out(self, place: Place, spool: Path, todo: Iterator[Block], goes_on: Callable[[], bool]) -> bool:
        free, flights, wanted = self._ready(), list[_Flight](), True
        while True:
            wanted = wanted and goes_on()
            while free and wanted and (block := next(todo, None)) is not None:
                worker = free.pop(0)
                worker.pipe.send(Task(place, block, spool))
                flights.append(_Flight(worker))
            if not flights:
                return wanted
            for flight, stored in _answered(flights):
                flights.remove(flight)
                free.append(flight.worker)
                wanted = wanted and stored
            _give_turns(flights)

    def stop(self) -> None:
        """Ends the workers; what they are storing is finished first, within a few seconds."""
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(STOP_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()
        self._workers.clear()

    def _ready(self) -> list[_Worker]:
        """All workers, idle; new ones where there are none. Not forked: a copy of our threads' locks would hang some day."""
        context = multiprocessing.get_context("spawn")
        while len(self._workers) < self._count:
            ours, theirs = context.Pipe()
            process = context.Process(target=self._start, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours))
        return list(self._workers)


def _answered(flights: list[_Flight]) -> list[tuple[_Flight, bool]]:
    """Takes in what workers say; gives the flights that have ended, and whether their block was wanted."""
    by_pipe = {flight.worker.pipe: flight for flight in flights}
    ended = []
    for pipe in cast("list[Connection]", wait(list(by_pipe), LOOK_SECONDS)):
        answer: Answer = pipe.recv()
        if isinstance(answer, Failed):
            raise Interrupted(answer.error, transient=answer.transient)
        if isinstance(answer, Read):
            by_pipe[pipe].identities = answer.identities
        else:
            ended.append((by_pipe[pipe], answer.wanted))
    return ended


def _give_turns(flights: list[_Flight]) -> None:
    """Lets every block be stored that shares no resource with an earlier one on its way; of one still being read, nothing is known."""
    before: set[int] = set()
    for flight in flights:
        if flight.identities is None:
            return
        if not flight.storing and before.isdisjoint(flight.identities):
            flight.worker.pipe.send(True)
            flight.storing = True
        before |= flight.identities
