"""The database edge: engine, transaction, naming, and the tables of plumbing that every service has.

`told` is a service's stored output, `heard` its stored input; `outbox` is the list of what is still to be sent. See
`contracts/decisions/0001` and `0002`.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    func,
    text,
)
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import ConnectionPoolEntry

from beklijf_shared.arrays import ListDumper

__all__ = [
    "Connection",
    "DBAPIError",
    "Engine",
    "Plumbing",
    "alone",
    "answers",
    "becomes_active",
    "engine",
    "is_transient",
    "lock_keys",
    "metadata",
    "opened",
    "plumbing",
    "prepared",
    "transaction",
]

ALIVE = text("SELECT EXISTS (SELECT FROM told)")
NAMING = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
NOT_BY_INDEX = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
STATEMENT_TIMEOUT_SECONDS = 60
IDLE_IN_TRANSACTION_TIMEOUT_SECONDS = 30
OVERFLOW = 2
FREE_CONNECTION_SECONDS = 30
"""So long is waited for a connection of the pool while all are in use."""
RESTED_SECONDS = 1.0
_USED, _PREPARED = "beklijf.used", "beklijf.prepared"
SERIALIZATION_STATES = ("40001", "40P01", "55P03")
"""Serialization failure, deadlock, lock not available: the same work may succeed when done again."""
OUT_OF_TIME_STATES = ("25P03", "25P04")
"""The server has ended a session whose transaction stood still, or took too long."""


@dataclass(frozen=True, slots=True)
class Plumbing:
    """The tables that every service has, whatever it does."""

    told: Table
    heard: Table
    outbox: Table
    progress: Table
    dead_letter: Table
    broker: Table


def metadata() -> MetaData:
    """An empty metadata with the names of constraints fixed, so that migrations can name them."""
    return MetaData(naming_convention=NAMING)


def plumbing(tables: MetaData, *, by_key: bool = True) -> Plumbing:
    """Adds the six tables of plumbing to a service's metadata. `by_key`: whether it asks for all that it told or heard under one key."""
    return Plumbing(
        told=_states("told", tables, by_key),
        heard=_states("heard", tables, by_key, Column("facts", LargeBinary)),
        outbox=Table(
            "outbox",
            tables,
            Column("id", BigInteger, primary_key=True, autoincrement=True),
            Column("topic", Text, nullable=False),
            Column("entity", Text, nullable=False),
        ),
        progress=Table(
            "progress",
            tables,
            Column("incarnation", Text, primary_key=True),
            Column("direction", Text, primary_key=True),
            Column("topic", Text, primary_key=True),
            Column("partition", Integer, primary_key=True),
            Column("next_offset", BigInteger, nullable=False),
            Column("backlog", Boolean, nullable=False, server_default=text("false")),
        ),
        dead_letter=_dead_letter(tables),
        broker=Table(
            "broker",
            tables,
            Column("sole", Boolean, primary_key=True, server_default=text("true")),
            Column("incarnation", Text, nullable=False),
        ),
    )


def _states(name: str, tables: MetaData, by_key: bool, *more: Column[bytes]) -> Table:
    table = Table(
        name,
        tables,
        Column("topic", Text, primary_key=True),
        Column("entity", Text, primary_key=True),
        Column("key", Text, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("body", LargeBinary, nullable=False),
        *more,
    )
    if by_key:
        Index(f"ix_{name}_key", table.c.key)  # all that is known about one subject: the load of every derivation
    return table


def _dead_letter(tables: MetaData) -> Table:
    return Table(
        "dead_letter",
        tables,
        Column("id", BigInteger, primary_key=True, autoincrement=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("incarnation", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("key", LargeBinary),
        Column("headers", Text, nullable=False),
        Column("value", LargeBinary),
        Column("entity", Text),
        Column("version", BigInteger),
        Column("reason", Text, nullable=False),
        Column("replayed_at", DateTime(timezone=True)),
        Index("uq_dead_letter_place", "incarnation", "topic", "partition", "offset", unique=True),
    )


def engine(url: str, *, pool_size: int = 4, batches: bool = False) -> Engine:
    """An engine whose sessions commit durably and cannot hang: timeouts per statement and per idle transaction.

    `batches`: for loops that apply one batch after the other. A plan that was made while the tables were small, and is kept, would read
    them whole at every batch; so these look up by index only.
    """
    options = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s "
        f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_SECONDS}s "
        "-c synchronous_commit=on -c timezone=UTC -c jit=off"
    ) + ("".join(f" -c {way}=off" for way in NOT_BY_INDEX) if batches else "")
    arguments = {"options": options, "connect_timeout": 5, "application_name": "beklijf", "prepare_threshold": 2}
    pool: dict[str, Any] = {"max_overflow": OVERFLOW, "pool_timeout": FREE_CONNECTION_SECONDS}
    made = create_engine(url, pool_size=pool_size, **pool, connect_args=arguments)
    event.listen(made, "connect", _send_lists_as_binary)
    event.listen(made, "checkin", _note_the_time)
    event.listen(made, "checkout", partial(_check_if_rested, made.dialect))
    event.listen(made, "rollback", _forget_prepared)
    return made


def _send_lists_as_binary(connection: psycopg.Connection, _: object) -> None:
    """Lists travel as binary arrays: as text every element is escaped in Python, a fifth of a consumer's processor time (measured)."""
    connection.adapters.register_dumper(list, ListDumper)


def prepared(connection: Connection) -> dict[object, bytes]:
    """The statements that are prepared on this connection, with their names; for as long as it lives."""
    names: dict[object, bytes] = connection.info.setdefault(_PREPARED, {})
    return names


def _forget_prepared(connection: Connection) -> None:
    """After a rollback the driver lets the server forget all prepared statements."""
    if not connection.invalidated:
        prepared(connection).clear()


def _note_the_time(_: object, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = time.monotonic()


def _check_if_rested(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    """Replaces a connection that was lost while it rested. One that was in use a moment ago is not asked: that would be a journey to the
    database for every commit, and it may be lost within its next transaction just as well, which every caller is prepared for."""
    if time.monotonic() - record.info.get(_USED, math.inf) < RESTED_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except psycopg.Error as error:
        raise InvalidatePoolError from error


@contextmanager
def opened(url: str, *, pool_size: int = 4, batches: bool = False) -> Iterator[Engine]:
    """An engine for as long as the block runs; its connections are closed afterwards."""
    made = engine(url, pool_size=pool_size, batches=batches)
    try:
        yield made
    finally:
        made.dispose()


def answers(engine: Engine) -> bool:
    """Whether the database answers, and has the tables of plumbing."""
    try:
        with transaction(engine) as connection:
            connection.execute(ALIVE)
    except DBAPIError:
        return False
    return True


@contextmanager
def transaction(on: Engine) -> Iterator[Connection]:
    """One transaction, committed when the block ends and rolled back when it raises; the edge of every use case."""
    with _connected(on) as connection, connection.begin():
        yield connection


def _connected(on: Engine) -> Connection:
    """A connection of the pool. That none came back in time is the database's slowness, which passes, and no fault of the caller."""
    try:
        return on.connect()
    except NoneFree as error:
        raise OperationalError("connect", None, error) from error


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later: the connection was lost, or the database asked to try again."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PendingRollbackError)  # the connection was lost before, in the same transaction
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError) or error.connection_invalidated
    return state in (*SERIALIZATION_STATES, *OUT_OF_TIME_STATES) or state[:2] in ("08", "53", "57")


def lock_keys(connection: Connection, keys: Iterable[str]) -> None:
    """Locks entities (subjects, cohorts) until the transaction ends, in one order everywhere, so that no two batches deadlock."""
    numbers = sorted({int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True) for key in keys})
    if numbers:
        connection.execute(text("SELECT count(pg_advisory_xact_lock(k)) FROM unnest(CAST(:keys AS bigint[])) AS k"), {"keys": numbers})


def alone(on: Engine) -> Connection:
    """A connection outside of the pool, really closed when it is (a pooled one would keep its locks). Every statement on it is a
    transaction of its own and does not wait for the disk."""
    connection = on.execution_options(isolation_level="AUTOCOMMIT").connect()
    connection.detach()
    with connection.begin():
        connection.execute(text("SET synchronous_commit = off"))
    return connection


def becomes_active(connection: Connection, lock: int, *, silent_seconds: int = 0) -> bool:
    """Whether this connection now holds a lock of which each database has one; it keeps it until it is closed.

    The server closes it (`silent_seconds`, 0: never) when nothing was asked of it for so long: a process that was stopped, or cut off,
    keeps its connection and with it the lock, and nobody else could do its work.
    """
    with connection.begin():
        connection.execute(text("SELECT set_config('idle_session_timeout', :limit, false)"), {"limit": f"{silent_seconds}s"})
        return bool(connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": lock}).scalar_one())
