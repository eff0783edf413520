"""PostgreSQL of one computer: private, checked, and there again after the worst."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from beklijf.local import placement, postgres
from tests.lib import infra
from tests.lib.servers import NOT_DURABLE


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with infra.scratch() as scratch:
        yield scratch / "a path with spaces"


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[postgres.Running]:
    running = postgres.start(folder, settings=NOT_DURABLE)
    yield running
    running.stop()


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def test_each_service_has_a_database_of_its_own(server: postgres.Running) -> None:
    for service in ("intake", "scoring", "cohorts", "reporting"):
        with psycopg.connect(plain(server.url_of(service))) as connection:
            assert connection.execute("SELECT current_user, current_database()").fetchone() == (service, service)
            connection.execute("CREATE TABLE own (id int)")


@pytest.mark.parametrize("other", ["scoring", "cohorts", "reporting", "postgres", "template1"])
def test_no_service_can_look_into_another_database(server: postgres.Running, other: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(plain(server.url_of(other, role="intake")))


def test_a_wrong_password_is_refused(server: postgres.Running) -> None:
    wrong = plain(server.url_of("intake")).replace("intake:", "intake:not-")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_pages_carry_checksums_and_only_loopback_is_listened_on(server: postgres.Running) -> None:
    with server.server.connect() as connection:
        settings = [
            connection.execute(f"SHOW {name}").fetchone() for name in ("data_checksums", "listen_addresses", "unix_socket_directories")
        ]

    assert settings == [("on",), ("127.0.0.1",), ("",)]


def test_passwords_are_for_the_owner_only(server: postgres.Running, folder: Path) -> None:
    mode = stat.S_IMODE((folder / "passwords.json").stat().st_mode)

    assert mode == 0o600
    assert len(set(server.server.passwords.values())) == 5


def test_killed_and_started_again_it_has_what_was_committed() -> None:
    with infra.scratch() as scratch:
        server = postgres.start(scratch / "pg")
        with psycopg.connect(plain(server.url_of("intake")), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

        server.kill()
        server = postgres.start(scratch / "pg", server.server.port)

        with psycopg.connect(plain(server.url_of("intake"))) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        server.stop()


def test_a_folder_closed_to_others_works_and_stays_closed() -> None:
    with infra.scratch() as scratch:
        closed = scratch / "home"
        closed.mkdir(mode=0o700)

        server = postgres.start(closed / "pg", settings=NOT_DURABLE)
        server.stop()
        placement.remove(closed / "pg")

        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert not server.server.placement.data.exists()
