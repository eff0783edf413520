"""What every process is told by its environment, and what a file may hold instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from beklijf_shared.settings import SettingMissing, Settings, secret


def test_a_secret_in_a_file_is_read_without_its_last_newline(tmp_path: Path) -> None:
    file = tmp_path / "database-url"
    file.write_text("postgresql+psycopg://scoring:hidden@postgres/scoring\n")

    settings = Settings.from_environment("scoring", {"BEKLIJF_DATABASE_URL_FILE": str(file)})

    assert settings.database_url == "postgresql+psycopg://scoring:hidden@postgres/scoring"


def test_the_variable_itself_comes_before_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from the file")

    assert secret({"KEY": "from the variable", "KEY_FILE": str(file)}, "KEY") == "from the variable"
    assert secret({"KEY": "", "KEY_FILE": str(file)}, "KEY") == "from the file"
    assert secret({}, "KEY") == ""


def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingMissing, match="KEY_FILE names a file that cannot be read"):
        secret({"KEY_FILE": str(tmp_path / "absent")}, "KEY")


def test_without_a_database_it_does_not_start() -> None:
    with pytest.raises(SettingMissing, match="BEKLIJF_DATABASE_URL is not set, nor BEKLIJF_DATABASE_URL_FILE"):
        Settings.from_environment("scoring", {})
