"""Episodes are moved to a newer version of their programme on purpose: what is written, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from beklijf.cli import app
from beklijf_domain.document import ContractError
from beklijf_shared import contracts

SECOND = (('version = "1.0.0"', 'version = "2.0.0"\nsince = "2016-01-01"'), ("months = 15", "months = 14"), ("before = 90", "before = 60"))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a second version of a programme that ships."""
    text = (contracts.shipped_folder() / "protocols" / "imsr.toml").read_text(encoding="utf-8")
    for old, new in SECOND:
        text = text.replace(old, new)
    path = tmp_path / "protocols" / "imsr@2.0.0.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return tmp_path


def move(site: Path, *how: str, to: str = "2.0.0") -> Result:
    told = ["protocol", "move", "imsr", "--to", to, "--because", "The committee asked for it", "--contracts", str(site)]
    return CliRunner().invoke(app, [*told, *how], env={"COLUMNS": "200"})


def test_a_move_is_written_in_the_file_of_the_version_with_its_reason(site: Path) -> None:
    said = move(site, "--began-from", "2015-06-01", "--apply")
    also = move(site, "--episode", "e1", "--episode", "e2", "--apply")

    imsr = contracts.load(site).protocols["imsr"]
    assert (said.exit_code, also.exit_code) == (0, 0)
    assert [(each.reason, each.began_from, each.episodes) for each in imsr.moved] == [
        ("The committee asked for it", date(2015, 6, 1), ()),
        ("The committee asked for it", None, ("e1", "e2")),
    ]
    assert [imsr.at(date(2015, 5, 1), each).version for each in ("e1", "e3")] == ["2.0.0", "1.0.0"]
    assert imsr.at(date(2015, 6, 1)).version == "2.0.0"


def test_a_move_of_nobody_is_refused_and_nothing_is_written(site: Path) -> None:
    before = (site / "protocols" / "imsr@2.0.0.toml").read_bytes()

    said = move(site, "--apply")

    assert isinstance(said.exception, ContractError)
    assert str(said.exception).startswith(f"{site}/protocols/imsr@2.0.0.toml: moved[0].episodes: name either episodes, or days")
    assert (site / "protocols" / "imsr@2.0.0.toml").read_bytes() == before


def test_a_version_that_ships_takes_nobody_over(site: Path) -> None:
    said = move(site, "--episode", "e1", "--apply", to="1.0.0")

    assert isinstance(said.exception, FileNotFoundError)
    assert "has no version 1.0.0 of imsr" in str(said.exception)
