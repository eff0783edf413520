"""A site lays its wording of a licensed instrument over the neutral text, once it fits; its own version of one takes its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from beklijf.cli import app
from beklijf_domain.document import ContractError
from beklijf_shared import contracts

FORM = "https://w3id.org/beklijf/fhir/Questionnaire/qbpds"
FILLED = {"FILL IN: by which licence this wording is used here": "Held by the hospital", "FILL IN: ": "Onze "}


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """The begun wording of QBPDS, filled in."""
    assert CliRunner().invoke(app, ["instrument", "text", "qbpds", "--into", str(tmp_path)]).exit_code == 0
    path = tmp_path / "texts" / "qbpds.toml"
    written = path.read_text()
    for marked, words in FILLED.items():
        written = written.replace(marked, words)
    path.write_text(written)
    return path


def test_a_sites_wording_takes_the_place_of_the_neutral_text(text: Path) -> None:
    form = contracts.load(text.parents[1]).questionnaires[FORM, "1.0.0"]

    assert (form["language"], form["item"][19]["text"]) == ("nl", "Onze item 20")
    assert form["copyright"].endswith("for which it holds a licence. Text: Held by the hospital")
    assert [option["valueCoding"]["display"] for option in form["item"][0]["answerOption"]] == [f"Onze answer {n}" for n in range(6)]
    assert [option["valueCoding"]["code"] for option in form["item"][0]["answerOption"]] == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("qbpds-20 = ", "qbpds-21 = ", "items.qbpds-21: is no item of qbpds"),
        ('qbpds-20 = "Onze item 20"', "", "items.qbpds-20: is missing"),
        ("Onze item 20", "FILL IN: item 20", "items.qbpds-20: is still to be filled in: item 20"),
        ('"5" = ', '"6" = ', "answers.6: is no answer of qbpds"),
        ('"nl"', '"de"', "language: 'de' is not one of en, nl"),
        ('"qbpds"', '"qbpd"', "instrument: 'qbpd' is no instrument that is here"),
    ],
)
def test_a_wording_that_does_not_fit_is_refused_with_its_key(text: Path, old: str, new: str, problem: str) -> None:
    text.write_text(text.read_text().replace(old, new))

    with pytest.raises(ContractError, match=re.escape(problem)):
        contracts.load(text.parents[1])


def own_version(folder: Path, version: str) -> None:
    """RMDQ as the paper form is read: an unticked statement is a no."""
    shipped = (contracts.shipped_folder() / "instruments" / "rmdq-24.toml").read_text(encoding="utf-8")
    own = shipped.replace('version = "1.0.0"', f'version = "{version}"').replace('"all-required"', '"by-measure"')
    own = own.replace('formula = "count"', 'formula = "count"\nmissing = "as-zero"\nleast_answered = 1')
    own = own.replace('source = "Unanswered is not no"', 'source = "Unticked is no"\nresults = { total = "8" }')
    (folder / "instruments").mkdir()
    (folder / "instruments" / "rmdq-24.toml").write_text(own, encoding="utf-8")


def test_a_sites_own_version_takes_the_place_of_an_instrument_that_ships(tmp_path: Path) -> None:
    own_version(tmp_path, "1.1.0")

    known = contracts.load(tmp_path)

    assert (known.instruments["rmdq-24"].version, known.instruments["rmdq-24"].measures[0].missing) == ("1.1.0", "as-zero")
    assert known.instrument_of("https://w3id.org/beklijf/fhir/Questionnaire/rmdq-24", "1.0.0") is known.instruments["rmdq-24"]


def test_two_instruments_of_one_version_are_one_too_many(tmp_path: Path) -> None:
    own_version(tmp_path, "1.0.0")

    with pytest.raises(ContractError, match="'rmdq-24' is defined twice; what takes the place of an instrument has a version of its own"):
        contracts.load(tmp_path)
