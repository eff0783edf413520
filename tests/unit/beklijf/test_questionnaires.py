"""`beklijf questionnaire`: a form is put into the site's folder when it can be used, and never in the place of another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from beklijf.cli import app
from beklijf.local.state import state_from_environment
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


def test_on_one_computer_a_folder_is_made_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEKLIJF_CONTRACTS", raising=False)
    monkeypatch.setenv("BEKLIJF_STATE", str(tmp_path))  # nothing is remembered there
    monkeypatch.setenv("BEKLIJF_STATE", str(tmp_path / "state"))
    assert state_from_environment().site() is None

    assert add(tmp_path / "form.json", WORK)[0] == 0

    made = tmp_path / "state" / "site"
    assert [path.name for path in (made / "fhir").iterdir()] == ["Questionnaire-work-2.1.json"]
    assert state_from_environment().site() == str(made)
    assert "is here already, just so" in add(tmp_path / "form.json", WORK)[1]


def test_where_services_run_elsewhere_the_folder_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEKLIJF_CONTRACTS", raising=False)
    monkeypatch.setenv("BEKLIJF_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("BEKLIJF_OPERATIONS_URL", "http://{process}:9000")
    (tmp_path / "form.json").write_text(json.dumps(WORK), encoding="utf-8")

    done = CliRunner().invoke(app, ["questionnaire", "add", str(tmp_path / "form.json")])

    assert done.exit_code == 1
    assert "BEKLIJF_CONTRACTS is not set" in str(done.exception)
