"""Making the secrets of the containers: once, readable by their accounts, in a folder that nobody else enters."""

from __future__ import annotations

import subprocess
from pathlib import Path

from joserfc.jwk import ECKey

from tests.lib.sources import ROOT


def make(folder: Path) -> str:
    """Run the script and give what it printed."""
    return subprocess.run([str(ROOT / "deploy/secrets"), str(folder)], capture_output=True, text=True, check=True).stdout


def test_secrets_are_made_once_and_never_printed(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces"

    first = make(folder)
    made = {file.name: file.read_text() for file in folder.iterdir()}
    second = make(folder)

    assert {file.name: file.read_text() for file in folder.iterdir()} == made
    assert len(made) == 14
    assert "made token-key" in first
    assert len(second.splitlines()) == 1
    assert [name for name, text in made.items() if text.strip() in first] == []


def test_a_database_is_addressed_with_its_own_password(tmp_path: Path) -> None:
    make(tmp_path)

    password = (tmp_path / "scoring-password").read_text()

    assert len(password) == 64
    assert (tmp_path / "scoring-database-url").read_text() == f"postgresql+psycopg://scoring:{password}@postgres:5432/scoring"


def test_two_invented_hospitals_have_a_key_each(tmp_path: Path) -> None:
    make(tmp_path)

    keys = [ECKey.import_key((tmp_path / f"sender-0000000{number}.pem").read_bytes()) for number in (1, 2)]

    assert [(key.is_private, key.curve_name) for key in keys] == [(True, "P-384")] * 2
    assert keys[0].thumbprint() != keys[1].thumbprint()


def test_the_folder_is_closed_and_its_files_are_readable(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    make(folder)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o444}
