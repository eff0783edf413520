"""Ports: the wanted number, another one when it is taken, the same one the next time."""

from __future__ import annotations

import fcntl
import socket
import tempfile
from pathlib import Path

import pytest

from beklijf.local.ports import LOOPBACK, assign, free_port, in_turn, is_free, load, save, turn_file
from beklijf.local.processes import PROCESSES, wanted_ports


def test_a_wanted_port_is_taken_when_it_is_free() -> None:
    wanted = free_port()

    assert assign({"page": wanted}, {}) == {"page": wanted}


def test_a_taken_port_is_replaced_by_another() -> None:
    with socket.create_server((LOOPBACK, 0)) as somebody:
        taken = somebody.getsockname()[1]

        port = assign({"page": taken}, {})["page"]

    assert port != taken
    assert is_free(port)


def test_a_remembered_port_comes_before_the_wanted_one() -> None:
    wanted, remembered = free_port(), free_port()

    assert assign({"page": wanted}, {"page": remembered}) == {"page": remembered}


def test_no_two_names_get_one_port() -> None:
    wanted = free_port()

    ports = assign({"page": wanted, "other": wanted}, {})

    assert ports["page"] == wanted
    assert ports["other"] != wanted


def test_systems_start_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def is_anybodys_turn() -> bool:
        with turn_file().open("a") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    with in_turn():
        assert not is_anybodys_turn()

    assert is_anybodys_turn()


def test_ports_are_remembered(tmp_path: Path) -> None:
    save(tmp_path, {"page": 8400})

    assert load(tmp_path) == {"page": 8400}


def test_every_process_has_an_operations_port_of_its_own() -> None:
    wanted = wanted_ports()

    assert {process.operations_name for process in PROCESSES} <= wanted.keys()
    assert len(set(wanted.values())) == len(wanted) == 19
