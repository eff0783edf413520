"""The importer: one loop that takes archives in, block by block, and goes on where it was whatever ended it.

Senders take turns: while another one waits, no file is worked at for longer than a few seconds on end, so a small archive does not wait
for a large one of somebody else. What one sender hands in goes in in its order.

One is active per database, held by an advisory lock; others stand by. All it knows is in the database and the spool: it can be killed
at any moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from beklijf_intake import front_door
from beklijf_intake.bulk import archives, download
from beklijf_intake.bulk.importer.fetching import Fetched, Fetcher
from beklijf_intake.bulk.importer.pool import Interrupted, Pool
from beklijf_intake.bulk.spool import Full, Incoming, Spool, TooLarge
from beklijf_intake.domain.archive import Block, blocks, gaps
from beklijf_intake.domain.receipt import Delivery
from beklijf_intake.store import imports
from beklijf_intake.store.imports import Work
from beklijf_intake.usecases import Rules, Unit, accept
from beklijf_shared import crash, db, process
from beklijf_shared.clock import Clock
from beklijf_shared.ids import IdMaker
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Log, Logger

IDLE_SECONDS = 0.2
LOCK = 0x62656B6D  # one active importer per database
REST_SECONDS = 60.0
"""Workers without work end after so long; starting them takes two seconds."""
SWEEP_SECONDS = 600.0
TURN_SECONDS = 3.0
"""How long a sender's turn lasts while others wait; a turn costs its end, when workers wait for the last block: some hundredths of it."""
LOOK_SECONDS = 1.0
"""How often it is looked whether anybody else waits, once a turn has lasted."""
TRIES = 3
"""A file that fails so often without getting any further is given up; its sender is told, and what stands behind it goes on."""
GIVEN_UP = "The registry failed at this file several times. The fault is ours; what went in is listed, send the file again later."
GONE = "The file is no longer here. Send it again: what went in already has no effect."
NO_ROOM = "The file is larger than this registry has room for. Send it in parts."


@dataclass(slots=True)
class Importer:
    """What one life of the importer needs."""

    connection: db.Connection
    spool: Spool
    pool: Pool
    fetcher: Fetcher
    clock: Clock
    make_id: IdMaker
    rules: Rules
    status: Status
    stop: threading.Event
    log: Logger
    failures: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    """By file: how much of it was stored, and how often it has failed there."""
    spent: dict[tuple[str, int], float] = field(default_factory=dict)
    """By file: for how many seconds it was worked at, in all its turns."""
    last: str = ""
    """Whose turn it was."""

    def run(self) -> None:
        """Imports until told to stop, or until the database goes away."""
        worked, swept = time.monotonic(), -SWEEP_SECONDS
        try:
            while not self.stop.is_set():
                self.status.beat()
                if time.monotonic() - swept > SWEEP_SECONDS:
                    self._sweep()
                    swept = time.monotonic()
                if self.once():
                    worked = time.monotonic()
                    continue
                if time.monotonic() - worked > REST_SECONDS:
                    self.pool.stop()
                self.stop.wait(IDLE_SECONDS)
        finally:
            self.fetcher.stop()
            self.pool.stop()

    def once(self) -> bool:
        """One turn: the file that is next, from where it was; False when none waits that could be worked at."""
        for fetched, future in self.fetcher.ended():
            self._fetched(fetched, future)
        with self.connection.begin():
            self._end()
            work = imports.next_file(self.connection, self.last, self.fetcher.parties)
        if work is None:
            return False
        self.last = work.party
        try:
            if work.size is None:
                self.fetcher.begin(work)
            else:
                self._file(work, work.size)
        except FileNotFoundError:
            self._finish(work, "failed", GONE)
        return True

    def _file(self, work: Work, size: int) -> None:
        """One file of lines. Returns early when its turn is over, when told to stop, interrupted, or cancelled."""
        file, started = (work.import_id, work.number), time.monotonic()
        if not self.spool.path(work.import_id, work.number).exists():
            raise FileNotFoundError
        with self.connection.begin():
            stored = imports.stored(self.connection, work.import_id, work.number)
        place = archives.Place(work.import_id, work.number, work.name, archives.sender_of(work.organisation, work.sender), work.created_at)
        try:
            done = self.pool.run(place, self.spool.folder, self._blocks(work, stored, size), self._turn(work))
        except Interrupted as error:
            self._interrupted(work, len(stored), error)
            return
        finally:
            self.spent[file] = self.spent.get(file, 0.0) + time.monotonic() - started
        if done:
            crash.point("intake:import-all-stored")
            self.log.event(Log.IMPORT_FILE_DONE, seconds=round(self.spent[file], 1))
            self._finish(work, "done")

    def _blocks(self, work: Work, stored: Sequence[Block], size: int) -> Iterator[Block]:
        """What of the file is not stored yet."""
        for gap in gaps(stored, size):
            chunks = self.spool.chunks(work.import_id, work.number, gap)
            for block in blocks(chunks, gap, front_door.RESOURCE_LIMIT_BYTES):
                yield block
                crash.point("intake:import-shared-out")

    def _turn(self, work: Work) -> Callable[[], bool]:
        """Whether the turn of a file goes on, from the first time this is asked: some blocks go in in every turn."""
        ends: float | None = None

        def goes_on() -> bool:
            nonlocal ends
            self.status.beat()
            if self.stop.is_set():
                return False
            now = time.monotonic()
            if ends is None:
                ends = now + TURN_SECONDS
            elif now >= ends:
                ends = now + LOOK_SECONDS
                with self.connection.begin():
                    return not imports.others_wait(self.connection, {work.party, *self.fetcher.parties})
            return True

        return goes_on

    def _interrupted(self, work: Work, stored: int, error: Interrupted) -> None:
        """Tries again soon; gives a file up that fails again and again at the same place for reasons of its own."""
        self.log.event(Log.IMPORT_INTERRUPTED, error=str(error))
        file = (work.import_id, work.number)
        before = self.failures.get(file, (stored, 0))
        times = 0 if error.transient or before[0] != stored else before[1]
        self.failures[file] = (stored, times if error.transient else times + 1)
        if self.failures[file][1] >= TRIES:
            self._finish(work, "failed", GIVEN_UP)
        self.stop.wait(process.BACK_OFF_SECONDS[1])

    def _finish(self, work: Work, state: imports.FileState, reason: str | None = None) -> None:
        with self.connection.begin():
            imports.finish(self.connection, work, state, reason)
            self._end()
        self.spool.remove(work.import_id, work.number)
        for known in (self.failures, self.spent):
            known.pop((work.import_id, work.number), None)

    def _end(self) -> None:
        """Ends what is complete; its receipt is told how much it is, and can say of itself that it is complete."""
        now = self.clock()
        complete = [
            Unit(one.organisation, delivery=Delivery(one.id, "import", one.created_at, one.sent))
            for one in imports.end(self.connection, now)
        ]
        if complete:
            accept(self.connection, complete, now=now, make_id=self.make_id, rules=self.rules)

    def _fetched(self, work: Work, future: Future[Fetched]) -> None:
        """What has come of fetching: a file for the spool, or a list of files, or why there is neither."""
        try:
            found = future.result()
            if found.incoming is not None:
                self._spooled(work, found.incoming)
            elif found.manifest is not None:
                self._manifest(work, found.manifest)
        except download.CannotFetch as error:
            self._finish(work, "failed", str(error))
        except (Full, TooLarge):
            self._finish(work, "failed", NO_ROOM)

    def _spooled(self, work: Work, incoming: Incoming) -> None:
        try:
            incoming.keep(work.import_id, work.number)
            with self.connection.begin():
                imports.spooled(self.connection, work, incoming.size, incoming.digest)
        finally:
            incoming.discard()

    def _manifest(self, work: Work, content: bytes) -> None:
        """A list of files: each becomes a file of the import, behind those that are there."""
        links = download.links_of(content, str(work.url))
        with self.connection.begin():
            for number, url in enumerate(links, start=1):
                imports.add_link(self.connection, work.import_id, f"{work.name}.{number}", work.sender, url, str(work.url))
            imports.finish(self.connection, work, "done")

    def _sweep(self) -> None:
        with self.connection.begin():
            needed = imports.waiting(self.connection)
        self.spool.sweep(needed)


def run(settings: Settings, status: Status, stop: threading.Event, log: Logger, make: Callable[[db.Connection], Importer]) -> None:
    """Imports until `stop`; survives the database going away. `make` composes an importer on the connection that holds the lock."""
    with db.opened(settings.database_url, pool_size=2) as engine:
        status.report = lambda: _report(engine)
        failures = 0
        while not stop.is_set():
            with process.outliving_database(status, log), _closed_afterwards(engine) as connection:
                status.has("database")
                if db.becomes_active(connection, LOCK):
                    failures = 0
                    make(connection).run()
                else:
                    log.event(Log.IMPORTER_STANDS_BY)
            process.back_off(failures, status, stop)
            failures += 1


@contextmanager
def _closed_afterwards(engine: db.Engine) -> Iterator[db.Connection]:
    """A connection that does not go back to the pool, where it would keep the lock."""
    with engine.connect() as connection:
        try:
            yield connection
        finally:
            connection.invalidate()


def _report(engine: db.Engine) -> dict[str, object]:
    with db.transaction(engine) as connection:
        return {"importing": len(imports.waiting(connection))}
