"""The commands that all services have: what goes wrong outside is said in a sentence."""

from __future__ import annotations

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
