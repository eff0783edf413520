"""Fixtures for every test: servers, databases made by the migrations, a clock and ids set by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lib import infra
from tests.lib.clock import CountedIds, HandClock
from tests.lib.databases import Databases


def pytest_report_header() -> str:
    """Say at the start what the tests run on."""
    return infra.says()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what this machine lacks: nothing is left out silently."""
    for line in infra.lacking():
        terminalreporter.write_line(f"not on this machine: {line}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[infra.Postgres]:
    """A real PostgreSQL for the whole run."""
    with infra.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres: infra.Postgres) -> Iterator[Databases]:
    """The maker of databases; its templates live as long as the run."""
    with Databases(postgres) as maker:
        yield maker


@pytest.fixture
def database(databases: Databases) -> Iterator[Databases]:
    """`database("scoring")` is the URL of a fresh, migrated database of that service; dropped after the test."""
    yield databases
    databases.drop_fresh()


@pytest.fixture(scope="module")
def broker() -> Iterator[infra.Broker]:
    """A real broker without topics, one for each test module: so no test sees another module's messages."""
    with infra.broker() as server:
        yield server


@pytest.fixture
def clock() -> HandClock:
    """A clock that moves only when told to."""
    return HandClock()


@pytest.fixture
def ids() -> CountedIds:
    """Ids that count."""
    return CountedIds()
