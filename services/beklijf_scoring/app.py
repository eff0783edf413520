"""The composition root: which commands the service has, and what each of them needs."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Iterator

from beklijf_scoring import api, consumer, store, telling
from beklijf_scoring.commands import rescore, rescore_arguments
from beklijf_scoring.reader import Readers
from beklijf_shared import commands, contracts, db, http
from beklijf_shared.clock import Clock, from_environment
from beklijf_shared.commands import Service
from beklijf_shared.db import Connection
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger

EMPTIED = ("heard", "awaited", "disposition", "derivation")


def empty(connection: Connection) -> None:
    """Forgets what was heard, derived and counted. Pairs that were told stay known, so that none is left standing by a rebuild
    (M39), and so does the work list: a line lost for a state that stays told would never be sent. What was told before stays readable,
    and what is told now becomes part of it: nothing can derive that again."""
    store.former.forget(connection, telling.NOTHING, from_environment()())
    commands.truncate(connection, *EMPTIED)


def rows(connection: Connection) -> Iterator[str]:
    """The service's own tables, for the state hash."""
    for organisation, receipt, name, n in store.concerned.disposition_rows(connection):
        yield f"disposition {organisation} {receipt} {name} {n}"
    for row in store.concerned.awaited_rows(connection):
        yield f"awaited {row.response} {row.subject} {row.organisation} {row.episode} {row.of_another}"


def openapi(settings: Settings, _: argparse.Namespace) -> int:
    """Prints the OpenAPI of the HTTP edge; no database is asked."""
    with db.opened(settings.database_url) as engine:
        application = api.application(engine, contracts.load(settings.contracts_folder), Readers({}, None))
        sys.stdout.write(json.dumps(application.openapi(), indent=2) + "\n")
    return 0


def serve(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """The process `api`: answers until `stop`."""
    del clock, log  # what was told carries its own times
    known, readers = contracts.load(settings.contracts_folder), Readers.of(settings)
    with db.opened(settings.database_url) as engine, http.watched(engine, status, stop):
        http.serve(api.application(engine, known, readers), settings, status, stop)


SERVICE = Service(
    name="scoring",
    package="beklijf_scoring",
    handler=consumer.handler,
    loops={"consumer": consumer.run, "api": serve},
    tasks={
        "rescore": ("what a changed instrument, protocol or rule would change; --apply changes it", rescore),
        "openapi": ("print the OpenAPI of the HTTP edge", openapi),
    },
    arguments={"rescore": rescore_arguments},
    hash_rows=rows,
    hash_leaves_out=telling.is_gone,
    empty=empty,
)
