"""The commands that every service has, the same everywhere: `python -m beklijf_X COMMAND`.

A service describes itself once (`Service`); its `__main__` is then two lines, and adds the commands that it alone has.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import text

from beklijf_domain.document import ContractError
from beklijf_shared import consume, db, dead_letters, envelope, migrations, outbox, process, relay, topics
from beklijf_shared.clock import Clock, from_environment
from beklijf_shared.consume import Handler
from beklijf_shared.db import Connection
from beklijf_shared.settings import SettingMissing, Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger

Loop = Callable[[Settings, Clock, Status, threading.Event, Logger], None]
"""A long-running process: runs until the event is set."""
Task = Callable[[Settings, argparse.Namespace], int]
"""A short command; gives the exit code."""

TOLD = text("SELECT topic, entity, key, body FROM told ORDER BY topic, entity")
EMPTY = "TRUNCATE {tables} RESTART IDENTITY"


DATABASE_AWAY = "the database does not answer: is everything running? (`beklijf status`)"


@dataclass(frozen=True, slots=True)
class Service:
    """What the common commands need to know of a service."""

    name: str
    package: str
    handler: Callable[[Settings], Handler] | None = None
    loops: Mapping[str, Loop] = field(default_factory=dict)
    tasks: Mapping[str, tuple[str, Task]] = field(default_factory=dict)
    arguments: Mapping[str, Callable[[argparse.ArgumentParser], None]] = field(default_factory=dict)
    """What the tasks take on the command line, by the task's name; nothing where a task is not named."""
    hash_rows: Callable[[Connection], Iterable[str]] | None = None
    """More rows for the state hash than what was told: the service's own tables, in order."""
    hash_leaves_out: Callable[[str, bytes], bool] | None = None
    """(topic, body) -> whether a told state exists only because another was told before (M39): then it depends on what happened
    on the way, and is no part of what must be equal after a rebuild."""
    empty: Callable[[Connection], None] | None = None
    """Empties the service for a rebuild; a service that holds the raw store has none."""


def main(service: Service, arguments: Sequence[str] | None = None) -> int:
    """Reads the command line and runs one command; exit code 2 when a setting is missing, 1 when a contract cannot hold."""
    options = _parser(service).parse_args(arguments)
    try:
        settings = Settings.from_environment(service.name)
    except SettingMissing as missing:
        print(f"{service.package}: {missing}", file=sys.stderr)
        return 2
    try:
        return int(options.run(settings, options))
    except SettingMissing as missing:  # one that only this command reads, or a port that somebody else has
        print(f"{service.package}: {missing}", file=sys.stderr)
        return 2
    except ContractError as error:  # whoever reads this edits that file
        print(error, file=sys.stderr)
        return 1
    except db.DBAPIError as error:
        if not db.is_transient(error):
            raise
        print(f"{service.package}: {DATABASE_AWAY}", file=sys.stderr)
        return 1


def _parser(service: Service) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}", description=f"The {service.name} service.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, says: str, run: Task) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=says, description=says)
        command.set_defaults(run=run)
        return command

    loops = {"consumer": _consumer(service.handler)} if service.handler is not None else {}
    loops.update(service.loops)
    if topics.sent_by(service.name):
        loops["relay"] = relay.run
        republish = add("republish", "send all current states again", _republish)
        republish.add_argument("--topic", action="append", choices=[topic.name for topic in topics.sent_by(service.name)])
    for name, loop in loops.items():
        add(name, f"run the {name} until SIGTERM", _forever(name, loop))
    add("migrate", "bring the database to the newest revision", _migrate(service))
    add("state-hash", "print the SHA-256 of the state, without versions", _state_hash(service))
    if service.empty is not None:
        add("empty", "empty the service, to be rebuilt from upstream", _empty(service.empty))
    _add_dead_letters(add("dlq", "dead letters: list, show, replay", _dead_letters(service)))
    for name, (says, task) in service.tasks.items():
        command = add(name, says, task)
        if name in service.arguments:
            service.arguments[name](command)
    return parser


def _consumer(handler: Callable[[Settings], Handler]) -> Loop:
    def loop(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
        consume.run(settings, handler(settings), clock, status, stop, log)

    return loop


def _forever(name: str, loop: Loop) -> Task:
    def run(settings: Settings, _: argparse.Namespace) -> int:
        with process.running(settings, name) as (status, stop, log):
            loop(settings, from_environment(), status, stop, log)
        return 0

    return run


def _migrate(service: Service) -> Task:
    def run(settings: Settings, _: argparse.Namespace) -> int:
        migrations.upgrade(service.package, settings.database_url)
        return 0

    return run


def _republish(settings: Settings, options: argparse.Namespace) -> int:
    chosen = [topic for topic in topics.sent_by(settings.service) if not options.topic or topic.name in options.topic]
    with db.opened(settings.database_url) as engine, db.transaction(engine) as connection:
        print(outbox.republish(connection, chosen))
    return 0


def _empty(empty: Callable[[Connection], None]) -> Task:
    def run(settings: Settings, _: argparse.Namespace) -> int:
        with db.opened(settings.database_url) as engine, db.transaction(engine) as connection:
            empty(connection)
        return 0

    return run


def _state_hash(service: Service) -> Task:
    def run(settings: Settings, _: argparse.Namespace) -> int:
        with db.opened(settings.database_url) as engine, db.transaction(engine) as connection:
            print(state_hash(connection, service))
        return 0

    return run


def state_hash(connection: Connection, service: Service) -> str:
    """SHA-256 over what was told (topic, entity, key, body without version) and the service's own rows: equal states, equal hash."""
    total = hashlib.sha256()
    for topic, entity, key, body in connection.execute(TOLD):
        if service.hash_leaves_out is not None and service.hash_leaves_out(topic, bytes(body)):
            continue
        for part in (topic.encode(), entity.encode(), key.encode(), bytes(body)):
            total.update(len(part).to_bytes(8, "big") + part)
    for row in service.hash_rows(connection) if service.hash_rows else ():
        total.update(row.encode() + b"\n")
    return total.hexdigest()


def truncate(connection: Connection, *tables: str) -> None:
    """Empties tables; the progress stays, because what is republished comes as new messages."""
    connection.execute(text(EMPTY.format(tables=", ".join(tables))))


def _add_dead_letters(command: argparse.ArgumentParser) -> None:
    command.add_argument("what", choices=["list", "show", "replay"])
    command.add_argument("id", nargs="?", type=int, help="which one; `replay` without it takes all that wait")
    command.add_argument("--all", action="store_true", help="list those already replayed too")


def _dead_letters(service: Service) -> Task:
    def run(settings: Settings, options: argparse.Namespace) -> int:
        with db.opened(settings.database_url) as engine:
            return _handle_dead_letters(engine, service, settings, options)

    return run


def _handle_dead_letters(engine: db.Engine, service: Service, settings: Settings, options: argparse.Namespace) -> int:
    with db.transaction(engine) as connection:
        if options.what == "list":
            return _print(dead_letters.listed(connection, all_of_them=options.all))
        if options.what == "show":
            letter = None if options.id is None else dead_letters.show(connection, options.id)
            return _print([letter]) if letter else _none(options.id)
        waiting = [row["id"] for row in dead_letters.listed(connection, most=10_000)] if options.id is None else [options.id]
    handler = service.handler(settings) if service.handler else None
    outcomes = [_replay(engine, handler, id_) for id_ in waiting]
    return max(outcomes, default=0)


def _replay(engine: db.Engine, handler: Handler | None, id_: int) -> int:
    """Replays one dead letter: back on the work list when the relay put it aside, else through the service's use case."""
    with db.transaction(engine) as connection:
        letter = dead_letters.show(connection, id_)
        if letter is None:
            return _none(id_)
        refused = None
        if letter.partition == relay.PUT_ASIDE_PARTITION:
            outbox.again(connection, letter.topic, letter.entity or "")
        else:
            refused = _apply(connection, handler, letter)
        if refused is None:
            dead_letters.replayed(connection, id_)
    return _print([{"id": id_, "outcome": refused or "replayed"}]) or (1 if refused else 0)


def _apply(connection: Connection, handler: Handler | None, letter: dead_letters.Stored) -> str | None:
    """Applies a dead letter like a message that just came; gives the reason when it is refused again."""
    if handler is None:
        return "this service consumes nothing"
    try:
        message = envelope.decode(letter)
    except envelope.Undecodable as error:
        return str(error)
    rejected = consume.apply_halving(connection, handler, [message], from_environment()())
    return rejected[0].reason if rejected else None


def _print(rows: Sequence[Any]) -> int:
    """One JSON object per line; bytes as base64, instants as text."""
    for row in rows:
        print(msgspec.json.encode(row).decode())
    return 0


def _none(id_: int | None) -> int:
    print(f"there is no dead letter {id_}", file=sys.stderr)
    return 1
