"""One worker of the importer: reads a block of lines, says what they are about, waits for its turn, stores them.

It ends when whoever started it does. What it stores is remembered in the same transaction, so it does not matter when that is.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from beklijf_intake.bulk import archives
from beklijf_intake.bulk.spool import Spool
from beklijf_intake.domain.archive import Block
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.senders.sender import Sender
from beklijf_intake.writer import Unavailable
from beklijf_shared import db

YIELDING = 3
"""How much more willingly than others a worker leaves the processor: an archive can wait, a request that is being answered cannot."""


@dataclass(frozen=True, slots=True)
class Task:
    """A block to read, of a file in a spool."""

    place: archives.Place
    block: Block
    spool: Path


@dataclass(frozen=True, slots=True)
class Read:
    """The block was read; its lines are about these resources (see `archives.identities`)."""

    identities: frozenset[int]


@dataclass(frozen=True, slots=True)
class Stored:
    """The block is stored; or it must not be (`wanted` is False), for it is stored already or its file was cancelled."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing is known to be stored; `transient` says that the same may succeed later."""

    error: str
    transient: bool


Answer = Read | Stored | Failed


def work(asked: Connection, context: Callable[[Sender], ReadingContext], storing: archives.Storing) -> None:
    """Works until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: whoever started this one is told too, and ends it in order
    os.nice(YIELDING)
    while True:
        try:
            task: Task = asked.recv()
            asked.send(_answer(asked, task, context, storing))
        except (EOFError, OSError):
            return


def _answer(asked: Connection, task: Task, context: Callable[[Sender], ReadingContext], storing: archives.Storing) -> Answer:
    try:
        place, block = task.place, task.block
        content = b"" if block.too_long else Spool(task.spool, 0).content(place.import_id, place.file, block)
        lines = archives.read(place, block, content, context(place.sender))
        asked.send(Read(archives.identities(lines)))
        asked.recv()  # its turn
        return Stored(storing.store(place, block, lines))
    except (EOFError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 whatever it is, whoever shares out the work is told, and this worker lives on
        return Failed(type(error).__name__, db.is_transient(error) or isinstance(error, Unavailable))
