"""The composition root: which commands the service has, and what each of them needs."""

from __future__ import annotations

from collections.abc import Iterator

from beklijf_scoring import consumer, store, telling
from beklijf_scoring.commands import rescore, rescore_arguments
from beklijf_shared import commands
from beklijf_shared.commands import Service
from beklijf_shared.db import Connection


def empty(connection: Connection) -> None:
    """Forgets what was heard, derived and counted. Pairs that were told stay known, so that none is left standing by a rebuild
    (M39), and so does the work list: a line lost for a state that stays told would never be sent."""
    store.forget(connection)
    commands.truncate(connection, "heard", "awaited", "disposition", "derivation")


def rows(connection: Connection) -> Iterator[str]:
    """The service's own tables, for the state hash."""
    for organisation, receipt, name, n in store.disposition_rows(connection):
        yield f"disposition {organisation} {receipt} {name} {n}"
    for row in store.awaited_rows(connection):
        yield f"awaited {row.response} {row.subject} {row.organisation} {row.episode} {row.of_another}"


SERVICE = Service(
    name="scoring",
    package="beklijf_scoring",
    handler=consumer.handler,
    loops={"consumer": consumer.run},
    tasks={"rescore": ("what a changed instrument, protocol or rule would change; --apply changes it", rescore)},
    arguments={"rescore": rescore_arguments},
    hash_rows=rows,
    hash_leaves_out=telling.is_gone,
    empty=empty,
)
