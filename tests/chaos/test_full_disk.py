"""P-17: PostgreSQL's disk is full. The door says later and means it: what it acknowledged is stored, and it needs no restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.chaos.intake import Site, site
from tests.lib import infra
from tests.lib.databases import plain
from tests.lib.persistent import Persistent
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300), pytest.mark.needs("disk")]

SECONDS = 90.0
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


def test_the_disk_is_full_and_then_it_is_not(made: Site, room: Path) -> None:
    sender, ballast = Persistent(str(made.client.base_url)), room / "ballast"
    with sender.pushing("full"):
        wait_until(lambda: len(sender.acknowledged) > 20, SECONDS, because="answers are acknowledged")
        with psycopg.connect(plain(made.postgres.url), autocommit=True) as superuser:
            superuser.execute("SELECT pg_switch_wal()")
            superuser.execute("CHECKPOINT")
        fill(ballast)
        wait_until(lambda: sender.statuses[503] > 50, SECONDS, because="the door says later")
        ballast.unlink()
        enough = len(sender.acknowledged) + 50
        wait_until(lambda: len(sender.acknowledged) >= enough, SECONDS, because="answers are acknowledged again")

    assert "No space left on device" in (room / "postgresql.log").read_text()
    assert sender.wrong == []
    assert made.running["api"].poll() is None
    assert sorted(made.names("SELECT value FROM resource WHERE type = 'QuestionnaireResponse'")) == sorted(sender.acknowledged)
