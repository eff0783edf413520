"""`beklijf questionnaire`: a form is put into the site's folder when it can be used, and never in the place of another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from beklijf.cli import app
from tests.lib.hospital_forms import WORK


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "site").mkdir()
    monkeypatch.setenv("BEKLIJF_CONTRACTS", str(tmp_path / "site"))
    return tmp_path / "site"


def add(file: Path, form: object) -> tuple[int, str]:
    file.write_text(json.dumps(form), encoding="utf-8")
    done = CliRunner().invoke(app, ["questionnaire", "add", str(file)])
    return done.exit_code, done.output


def test_a_form_is_added_once_and_never_replaced(site: Path, tmp_path: Path) -> None:
    first = add(tmp_path / "form.json", WORK)
    again = add(tmp_path / "form.json", WORK)
    other = add(tmp_path / "form.json", WORK | {"title": "Another"})

    assert [status for status, _ in (first, again, other)] == [0, 0, 1]
    assert "not checked: answerOption: the item offers no answers, so any coding is accepted" in first[1]
    assert "Restart intake" in first[1]
    assert "is here already, just so" in again[1]
    assert "give it another version" in other[1]
    assert [path.name for path in (site / "fhir").iterdir()] == ["Questionnaire-work-2.1.json"]
    assert json.loads((site / "fhir" / "Questionnaire-work-2.1.json").read_text(encoding="utf-8")) == WORK


def test_without_a_folder_nothing_can_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEKLIJF_CONTRACTS", raising=False)
    (tmp_path / "form.json").write_text(json.dumps(WORK), encoding="utf-8")

    done = CliRunner().invoke(app, ["questionnaire", "add", str(tmp_path / "form.json")])

    assert done.exit_code == 1
    assert "BEKLIJF_CONTRACTS is not set" in str(done.exception)
