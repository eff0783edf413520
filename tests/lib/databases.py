"""Fresh databases for tests: made once by the migrations as a template, then copied, which takes a few hundredths of a second."""

from __future__ import annotations

import os
from itertools import count
from typing import Self

import psycopg

from tests.lib.infra import Postgres


class Databases:
    """Makes migrated databases of one PostgreSQL and drops them again. Call it with a service's name."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._numbers = count(1)
        self._templates: dict[str, str] = {}
        self._fresh: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop_fresh()
        for name in self._templates.values():
            self._say(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def __call__(self, service: str) -> str:
        """The URL of a new database of this service (`intake`, `scoring`, ...), at the newest revision."""
        template = self._template(service)
        name = self._name(service)
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        self._fresh.append(name)
        return self._postgres.database(name)

    def empty(self) -> str:
        """The URL of a new database without any table."""
        name = self._name("empty")
        self._say(f'CREATE DATABASE "{name}"')
        self._fresh.append(name)
        return self._postgres.database(name)

    def drop_fresh(self) -> None:
        """Drop what was made for the test that just ended, whoever is still connected to it."""
        while self._fresh:
            self._say(f'DROP DATABASE IF EXISTS "{self._fresh.pop()}" WITH (FORCE)')

    def _template(self, service: str) -> str:
        if service not in self._templates:
            from beklijf_shared import migrations

            name = self._name(f"{service}_template")
            self._say(f'CREATE DATABASE "{name}"')
            self._templates[service] = name
            migrations.upgrade(f"beklijf_{service}", self._postgres.database(name))
        return self._templates[service]

    def _name(self, what: str) -> str:
        return f"beklijf_test_{os.getpid()}_{what}_{next(self._numbers)}"

    def _say(self, statement: str) -> None:
        with psycopg.connect(plain(self._postgres.url), autocommit=True) as connection:
            connection.execute(statement.encode())


def plain(url: str) -> str:
    """A SQLAlchemy URL as psycopg itself wants it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
