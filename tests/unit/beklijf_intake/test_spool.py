"""The spool: what was kept is whole and found again, what was not is swept up, and there is a limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from beklijf_intake.bulk.spool import FORGOTTEN_SECONDS, Full, Spool, TooLarge
from beklijf_intake.domain.archive import Block, Gap

IMPORT = "01980000-0000-7000-8000-000000000001"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "spool", 100)
    made.make()
    return made


def put(spool: Spool, content: bytes, number: int = 1) -> None:
    incoming = spool.incoming(f"i{number}")
    incoming.write(content)
    incoming.keep(IMPORT, number)
    incoming.discard()


def test_what_was_kept_is_found_under_its_place_and_only_there(spool: Spool) -> None:
    put(spool, b"one\ntwo\n")

    assert spool.content(IMPORT, 1, Block(2, 1, 4, 8)) == b"two\n"
    assert list(spool.chunks(IMPORT, 1, Gap(1, 0, 8))) == [b"one\ntwo\n"]
    assert [path.name for path in spool.folder.iterdir()] == [f"{IMPORT}.1"]


def test_nobody_else_may_read_it(spool: Spool) -> None:
    put(spool, b"one\n")

    assert (spool.path(IMPORT, 1).stat().st_mode & 0o777, spool.folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_digest_and_size_are_those_of_all_that_was_written(spool: Spool) -> None:
    incoming = spool.incoming("i")
    incoming.write(b"on")
    incoming.write(b"e\n")

    assert incoming.size == 4
    assert incoming.digest.hex() == "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"
    incoming.discard()


def test_what_was_not_kept_leaves_nothing(spool: Spool) -> None:
    incoming = spool.incoming("i")
    incoming.write(b"one\n")
    incoming.discard()

    assert list(spool.folder.iterdir()) == []


def test_one_file_beyond_the_limit_is_too_large(spool: Spool) -> None:
    incoming = spool.incoming("i")
    incoming.write(b"x" * 100)

    with pytest.raises(TooLarge):
        incoming.write(b"x")
    incoming.discard()
    with pytest.raises(TooLarge):
        spool.check_room(101)


def test_beside_others_there_may_be_no_room_now(spool: Spool) -> None:
    put(spool, b"x" * 60)

    with pytest.raises(Full):
        spool.check_room(41)
    spool.remove(IMPORT, 1)
    spool.check_room(41)


def test_a_disk_that_is_nearly_full_takes_nothing(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beklijf_intake.bulk.spool.FREE_BYTES", 1 << 62)

    with pytest.raises(Full):
        spool.check_room(1)


def test_the_sweep_takes_what_nobody_needs_and_nobody_has_touched_for_an_hour(spool: Spool) -> None:
    for number in (1, 2, 3):
        put(spool, b"x\n", number)
    (spool.folder / "incoming-left-by-a-crash").write_bytes(b"x")
    for path in spool.folder.iterdir():
        if not path.name.endswith(".3"):
            os.utime(path, (path.stat().st_mtime - FORGOTTEN_SECONDS - 60,) * 2)

    removed = spool.sweep({(IMPORT, 1)})

    assert removed == 2
    assert sorted(path.name for path in spool.folder.iterdir()) == [".now", f"{IMPORT}.1", f"{IMPORT}.3"]
