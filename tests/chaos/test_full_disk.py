"""P-17: PostgreSQL's disk is full. The door says later and means it: what it acknowledged is stored, and it needs no restart."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.chaos.intake import Site, site
from tests.lib import infra
from tests.lib.databases import plain
from tests.lib.persistent import Persistent
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900), pytest.mark.needs("disk")]

SECONDS = 180.0
DISK_MEGABYTES = 256
JOURNAL = {"min_wal_size": "32MB", "max_wal_size": "64MB", "autovacuum": "off"}
"""Of files that are made before they are needed, so that the tables run out of room first: without a journal PostgreSQL would stop."""


@pytest.fixture
def room() -> Iterator[Path]:
    with infra.scratch() as folder, infra.disk(folder, DISK_MEGABYTES):
        yield folder


@pytest.fixture
def made(room: Path) -> Iterator[Site]:
    with site(room, JOURNAL) as one:
        one.start("api")
        yield one


def fill(ballast: Path) -> None:
    """Takes all the room that is left."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(64 * 1024)):
                continue
        except OSError:
            return


def some_are_acknowledged(sender: Persistent, more: int = 20) -> None:
    """Return when so many more are acknowledged."""
    enough = len(sender.acknowledged) + more
    wait_until(lambda: len(sender.acknowledged) >= enough, SECONDS, because="answers are acknowledged")


def some_are_told_later(sender: Persistent) -> None:
    """Return when fifty more were told to come later."""
    enough = sender.statuses[503] + 50
    wait_until(lambda: sender.statuses[503] >= enough, SECONDS, because="the door says later")


def check(made: Site, sender: Persistent) -> None:
    """What was acknowledged is there, and the door is the one that was started."""
    assert sender.wrong == []
    assert made.running["api"].poll() is None
    assert sorted(made.names("SELECT value FROM resource WHERE type = 'QuestionnaireResponse'")) == sorted(sender.acknowledged)


def test_the_disk_is_full_and_then_it_is_not(made: Site, room: Path) -> None:
    sender, ballast = Persistent(str(made.client.base_url)), room / "ballast"
    with sender.pushing("full"):
        some_are_acknowledged(sender)
        with psycopg.connect(plain(made.postgres.url), autocommit=True) as superuser:
            superuser.execute("SELECT pg_switch_wal()")
            superuser.execute("CHECKPOINT")
        fill(ballast)
        some_are_told_later(sender)
        ballast.unlink()
        some_are_acknowledged(sender)

    log = (room / "postgresql.log").read_text()
    assert "No space left on device" in log
    assert "PANIC" not in log
    check(made, sender)


def test_the_journal_is_full_and_postgresql_stops(made: Site, room: Path) -> None:
    """There is no room for what every commit writes first: PostgreSQL ends itself, and is started again when there is."""
    sender, ballast = Persistent(str(made.client.base_url)), room / "ballast"
    with sender.pushing("stopped"):
        some_are_acknowledged(sender)
        with psycopg.connect(plain(made.postgres.url), autocommit=True) as superuser, contextlib.suppress(psycopg.Error):
            fill(ballast)
            while True:
                superuser.execute("SELECT pg_switch_wal()")
                superuser.execute("SELECT pg_logical_emit_message(false, 'test', 'something to write')")
        some_are_told_later(sender)
        ballast.unlink()
        made.postgres.stop()
        made.postgres.start()
        some_are_acknowledged(sender)

    assert "PANIC" in (room / "postgresql.log").read_text()
    check(made, sender)
