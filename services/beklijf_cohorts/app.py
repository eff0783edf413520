"""The composition root: the only place that knows concrete engines, contracts and ports."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import threading
from collections.abc import Iterator

from beklijf_cohorts import api, consumer, publisher, queries, store, telling, usecases
from beklijf_shared import contracts, db, http, process
from beklijf_shared.clock import Clock
from beklijf_shared.commands import Service
from beklijf_shared.db import Connection
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger


def publish(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """The process `publisher`."""
    plans = usecases.planned(contracts.load(settings.contracts_folder))
    process.settle()
    with db.opened(settings.database_url, pool_size=3) as engine:
        publisher.run(engine, plans, clock, status, stop, log)


def serve(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """The process `api`: answers until `stop`, and says on its operations port when the database is away."""
    del clock, log  # what is published carries its own time
    with db.opened(settings.database_url) as engine, http.watched(engine, status, stop):
        http.serve(api.application(engine), settings, status, stop)


def recount(settings: Settings, _: argparse.Namespace) -> int:
    """Counts everything anew and compares; 1 and the differing cells on a difference."""
    plans = usecases.planned(contracts.load(settings.contracts_folder))
    found = []
    with db.opened(settings.database_url) as engine:
        whole = engine.execution_options(isolation_level="REPEATABLE READ")
        with db.transaction(whole) as connection:
            for plan in plans.by_population.values():
                found += queries.recount(connection, plan)
    for difference in found:
        sys.stdout.write(json.dumps(dataclasses.asdict(difference)) + "\n")
    return 1 if found else 0


def openapi(settings: Settings, _: argparse.Namespace) -> int:
    """Prints the OpenAPI of the HTTP edge; no database is asked."""
    with db.opened(settings.database_url) as engine:
        sys.stdout.write(json.dumps(api.application(engine).openapi(), indent=2) + "\n")
    return 0


def _empty(connection: Connection) -> None:
    """Suppressed cohorts keep their last snapshot: after the rebuild it may differ from the truth by fewer than k episodes (M38)."""
    known = contracts.load(Settings.from_environment("cohorts").contracts_folder).cohorts.values()
    store.empty(connection, [cohort.code for cohort in known if cohort.minimum_changed_episodes])


def _rows(connection: Connection) -> Iterator[str]:
    yield from store.cell_rows(connection)


SERVICE = Service(
    name="cohorts",
    package="beklijf_cohorts",
    handler=consumer.handler,
    loops={"publisher": publish, "api": serve},
    tasks={
        "recount": ("count everything anew and compare; exit 1 on a difference", recount),
        "openapi": ("print the OpenAPI of the HTTP edge", openapi),
    },
    hash_rows=_rows,
    hash_leaves_out=telling.is_not_due,
    empty=_empty,
)
