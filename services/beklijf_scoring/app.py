"""The composition root: which commands the service has, and what each of them needs."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from beklijf_scoring import consumer, store, telling
from beklijf_scoring.usecases import Scoring
from beklijf_shared import commands, contracts, db
from beklijf_shared.clock import from_environment
from beklijf_shared.commands import Service
from beklijf_shared.db import Connection
from beklijf_shared.settings import Settings

SUBJECTS_AT_ONCE = 200


def rescore(settings: Settings, _: argparse.Namespace) -> int:
    """Scores and derives everybody anew, a few subjects per transaction; what differs is told as corrections. Safe to repeat."""
    scoring, clock = Scoring(contracts.load(settings.contracts_folder)), from_environment()
    with db.opened(settings.database_url) as engine:
        reached: str | None = ""
        while reached is not None:
            with db.transaction(engine) as connection:
                reached = scoring.rescore(connection, reached, SUBJECTS_AT_ONCE, clock())
    return 0


def empty(connection: Connection) -> None:
    """Forgets what was heard, derived and counted. Pairs that were told stay known, so that none is left standing by a rebuild
    (M39), and so does the work list: a line lost for a state that stays told would never be sent."""
    store.forget(connection)
    commands.truncate(connection, "heard", "awaited", "disposition")


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
    tasks={"rescore": ("score and derive everything anew, after an instrument, a protocol or a rule changed", rescore)},
    hash_rows=rows,
    hash_leaves_out=telling.is_gone,
    empty=empty,
)
