"""Statements that travel to the database together: one journey for all that were sent until somebody asks for rows.

Where many clients share a commit, the journeys and the driver's work for each statement are what the commit costs (measured: 0.7 ms of
processor time before the first answer is stored, decision 0024). So statements go straight to libpq's pipeline mode
(https://www.postgresql.org/docs/18/libpq-pipeline-mode.html), prepared once per connection; the driver converts values and rows.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import count
from typing import Any, cast

import psycopg
from psycopg import generators
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import TextClause

from beklijf_shared import db
from beklijf_shared.db import Connection, DBAPIError, prepared

Rows = Callable[[], list[tuple[Any, ...]]]
"""Gives the rows of a statement that was sent; waits for them, and for all that was sent before."""

ONLY_BY_INDEX = "SELECT " + ", ".join(f"set_config('{way}', 'off', true)" for way in db.NOT_BY_INDEX)
_COLON = re.compile(r"(?<![:\w]):(\w+)(?!:)")
_NAMED = re.compile(r"%\((\w+)\)s")
_numbers = count(1)


class Pipeline:
    """Statements under way together, with `%(name)s` for parameters, prepared by the server; their rows are plain tuples."""

    def __init__(self, connection: Connection, driver: psycopg.Connection) -> None:
        self.connection = connection
        self._driver, self._transformer = driver, Transformer(driver)
        self._names = prepared(connection)
        self._commands: deque[Callable[[], None]] = deque()
        self._settling: list[Callable[[PGresult], None]] = []

    def send(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """Sends a statement; its rows can be asked for later, or never. An error is raised with rows, or at the end of the block."""
        for listener in self.connection.dispatch.before_cursor_execute:
            listener(self.connection, None, statement, parameters, None, False)
        numbered, order = _numbered(statement)
        values = self._transformer.dump_sequence([parameters[name] for name in order], [PyFormat.AUTO] * len(order))
        name = self._prepared(numbered, self._transformer.types or ())
        formats = self._transformer.formats
        self._enqueue(partial(self._driver.pgconn.send_query_prepared, name, values, formats, Format.BINARY))
        found: list[PGresult] = []
        self._settling.append(found.append)
        return partial(self._rows, found)

    def look_up_by_index(self) -> None:
        """From here to the end of the transaction, joins look up by index only.

        A plan that was made while the tables were small, and is kept, would otherwise read them whole at every batch, however large
        they have become: until somebody analyses them. (Measured: twice the database's work after 15,000 answers.)
        """
        self.send(ONLY_BY_INDEX, {})

    def lock_keys(self, keys: Iterable[str]) -> None:
        """As `db.lock_keys`."""
        db.lock_keys(as_connection(self), keys)

    def settle(self) -> None:
        """Waits until everything that was sent is done; raises the first error of the database."""
        if not self._commands:
            return
        pgconn, settling = self._driver.pgconn, self._settling
        self._commands.append(pgconn.pipeline_sync)
        with self._driver.lock:
            answers = self._driver.wait(_exchange(pgconn, self._commands, len(settling) + 1))
        self._settling = []
        for settled, (*_, result) in zip(settling, answers, strict=False):  # the last answer is that of the synchronization itself
            if result.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(result)
            settled(result)

    def _prepared(self, statement: bytes, types: Sequence[int]) -> bytes:
        """The name of a statement with parameters of these types; one that is new to the connection is prepared on the way."""
        key = (statement, types)
        name: bytes | None = self._names.get(key)
        if name is None:
            name = f"beklijf_{next(_numbers)}".encode()  # never twice: whatever the server remembers, it is not this
            self._enqueue(partial(self._driver.pgconn.send_prepare, name, statement, types))
            self._settling.append(lambda _: self._names.__setitem__(key, name))
        return name

    def _enqueue(self, command: Callable[[], None]) -> None:
        if not self._commands and self._driver.pgconn.transaction_status == TransactionStatus.IDLE:
            self._commands.append(partial(self._driver.pgconn.send_query_params, b"BEGIN", None))
            self._settling.append(lambda _: None)
        self._commands.append(command)

    def _rows(self, found: list[PGresult]) -> list[tuple[Any, ...]]:
        self.settle()
        self._transformer.set_pgresult(found[0])
        return self._transformer.load_rows(0, found[0].ntuples, tuple)


class Answer:
    """What a statement gives, fetched when it is asked for; of a driver's result, what stores use."""

    def __init__(self, rows: Rows) -> None:
        self.all = rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.all())

    def scalars(self) -> list[Any]:
        """The first column."""
        return [row[0] for row in self.all()]

    def one_or_none(self) -> tuple[Any, ...] | None:
        """The only row, or None where there is none."""
        rows = self.all()
        if len(rows) > 1:
            raise LookupError("more than one row")
        return rows[0] if rows else None

    def scalar_one_or_none(self) -> Any:
        """The first column of the only row, or None where there is none."""
        row = self.one_or_none()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """The first column of the only row. Raises LookupError where there is none."""
        row = self.one_or_none()
        if row is None:
            raise LookupError("no row")
        return row[0]


class _Together:
    def __init__(self, under_way: Pipeline) -> None:
        self._under_way = under_way

    def execute(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Answer:
        return Answer(self._under_way.send(_with_names(statement.text), parameters or {}))


def as_connection(under_way: Pipeline) -> Connection:
    """A pipeline in the place of a connection, for what was written for one and only executes text: a statement whose rows nobody asks
    for leaves with the next whose rows somebody does. Rows are plain tuples."""
    return cast(Connection, _Together(under_way))


@contextmanager
def on(connection: Connection) -> Iterator[Pipeline]:
    """A pipeline on a connection, within its transaction. Nothing else may use the connection meanwhile. Raises DBAPIError."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    driver.pgconn.enter_pipeline_mode()
    pipeline = Pipeline(connection, driver)
    try:
        yield pipeline
        pipeline.settle()
    except psycopg.Error as error:
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, connection_invalidated=driver.closed, dialect=connection.dialect
        ) from error  # fmt: skip
    finally:
        _leave(driver)
        if driver.closed:
            connection.invalidate()


def _leave(driver: psycopg.Connection) -> None:
    """Out of pipeline mode; a connection that still owes answers is of no use to anybody."""
    try:
        driver.pgconn.exit_pipeline_mode()
    except psycopg.Error:
        driver.close()


def _exchange(pgconn: PGconn, commands: deque[Callable[[], None]], answers: int) -> Generator[Any, Any, list[list[PGresult]]]:
    """Sends all commands while taking in answers, so that neither side waits for the other to read; gives each command's answer."""
    taken: list[list[PGresult]] = yield from generators.pipeline_communicate(pgconn, commands)
    while len(taken) < answers:
        taken.append((yield from generators.fetch_many(pgconn)))
    return taken


@lru_cache(maxsize=256)
def _with_names(statement: str) -> str:
    """SQLAlchemy's way of writing parameters as the driver's."""
    return _COLON.sub(r"%(\1)s", statement.replace("%", "%%"))


@lru_cache(maxsize=256)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement as the server takes it ($1, $2, …), and the names of its parameters in that order."""
    order = tuple(dict.fromkeys(_NAMED.findall(statement)))
    return _NAMED.sub(lambda found: f"${order.index(found[1]) + 1}", statement).replace("%%", "%").encode(), order
