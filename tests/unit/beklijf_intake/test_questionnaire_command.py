"""questionnaire check, list and show: what is said of a form, for people and for programs, and which form cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beklijf_intake.commands import questionnaires as questionnaire_command
from tests.lib.hospital_forms import DOCUMENTS, LIFESTYLE, WORK, coded, form, item
from tests.lib.site_forms import QBPDS, add_to, qbpds_with_total

FAR = {
    "resourceType": "ValueSet",
    "url": "http://hospital.example.org/fhir/ValueSet/far-away",
    "version": "1",
    "status": "active",
    "compose": {"include": [{"system": "https://hospital.example.org/d", "concept": [{"code": "x"}]}]},
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEKLIJF_CONTRACTS", str(tmp_path / "site"))
    return add_to(tmp_path / "site", WORK)


def write(folder: Path, *resources: Any) -> list[str]:
    paths = [folder / f"{number}.json" for number in range(len(resources))]
    for path, resource in zip(paths, resources, strict=True):
        path.write_text(resource if isinstance(resource, str) else json.dumps(resource), encoding="utf-8")
    return [str(path) for path in paths]


def said(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    lines, status = questionnaire_command.run([*arguments, "--json"])
    return status, [json.loads(line) for line in lines]


def test_what_is_checked_and_what_is_not(site: Path, tmp_path: Path) -> None:
    status, (one,) = said("check", *write(tmp_path, LIFESTYLE))

    assert (status, one["usable"], one["known"], one["instrument"]) == (0, True, False, None)
    assert one["items"][3] == {
        "linkId": "diagnosis",
        "type": "choice",
        "checked": ["type choice"],
        "unchecked": [{"part": "answerValueSet", "reason": f"the value set {FAR['url']} is not at hand; its codes pass with a warning"}],
    }
    assert one["value_sets_not_at_hand"] == [f"the value set {FAR['url']} is not at hand; its codes pass with a warning"]


def test_a_value_set_beside_it_is_at_hand(site: Path, tmp_path: Path) -> None:
    status, (one, two) = said("check", *write(tmp_path, LIFESTYLE, FAR))

    assert (status, one["value_sets_not_at_hand"], two["usable"]) == (0, [], True)


def test_for_people(site: Path, tmp_path: Path) -> None:
    lines, status = questionnaire_command.run(["check", *write(tmp_path, DOCUMENTS, FAR)])

    assert status == 0
    assert lines[0] == f"{DOCUMENTS['url']}|2.1: 6 items, 1 checked in part; kept, and scored by no instrument"
    assert "  kind (string): type string, readOnly" in lines
    assert "    not checked: calculatedExpression: the expression (FHIRPath) is not evaluated: what is sent is kept as it came" in lines
    assert lines[-2:] == ["  Items with expressions: computed", f"{FAR['url']}|1: ValueSet, at hand"]


TWO_CODES = form("twice", item("q", "choice", answerOption=coded("a")))
OTHER_CODES = qbpds_with_total("1.2.0")
OTHER_CODES["item"][0]["item"][0]["answerOption"] = coded("a")


@pytest.mark.parametrize(
    ("resources", "fault"),
    [
        (["{"], "the file is no JSON in UTF-8"),
        (["[]"], "the file holds no FHIR resource"),
        ([{"resourceType": "Patient"}], "only Questionnaire, ValueSet, CodeSystem can be added"),
        ([{"resourceType": "Questionnaire", "url": "https://example.org/q"}], "version must be stated"),
        ([TWO_CODES | {"version": "1|2"}], "must hold no | and no #"),
        ([TWO_CODES | {"colour": "red"}], "colour: Extra inputs are not permitted"),
        ([form("q", item("a", "boolean"), item("a", "boolean"))], "a: the linkId is used twice (que-2)"),
        ([WORK | {"title": "Another"}], "are here already with other content"),
        ([TWO_CODES, TWO_CODES | {"title": "Another"}], "are here already with other content"),
        ([OTHER_CODES], "offers other codes for qbpds-01"),
    ],
)
def test_what_cannot_be_used(site: Path, tmp_path: Path, resources: list[Any], fault: str) -> None:
    status, found = said("check", *write(tmp_path, *resources))

    assert status == 1
    assert (found[-1]["usable"], len(found[-1]["faults"])) == (False, 1)
    assert fault in found[-1]["faults"][0]


def test_the_very_same_is_known(site: Path, tmp_path: Path) -> None:
    status, (one,) = said("check", *write(tmp_path, WORK))

    assert (status, one["usable"], one["known"]) == (0, True, True)


def test_the_loaded_forms(site: Path) -> None:
    lines, status = questionnaire_command.run(["list"])

    assert status == 0
    assert f"{QBPDS}|1.0.0: 20 items, 0 checked in part; scored by qbpds" in lines
    assert f"{WORK['url']}|2.1: 7 items, 1 checked in part; kept, and scored by no instrument" in lines


def test_one_loaded_form(site: Path) -> None:
    assert said("show", f"{WORK['url']}|2.1")[1][0]["items"][1]["checked"] == ["type open-choice", "options (3)"]
    with pytest.raises(questionnaire_command.Refused, match="no such Questionnaire is here"):
        questionnaire_command.run(["show", f"{WORK['url']}|9"])


def test_a_folder_that_cannot_be_loaded_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEKLIJF_CONTRACTS", str(tmp_path / "nowhere"))

    with pytest.raises(questionnaire_command.Refused, match="is no folder of contracts"):
        questionnaire_command.run(["list"])
