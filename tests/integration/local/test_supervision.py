"""The supervisor restarts whatever dies, and what a killed supervisor leaves behind is cleared away."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from beklijf import system
from beklijf.local.ports import LOOPBACK
from beklijf.local.state import State
from tests.lib import infra
from tests.lib.wait import wait_until


@pytest.fixture
def local() -> Iterator[system.System]:
    with infra.scratch() as scratch:
        local = system.prepared(State(scratch / "100% state"))
        try:
            yield local
        finally:
            system.stop(local)
            system.reset(local.state)


def supervisor_pid(local: system.System) -> int:
    return int((local.state.folder / "supervisor.pid").read_text())


@pytest.mark.parametrize("name", ["postgres", "broker"])
def test_a_killed_server_comes_back(local: system.System, name: str) -> None:
    system.start_servers(local)
    killed = local.supervisor.seen()[name].pid

    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: local.supervisor.seen()[name].pid not in {0, killed}, because=f"{name} again")
    system.start_servers(local)


def test_starting_twice_changes_nothing(local: system.System) -> None:
    system.start_servers(local)
    before = {name: seen.pid for name, seen in local.supervisor.seen().items()}

    again = system.prepared(local.state)
    system.start_servers(again)

    assert again.ports == local.ports
    assert {name: seen.pid for name, seen in again.supervisor.seen().items()} == before


def test_the_orphans_of_a_killed_supervisor_are_cleared_away(local: system.System) -> None:
    system.start_servers(local)
    orphans = [local.supervisor.seen()[name].pid for name in ("postgres", "broker")]
    os.kill(supervisor_pid(local), signal.SIGKILL)

    again = system.prepared(local.state)

    assert not any(_runs(pid) for pid in orphans)
    assert again.ports == local.ports
    system.start_servers(again)


def test_a_stopped_system_leaves_no_process(local: system.System) -> None:
    system.start_servers(local)
    pids = [supervisor_pid(local), *(seen.pid for seen in local.supervisor.seen().values() if seen.pid)]

    system.stop(local)

    assert not any(_runs(pid) for pid in pids)


def test_taken_ports_are_replaced() -> None:
    with infra.scratch() as scratch, socket.create_server((LOOPBACK, 0)) as somebody:
        taken = somebody.getsockname()[1]
        state = State(scratch / "state")
        state.make()
        (state.folder / "ports.json").write_text(f'{{"postgres": {taken}}}')

        local = system.prepared(state)

        assert local.ports["postgres"] != taken
        system.reset(state)


def test_the_configuration_with_its_passwords_is_for_the_owner_only(local: system.System) -> None:
    modes = {name: (local.state.folder / name).stat().st_mode & 0o777 for name in ("supervisor.conf", "supervisor.password")}

    assert modes == {"supervisor.conf": 0o600, "supervisor.password": 0o600}


def _runs(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False
