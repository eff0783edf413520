"""PostgreSQL from a wheel: one server, four databases with a role each, none of which can read another's.

Passwords are random and kept in the folder with mode 0600; the server listens on the loopback interface only, without a Unix
socket, because the path of a checkout may be longer than the 107 bytes that a socket's path may have.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

from beklijf.local import placement
from beklijf.local.placement import Placement
from beklijf.local.ports import LOOPBACK, free_port
from beklijf.local.running import Running as RunningServer

DATABASES = ("intake", "scoring", "cohorts", "reporting")
SUPERUSER = "postgres"
READY_TIMEOUT_SECONDS = 60.0

SETTINGS: dict[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A prepared server: everything needed to start it and to address it, running or not."""

    placement: Placement
    port: int
    passwords: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """The program and its arguments; all settings are here, so that no file of PostgreSQL's is edited."""
        settings = {**SETTINGS, "port": str(self.port), **self.settings}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return [str(self.placement.programs / "postgres"), "-D", str(self.placement.data), *options]

    def url_of(self, database: str, role: str | None = None) -> str:
        """The address of a database for a role (default: the role of the database's own name), in SQLAlchemy's form."""
        role = role or database
        return f"postgresql+psycopg://{role}:{quote(self.passwords[role], safe='')}@{LOOPBACK}:{self.port}/{database}"

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the superuser, in autocommit, for making databases and asking whether the server is there."""
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            dbname=database,
            user=SUPERUSER,
            password=self.passwords[SUPERUSER],
            autocommit=True,
            connect_timeout=5,
        )


@dataclass(slots=True)
class Running(RunningServer):
    """A server that was started by `start`."""

    server: Server

    def url_of(self, database: str, role: str | None = None) -> str:
        """The address of a database, as `Server.url_of`."""
        return self.server.url_of(database, role)

    def create_database(self, name: str, owner: str) -> None:
        """One more database for one of the four roles, for a test that wants its own; dropped first where it exists."""
        with self.server.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            _create_database(connection, name, owner)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        with self.server.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def start(folder: Path, port: int | None = None, settings: Mapping[str, str] | None = None) -> Running:
    """Start a server on a folder, without a supervisor, with the four databases made. Again on the same folder: the same data."""
    server = prepare(folder, port or free_port(), settings)
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    log = folder / "postgresql.log"
    while True:
        process = _launch(server, log)
        if _ready(server, process, deadline):
            break
        # The remains of a killed server (its shared memory, its children) refuse a new one for a moment.
        if time.monotonic() > deadline:
            process.kill()
            raise TimeoutError(f"PostgreSQL did not start; its last words are in {log}")
        time.sleep(0.1)
    create_databases(server)
    return Running(process, signal.SIGINT, server)


def prepare(folder: Path, port: int, settings: Mapping[str, str] | None = None) -> Server:
    """Make the data folder once (checksums, scram), and say how to start the server. Starts nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(placement.place(folder), port, _passwords(folder), settings or {})
    if not server.placement.data.exists():
        _initialise(server)
    return server


def wait_until_ready(server: Server, timeout_seconds: float = READY_TIMEOUT_SECONDS) -> None:
    """Return when the server answers; TimeoutError after the given time."""
    deadline = time.monotonic() + timeout_seconds
    while not _answers(server):
        if time.monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL does not answer on port {server.port}")
        time.sleep(0.05)


def create_databases(server: Server) -> None:
    """The four databases and their roles; whatever exists stays, passwords are those of the folder."""
    with server.connect() as connection:
        for database in ("template1", SUPERUSER):
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        roles = _names(connection, "SELECT rolname FROM pg_roles")
        databases = _names(connection, "SELECT datname FROM pg_database")
        for name in DATABASES:
            role = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                sql.SQL("ALTER" if name in roles else "CREATE"), sql.Identifier(name), sql.Literal(server.passwords[name])
            )
            connection.execute(role)
            if name not in databases:
                _create_database(connection, name, name)


def _create_database(connection: psycopg.Connection[tuple[object, ...]], name: str, owner: str) -> None:
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
    # PUBLIC may connect to a new database: without this every role could at least look into the catalogue of another's.
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def _names(connection: psycopg.Connection[tuple[object, ...]], query: LiteralString) -> set[str]:
    return {str(row[0]) for row in connection.execute(query)}


def _passwords(folder: Path) -> dict[str, str]:
    file = folder / "passwords.json"
    if file.exists():
        return {str(role): str(password) for role, password in json.loads(file.read_text()).items()}
    passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *DATABASES)}
    write_secret(file, json.dumps(passwords, indent=2) + "\n")
    return passwords


def write_secret(file: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on, and in one step."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    fresh.replace(file)


def _initialise(server: Server) -> None:
    """`initdb` beside the place where the data will be, then one rename: a crash in between leaves no half data folder."""
    data = server.placement.data
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    server.placement.give(fresh)
    with _password_file(server) as password_file:
        arguments = ["-D", str(fresh), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file}", "--data-checksums"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(server.placement.programs / "initdb"), *arguments, *locale]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **_as_account(server))
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")
    fresh.rename(data)


@contextlib.contextmanager
def _password_file(server: Server) -> Iterator[Path]:
    """The superuser's password for the moment that initdb reads it, in a file of the account that runs initdb."""
    file = server.placement.data.with_name("superuser.password")
    write_secret(file, server.passwords[SUPERUSER] + "\n")
    server.placement.give(file)
    try:
        yield file
    finally:
        file.unlink()


def _as_account(server: Server) -> dict[str, Any]:
    account = server.placement.account
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def _launch(server: Server, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as stream:
        return subprocess.Popen(
            server.command(), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, cwd="/", start_new_session=True, **_as_account(server)
        )


def _ready(server: Server, process: subprocess.Popen[bytes], deadline: float) -> bool:
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(server):
            return True
        time.sleep(0.05)
    return False


def _answers(server: Server) -> bool:
    try:
        with server.connect():
            return True
    except psycopg.OperationalError:
        return False
