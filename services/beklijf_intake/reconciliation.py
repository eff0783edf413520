"""Reconciling: a sender's own list is answered line by line, then comes what it lacks, then the sums. Nothing that was sent is repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from beklijf_intake.domain.listing import Listed, Unreadable
from beklijf_intake.store import reconciliation as store
from beklijf_shared.db import Connection

AGREEING = "same"


def answers(connection: Connection, organisation: str, lines: Iterable[Listed | Unreadable]) -> Iterator[bytes]:
    """NDJSON: `{"line", "result"}` for each line, `{"result": "missing-here", "type", "identifier"}` for each resource not listed, and one
    `{"summary", "agrees"}` at the end; without that last line the answer is not whole.
    """
    counted: Counter[str] = Counter()
    store.begin(connection)
    for unreadable in _fill(connection, lines):
        counted["unreadable"] += 1
        yield _line({"line": unreadable.number, "result": "unreadable", "diagnostics": unreadable.sentence})
    for number, result in store.compare(connection, organisation):
        counted[result] += 1
        yield _line({"line": number, "result": result})
    for type_, system, value in store.missing_here(connection, organisation):
        counted["missing-here"] += 1
        yield _line({"result": "missing-here", "type": type_, "identifier": f"{system}|{value}"})
    yield _line({"summary": dict(sorted(counted.items())), "agrees": not counted.keys() - {AGREEING}})


def _fill(connection: Connection, lines: Iterable[Listed | Unreadable]) -> Iterator[Unreadable]:
    batch: list[Listed] = []
    for line in lines:
        if isinstance(line, Unreadable):
            yield line
            continue
        batch.append(line)
        if len(batch) == store.ROWS_AT_ONCE:
            store.fill(connection, batch)
            batch = []
    if batch:
        store.fill(connection, batch)


def _line(said: dict[str, object]) -> bytes:
    return msgspec.json.encode(said) + b"\n"
