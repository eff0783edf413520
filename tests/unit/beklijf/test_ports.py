"""Ports: the wanted number, another one when it is taken, the same one the next time."""

from __future__ import annotations

import socket
from pathlib import Path

from beklijf.local.ports import LOOPBACK, assign, free_port, is_free, load, save
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


def test_ports_are_remembered(tmp_path: Path) -> None:
    save(tmp_path, {"page": 8400})

    assert load(tmp_path) == {"page": 8400}


def test_every_process_has_an_operations_port_of_its_own() -> None:
    wanted = wanted_ports()

    assert {process.operations_name for process in PROCESSES} <= wanted.keys()
    assert len(set(wanted.values())) == len(wanted) == 19
