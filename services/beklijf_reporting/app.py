"""The composition root: the only place that knows concrete engines, contracts and ports."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Iterator, Mapping

from fastapi import FastAPI

from beklijf_reporting import consumer, store
from beklijf_reporting.charts import Renderer
from beklijf_reporting.pages import routes
from beklijf_reporting.pages.vocabulary import Names
from beklijf_reporting.settings import Display
from beklijf_shared import commands, contracts, db, http
from beklijf_shared.clock import Clock
from beklijf_shared.commands import Service
from beklijf_shared.contracts import Contracts
from beklijf_shared.db import Connection, Engine
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger


def application(settings: Settings, engine: Engine) -> FastAPI:
    """The pages on a service's database."""
    known = contracts.load(settings.contracts_folder)
    return routes.application(engine, Display.of(settings), known, names(known), Renderer())


def names(known: Contracts) -> Names:
    """The titles of what is data. A moment's title is that of the first protocol that has it."""
    moments: dict[str, str] = {}
    for protocol in known.protocols.values():
        for moment in protocol.moments:
            moments.setdefault(moment.code, moment.title)
    return Names(
        instruments={code: instrument.title for code, instrument in known.instruments.items()},
        moments=moments,
        rules=_with_versions({code: (rule.version, rule.title) for code, rule in known.rules.items()}),
        answers=_answers(known),
    )


def _answers(known: Contracts) -> dict[str, Mapping[str, str]]:
    """Measures and the answers that have no number, in both languages."""
    named: dict[str, Mapping[str, str]] = {}
    for instrument in known.instruments.values():
        for measure in instrument.measures:
            named.setdefault(measure.code, measure.labels)
            named.update({category.code: category.labels for category in measure.categories})
    return named


def _with_versions(rules: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Rules are named with or without their version in figures; both read the same."""
    return {name: title for code, (version, title) in rules.items() for name in (code, f"{code}@{version}")}


def serve(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """The process `api`: serves the pages until `stop`, and says on its operations port when the database is away."""
    del clock, log  # the pages say the data's time, never the wall's
    with db.opened(settings.database_url) as engine, http.watched(engine, status, stop):
        http.serve(application(settings, engine), settings, status, stop)


def openapi(settings: Settings, _: argparse.Namespace) -> int:
    """Prints the OpenAPI of the pages; no database is asked."""
    with db.opened(settings.database_url) as engine:
        sys.stdout.write(json.dumps(application(settings, engine).openapi(), indent=2) + "\n")
    return 0


def _empty(connection: Connection) -> None:
    commands.truncate(connection, "heard")


def _rows(connection: Connection) -> Iterator[str]:
    yield from store.state_rows(connection)


SERVICE = Service(
    name="reporting",
    package="beklijf_reporting",
    handler=consumer.handler,
    loops={"api": serve},
    tasks={"openapi": ("print the OpenAPI of the pages", openapi)},
    hash_rows=_rows,
    empty=_empty,
)
