"""The commands that all services have: what goes wrong outside is said in a sentence."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from beklijf_intake import __main__ as intake
from beklijf_scoring.app import SERVICE
from beklijf_shared import commands
from tests.lib.servers import free_port

AWAY = "the database does not answer: is everything running? (`beklijf status`)\n"


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEKLIJF_DATABASE_URL", f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing")
    monkeypatch.setenv("BEKLIJF_PROFILE", "laptop")


@pytest.mark.parametrize("arguments", [["state-hash"], ["dlq", "list"]])
def test_a_database_that_is_away_is_no_traceback(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(SERVICE, arguments) == 1

    assert capsys.readouterr().err == f"beklijf_scoring: {AWAY}"


def test_nor_is_it_where_a_service_has_commands_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert intake.mapping(["list"]) == 2

    assert capsys.readouterr().err == f"beklijf_intake: {AWAY}"


@contextmanager
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield somebody.getsockname()[1]


def test_a_port_that_somebody_else_has_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with taken_port() as port:
        monkeypatch.setenv("BEKLIJF_OPERATIONS_PORT", str(port))

        assert commands.main(SERVICE, ["api"]) == 2

    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"beklijf_scoring: BEKLIJF_OPERATIONS_PORT is {port}, which cannot be opened: another program has it already"


def test_nor_is_a_port_of_http_or_a_setting_that_one_command_reads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with taken_port() as port:
        monkeypatch.setenv("BEKLIJF_HTTP_PORT", str(port))

        assert commands.main(SERVICE, ["api"]) == 2

    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"beklijf_scoring: BEKLIJF_HTTP_PORT is {port}, which cannot be opened: another program has it already"

    monkeypatch.setenv("BEKLIJF_READERS", "nonsense")
    assert commands.main(SERVICE, ["api"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("beklijf_scoring: BEKLIJF_READERS must be a JSON object")
