"""A site adds an instrument and a rule with files alone, and is told what cannot hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from beklijf.cli import app
from beklijf_domain.document import ContractError
from beklijf_shared import contracts

CODED = ("low = 0\nhigh = 5\n", 'codes = { "no" = 0, "yes" = 5 }\n')


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "BEKLIJF_STATE": "/none"})


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with an instrument that was begun, and filled in."""
    assert (
        run("instrument", "new", "neck", "--items", "10", "--high", "5", "--title", "Neck disability", "--into", str(tmp_path)).exit_code
        == 0
    )
    path = tmp_path / "instruments" / "neck.toml"
    path.write_text(re.sub(r"FILL IN: [^\"]*", "A source", path.read_text()))
    return tmp_path


def test_what_was_begun_and_not_filled_in_does_not_hold(tmp_path: Path) -> None:
    run("instrument", "new", "neck", "--items", "3", "--into", str(tmp_path))

    said = run("instrument", "check", "neck", "--contracts", str(tmp_path))

    assert isinstance(said.exception, ContractError)
    assert "instruments/neck.toml: missing_items.source: is still to be filled in" in str(said.exception) or (
        "is still to be filled in: over which time" in str(said.exception)
    )


def test_an_instrument_that_was_begun_holds_and_is_scored(site: Path) -> None:
    known = contracts.load(site)

    neck = known.instruments["neck"]
    assert (len(neck.items), neck.judged and neck.judged.high, neck.examples[0].results) == (10, 50, {"total": "50"})
    assert known.questionnaires[neck.questionnaire, "1.0.0"]["item"][9]["linkId"] == "neck-10"
    assert run("instrument", "check", "neck", "--contracts", str(site)).output.splitlines() == [
        "neck 1.0.0 holds: 10 items, 1 measures, 1 examples"
    ]


def test_nothing_that_is_there_is_written_over(site: Path) -> None:
    again = run("instrument", "new", "neck", "--items", "3", "--into", str(site))

    assert isinstance(again.exception, FileExistsError)


def test_values_that_no_answers_give_are_named(site: Path) -> None:
    path = site / "instruments" / "neck.toml"
    path.write_text(
        path.read_text().replace("low = 0\nhigh = 5\n", 'codes = { "no" = 0, "yes" = 5 }\n').replace("5 5 5 5 5 5 5 5 5 5", "yes " * 10)
    )
    assert run("instrument", "questionnaire", "neck", "--into", str(site)).exit_code == 0

    said = run("instrument", "check", "neck", "--contracts", str(site)).output.splitlines()

    assert said[1] == "note: no answers give 40 of the values of total: 1, 2, 3, 4, 6, 7, 8, 9, 11, 12"


def test_an_instrument_that_cannot_hold_is_refused_with_its_key(site: Path) -> None:
    path = site / "instruments" / "neck.toml"
    path.write_text(path.read_text().replace("high = 50", "high = 60"))

    said = run("instrument", "check", "neck", "--contracts", str(site))

    assert isinstance(said.exception, ContractError)
    assert str(said.exception).endswith("low: says 0 to 60, but the items give 0 to 50")


def test_all_that_is_wrong_with_all_files_is_said_at_once(site: Path) -> None:
    neck = site / "instruments" / "neck.toml"
    neck.write_text(neck.read_text().replace("high = 50", "high = 60").replace("citation =", "citaton ="))
    (site / "rules").mkdir()
    (site / "rules" / "half.toml").write_text(
        'code = "half"\nversion = "1"\ntitle = ""\nkind = "relative"\noperator = "=>"\npopulation = "x"\nrelative = { every = 0.5 }\n'
    )
    (site / "protocols").mkdir()
    (site / "protocols" / "neck.toml").write_text(
        'code = "neck"\nversion = "1"\ntitle = "Neck"\ntime_zone = "Europe/Utrecht"\nyears = [2026]\ncitation = "x"\n'
        '[[moments]]\ncode = "t0"\ntitle = "Start"\nmonths = 0\ndays = 0\nbefore = 1\nafter = 1\ninstruments = ["neck"]\n'
        '[[moments]]\ncode = "t1"\ntitle = "End"\nmonths = "2"\nbefore = 1\nafter = 1\ninstruments = ["neck"]\nbaseline = "t0"\n'
    )

    for command in (("instrument", "neck"), ("rule", "half"), ("protocol", "neck")):
        said = run(command[0], "check", command[1], "--contracts", str(site))

        assert said.exit_code == 1
        assert str(said.exception).replace(f"{site}/", "").splitlines() == [
            "instruments/neck.toml: measures[0].low: says 0 to 60, but the items give 0 to 50",
            'instruments/neck.toml: citation: is missing; give text in quotes, such as "one"',
            "instruments/neck.toml: citaton: is not a key that is known here; did you mean citation?",
            "rules/half.toml: operator: '=>' is not one of >=, >",
            'rules/half.toml: relative.every: 0.5 is not a whole number, or a decimal number in quotes, such as "0.30"',
            "rules/half.toml: title: must not be blank",
            'rules/half.toml: citation: is missing; give text in quotes, such as "one"',
            "protocols/neck.toml: moments[0].months: give either months or months_by_year or days",
            "protocols/neck.toml: moments[1].months: '2' is not a whole number without quotes, such as 5",
            "protocols/neck.toml: time_zone: 'Europe/Utrecht' is not a known time zone",
        ]


def test_all_that_files_say_wrongly_of_each_other_is_said_at_once(site: Path) -> None:
    (site / "rules").mkdir()
    (site / "rules" / "half.toml").write_text(
        'code = "half"\nversion = "1"\ntitle = "x"\nkind = "relative"\noperator = ">"\npopulation = "x"\ncitation = "x"\n'
        'planned = ["neck", "hip"]\nrelative = { neck = "0.5", knee = "0.5", care-use = "0.5" }\n'
    )

    said = run("rule", "check", "half", "--contracts", str(site))

    assert str(said.exception).splitlines() == [
        "rules/half: instruments: 'knee' is not here, and is not listed as planned",
        "rules/half: planned: 'neck' is here by now; take it off the list",
        "rules/half: planned: 'hip' is used nowhere",
        "rules/half: care-use: has no measure that rules judge",
    ]


def test_a_page_shows_source_licence_and_examples(site: Path) -> None:
    page = site / "neck.md"

    run("instrument", "check", "neck", "--contracts", str(site), "--page", str(page))

    text = page.read_text()
    assert "| `total` (judged) Total | sum of neck-01, neck-02, …, neck-10 | 0 to 50 | high-is-worse | all items are needed |" in text
    assert "| `5 5 5 5 5 5 5 5 5 5` | total 50 | The most that can be answered |" in text
    assert "- Missing items: A source" in text


def test_windows_that_may_meet_are_named() -> None:
    note = "note: end and halfway meet when a treatment takes 56 days or less: the nearest target decides"
    assert run("protocol", "check", "ndpr").output.splitlines()[-1] == note


def test_linkids_that_another_instrument_has_too_are_named(site: Path) -> None:
    text = (site / "instruments" / "neck.toml").read_text()
    (site / "instruments" / "back.toml").write_text(
        text.replace('code = "neck"', 'code = "back"').replace("Questionnaire/neck", "Questionnaire/back")
    )
    run("instrument", "questionnaire", "back", "--into", str(site))

    said = run("instrument", "check", "back", "--contracts", str(site)).output.splitlines()

    assert said[1] == "note: 10 of its linkIds are those of neck too: neck-01, neck-02, neck-03, neck-04, neck-05"


EXPRESSED = """
formula = "expression"
expression = "%resource.item.where(linkId != 'neck-03').answer.value.sum()"
rounding = "half-up"
"""


def test_an_expression_is_marked_slower_and_tried(site: Path) -> None:
    path, page = site / "instruments" / "neck.toml", site / "neck.md"
    path.write_text(path.read_text().replace('\nformula = "sum"\n', EXPRESSED).replace('total = "50"', 'total = "45"'))

    said = run("instrument", "check", "neck", "--contracts", str(site), "--page", str(page)).output.splitlines()

    assert said[1].startswith("slower: total is computed by an expression (fhirpathpy 2.2.4): 19 of 3000 steps, ")
    assert said[1].endswith(" ms an answer here")
    assert said[2:] == [
        "note: no answer that was tried to neck-03 changes total",
        "note: the answers that were tried give 0 to 45; what lies outside the stated range is no score",
    ]
    asked = "expression `%resource.item.where(linkId != 'neck-03').answer.value.sum()` of neck-01, neck-02, …, neck-10"
    assert f"| {asked}, by fhirpathpy 2.2.4 (slower) | 0 to 50 |" in page.read_text()


def test_a_programme_is_drawn() -> None:
    said = run("protocol", "check", "imsr").output.splitlines()

    assert said[0] == "imsr 1.0.0 holds: 5 moments; those of one anchor overlap for no day of start"
    assert said[1] == "t0 = 2012-01-05"
    assert len(said) == 1 + 4 * 6


def test_a_rule_says_what_it_asks(site: Path) -> None:
    assert run("rule", "check", "comi-2009").output.splitlines() == [
        "comi-2009@1.0.0 holds",
        "  comi: >= 2.2 points better, >= 0.3 points worse",
    ]


@pytest.mark.parametrize(("kind", "code"), [("instrument", "vas-pain"), ("protocol", "ndpr"), ("rule", "rtms-bands@1.0.0")])
def test_what_there_is_is_listed(kind: str, code: str) -> None:
    assert any(line.startswith(code) for line in run(kind, "list").output.splitlines())


def test_what_is_not_there_is_said_with_what_is() -> None:
    said = run("protocol", "show", "nobody")

    assert str(said.exception) == "there is no programme nobody; there are ichom-lbp, imsr, kngf-lbp, ndpr"


def test_the_questionnaire_has_the_weights_of_its_instrument(site: Path) -> None:
    path = site / "instruments" / "neck.toml"
    path.write_text(
        path.read_text().replace("low = 0\nhigh = 5\n", 'codes = { "no" = 0, "yes" = 5 }\n').replace("5 5 5 5 5 5 5 5 5 5", "yes " * 10)
    )
    run("instrument", "questionnaire", "neck", "--into", str(site))

    form = json.loads((site / "fhir" / "Questionnaire-neck.json").read_text())

    assert [option["extension"][0]["valueDecimal"] for option in form["item"][0]["answerOption"]] == [0, 5]
