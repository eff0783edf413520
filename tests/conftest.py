"""Fixtures for every test: servers, databases made by the migrations, a clock and ids set by hand."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.lib import infra
from tests.lib.clock import CountedIds, HandClock
from tests.lib.databases import Databases

LEFT_OUT = pytest.StashKey[dict[str, list[pytest.Item]]]()
SOAK = "soak"

settings.register_profile("the same", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("new", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("the same")  # before any test is read: what a test does not say of its examples itself is said here


def pytest_configure() -> None:
    """SIGTERM ends the run in order, so that the servers it has started end too."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


def pytest_report_header() -> str:
    """Say at the start what the tests run on."""
    return infra.says()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a program that this machine lacks, and what is only run when asked for; the closing lines say so."""
    for item in items:
        if item.get_closest_marker("soak") and "soak" not in config.option.markexpr:
            config.stash.setdefault(LEFT_OUT, {}).setdefault(SOAK, []).append(item)
        for marker in item.iter_markers("needs"):
            if not infra.has(marker.args[0]):
                config.stash.setdefault(LEFT_OUT, {}).setdefault(marker.args[0], []).append(item)
    left_out = [item for group in config.stash.get(LEFT_OUT, {}).values() for item in group]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say at the end what this machine lacks: nothing is left out silently."""
    for line in infra.lacking():
        terminalreporter.write_line(f"not on this machine: {line}")
    left_out = config.stash.get(LEFT_OUT, {})
    if SOAK in left_out:
        terminalreporter.write_line(f"left to `make soak`: {len(left_out.pop(SOAK))} tests that take long")
    for what, group in left_out.items():
        names = ", ".join(item.nodeid for item in group)
        terminalreporter.write_line(f"not on this machine: {what}, so these did not run: {names}")


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
