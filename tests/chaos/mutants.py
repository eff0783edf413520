"""A process of a service with one fault built in: `BEKLIJF_TEST_FAULT=... python -m tests.chaos.mutants beklijf_X COMMAND`.

Each fault is one that a tired engineer could build any day. The product knows nothing of them: they are put in from outside,
here, before the process starts. A test that does not notice one of them proves nothing.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from beklijf_shared import consume, db, heard, outbox, progress
from beklijf_shared.db import Connection, Engine
from beklijf_shared.envelope import Message
from beklijf_shared.outbox import Unsent
from tests.lib import work_list

ALL = 1_000_000


def cursor_by_id() -> None:
    """The relay remembers the greatest id it has seen; a row that commits late, with a smaller id, is never seen."""
    take = outbox.take
    last = [0]

    def after_the_last(connection: Connection, most: int) -> list[Unsent]:
        found = [line for line in take(connection, ALL) if line.id > last[0]][:most]
        last[0] = max((line.id for line in found), default=last[0])
        return found

    outbox.take = after_the_last


def marked_before_acknowledged() -> None:
    """The relay takes lines off the work list as it reads them, before the broker has said that it has them."""
    take = outbox.take

    def take_off(connection: Connection, most: int) -> list[Unsent]:
        found = take(connection, most)
        work_list.delete(connection, [line.id for line in found])
        return found

    outbox.take = take_off


def offset_before_effect() -> None:
    """The consumer stores how far it is before it has done what the messages ask for."""
    apply = consume.apply_batch

    def offsets_first(engine: Engine, handler: consume.Handler, records: Sequence[Any], incarnation: str, *more: Any) -> dict[Any, int]:
        offsets: dict[tuple[str, int], int] = {}
        for record in records:
            offsets[record.topic, record.partition] = record.offset + 1
        with db.transaction(engine) as connection:
            progress.advance(connection, incarnation, "applied", offsets)
        return apply(engine, handler, records, incarnation, *more)

    consume.apply_batch = offsets_first


def no_version_check() -> None:
    """The consumer believes whatever comes last."""

    def last_wins(messages: Iterable[Message], before: Mapping[heard.Place, heard.Stored]) -> heard.Sorting:
        newest = {message.place: message for message in messages}
        return heard.Sorting(fresh=[newest[place] for place in sorted(newest)])

    heard.sort = last_wins
    heard.UPSERT = text(str(heard.UPSERT).replace("WHERE h.version < excluded.version", ""))


FAULTS: dict[str, Callable[[], None]] = {
    fault.__name__: fault for fault in (cursor_by_id, marked_before_acknowledged, offset_before_effect, no_version_check)
}

if __name__ == "__main__":
    FAULTS[os.environ["BEKLIJF_TEST_FAULT"]]()
    package = sys.argv.pop(1)
    runpy.run_module(package, run_name="__main__", alter_sys=True)
