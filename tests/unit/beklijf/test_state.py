"""The site's folder of contracts is remembered from one start to the next, and is absolute wherever it was named."""

from __future__ import annotations

from pathlib import Path

import pytest

from beklijf.local.state import State


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.delenv("BEKLIJF_CONTRACTS", raising=False)
    monkeypatch.chdir(tmp_path)
    return State(tmp_path)


def test_without_a_folder_there_is_none(state: State) -> None:
    assert state.site() is None


def test_the_folder_that_was_remembered_is_used(state: State) -> None:
    state.contracts.write_text("/srv/site", encoding="utf-8")

    assert state.site() == "/srv/site"


def test_the_environment_wins_and_is_made_absolute(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    state.contracts.write_text("/srv/site", encoding="utf-8")
    monkeypatch.setenv("BEKLIJF_CONTRACTS", "here")

    assert state.site() == str(state.folder.resolve() / "here")
