"""The loader: what ships holds together, a site adds its own, and what cannot hold is said with file and key."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class  # type: ignore[import-untyped,unused-ignore]

from beklijf_shared import contracts, telemetry
from beklijf_shared.contracts import ContractError

BASE = "https://w3id.org/beklijf/fhir"
INSTRUMENTS = set(
    """barriers-facilitators care-use eq-5d-5l exercise-dose gpe-3 gpe-6 gpe-dv hads kngf-risk-profile kngf-treatment-profile nprs-1w
    nprs-24h odi pcs-catastrophizing promis-gh psk qbpds rmdq-24 sbst tsk-17 vas-pain""".split()
)
COHORT = """
code = "imsr-site"
title = "iMSR, small cells hidden"
note = "for tests"
programme = "imsr"
protocol_version = "1.0.0"
years = [2012, 2013]
minimum_cell = 10
rules = ["imsr-30-percent@1.0.0"]
group_by = ["treatment-year"]
"""
CROSSED = """
[[crossed]]
figure = "gpe"
group = "responders"
rows = "gpe-6@t1"
columns = "gpe-3@t4"
column_groupings = { holds = ["same"] }
"""
TALLIED = """
[[tallied]]
figure = "care-use"
instrument = "care-use"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for kind in ("instruments", "protocols", "rules", "cohorts", "fhir"):
        (tmp_path / kind).mkdir()
    return tmp_path


def test_what_ships_is_complete() -> None:
    known = contracts.load()

    assert set(known.instruments) == INSTRUMENTS
    assert set(known.protocols) == {"ichom-lbp", "imsr", "kngf-lbp", "ndpr"}
    assert set(known.rules) == {
        *("comi-2009", "imsr-30-percent", "ostelo-2008", "rtms-bands"),
        *("pass-odi-2016", "pass-qbpds-2020"),
        *("qbpds-chronic-2010", "qbpds-chronic-2022", "qbpds-error-2010", "qbpds-error-2022"),
    }
    assert set(known.cohorts) == {"imsr", "imsr-k10"}
    assert set(known.questionnaires) == {(f"{BASE}/Questionnaire/{code}", "1.0.0") for code in INSTRUMENTS}
    numbers_only = {"vas-pain", "nprs-24h", "nprs-1w", "psk"}
    answers = {f"{BASE}/CodeSystem/{code}-answer" for code in INSTRUMENTS - numbers_only}
    assert {url for url in known.code_systems if url.endswith("-answer")} == answers
    assert [moment.code for moment in known.protocols["imsr"].moments] == ["t0", "t1", "t2", "t3", "t4"]
    assert known.moment_codes >= {"t0", "t4", "halfway", "month-24", "week-12"}


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('qbpds = "39.3"', 'qbpds = "100.5"', "cutoff: qbpds: 100.5 lies outside the instrument's range"),
        ('operator = "<="', 'operator = ">="', "operator: >= takes the worse side of qbpds for the acceptable one"),
        ('qbpds = "39.3"', "gpe-6 = 2", "gpe-6: has no measure that rules judge"),
        ('qbpds = "39.3"', "ndi = 2", "'ndi' is not here, and is not listed as planned"),
    ],
)
def test_a_cutoff_must_be_one_of_its_instrument(site: Path, before: str, after: str, problem: str) -> None:
    shipped = (contracts.shipped_folder() / "rules" / "pass-qbpds-2020.toml").read_text(encoding="utf-8")
    (site / "rules" / "own.toml").write_text(shipped.replace("pass-qbpds-2020", "own").replace(before, after), encoding="utf-8")

    with pytest.raises(ContractError, match=re.escape(f"rules/own: {problem}" if "not here" not in problem else problem)):
        contracts.load(site)


def test_what_is_named_and_not_here_yet_is_said(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shipped = (contracts.shipped_folder() / "rules" / "ostelo-2008.toml").read_text(encoding="utf-8")
    later = shipped.replace("ostelo-2008", "later").replace("[absolute]", 'planned = ["ndi", "comi"]\n[absolute]\nndi = 7\ncomi = 2')
    (site / "rules" / "later.toml").write_text(later, encoding="utf-8")
    known = contracts.load(site)
    telemetry.configure()

    contracts.say(known, telemetry.Logger("intake", "api"))

    assert known.notes == (contracts.Note("rules/comi-2009", ("comi",)), contracts.Note("rules/later", ("ndi", "comi")))
    _, line = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["event_code"], said["contract"], said["count"], said["codes"]) == ("instruments_planned", "rules/later", 2, "ndi comi")


@pytest.mark.parametrize("code", ["gpe-6", "gpe-3", "care-use"])
def test_categories_are_called_the_same_wherever_they_stand(code: str) -> None:
    known = contracts.load()
    questionnaire = known.questionnaires[f"{BASE}/Questionnaire/{code}", "1.0.0"]
    concepts = {one["code"]: one for one in known.code_systems[f"{BASE}/CodeSystem/{code}-answer"]["concept"]}

    for item, asked in zip(known.instruments[code].items, questionnaire["item"], strict=True):
        offered = [option["valueCoding"] for option in asked["answerOption"]]
        assert [(one.code, one.labels["en"], one.labels["nl"]) for one in item.categories] == [
            (one["code"], one["display"], one["_display"]["extension"][0]["extension"][1]["valueString"]) for one in offered
        ]
        for one in offered:
            concept = concepts[one["code"]]
            assert (concept["display"], concept["designation"][0]["value"]) == (
                one["display"],
                one["_display"]["extension"][0]["extension"][1]["valueString"],
            )


def test_what_compares_with_the_end_of_treatment_is_asked_after_it_and_never_beside_the_other() -> None:
    known = contracts.load()

    points = {code: each.reference_point for code, each in known.instruments.items() if each.reference_point is not None}
    asked = {moment.code: {code for code in moment.instruments if code in points} for moment in known.protocols["imsr"].moments}

    assert points == {"gpe-6": "baseline", "gpe-dv": "baseline", "gpe-3": "end-of-treatment"}
    assert asked == {"t0": set(), "t1": {"gpe-6"}, "t2": set(), "t3": set(), "t4": {"gpe-3"}}


def test_the_reference_cohort_hides_nothing_and_says_that_it_is_synthetic() -> None:
    cohort = contracts.load().cohorts["imsr"]

    assert (cohort.minimum_cell, cohort.suppressed, "ynthetic" in cohort.title + cohort.note) == (1, False, True)


@pytest.mark.parametrize(("version", "code"), [("1.0.0", "qbpds"), ("1.4", "qbpds"), ("2.0.0", None)])
def test_a_version_of_a_questionnaire_is_scored_by_its_instrument(version: str, code: str | None) -> None:
    instrument = contracts.load().instrument_of(f"{BASE}/Questionnaire/qbpds", version)

    assert (instrument.code if instrument else None) == code


def test_no_licensed_text_is_shipped() -> None:
    questionnaire = contracts.load().questionnaires[f"{BASE}/Questionnaire/qbpds", "1.0.0"]

    assert {item["text"] for item in questionnaire["item"]} == {f"Item {n} of 20 (licensed text not included)" for n in range(1, 21)}
    assert not any(item["required"] for item in questionnaire["item"])
    assert questionnaire["copyright"]


def test_questionnaire_weights_are_those_that_the_instrument_adds_up() -> None:
    known = contracts.load()
    codes = known.instruments["qbpds"].items[0].codes

    options = known.questionnaires[f"{BASE}/Questionnaire/qbpds", "1.0.0"]["item"][0]["answerOption"]

    assert {option["valueCoding"]["code"]: option["extension"][0]["valueDecimal"] for option in options} == codes


def test_a_site_adds_its_own(site: Path) -> None:
    (site / "cohorts" / "imsr-site.toml").write_text(COHORT)

    known = contracts.load(site)

    assert known.cohorts["imsr-site"].population_hash("1") != known.cohorts["imsr"].population_hash("1")
    assert (known.cohorts["imsr-site"].minimum_cell, len(known.cohorts)) == (10, 3)


def shipped(kind: str, name: str) -> str:
    return (contracts.shipped_folder() / kind / f"{name}.toml").read_text(encoding="utf-8")


WRONG: list[tuple[str, str, str]] = [  # where, what, how it is said
    ("cohorts/imsr.toml", COHORT.replace("imsr-site", "imsr"), "imsr.toml: code: 'imsr' is defined twice"),
    ("cohorts/other.toml", COHORT, "other.toml: code: 'imsr-site' must be the name of the file"),
    ("cohorts/imsr-site.toml", COHORT.replace('"imsr"', '"none"'), "cohorts/imsr-site: programme: 'none' is no protocol"),
    (
        "cohorts/imsr-site.toml",
        COHORT.replace('protocol_version = "1.0.0"', 'protocol_version = "2"'),
        "protocol_version: the protocol is at 1.0.0",
    ),
    ("cohorts/imsr-site.toml", COHORT.replace("2013", "2019"), "years: [2019] are not the protocol's"),
    ("cohorts/imsr-site.toml", COHORT.replace("percent@1", "percent@9"), "rules: 'imsr-30-percent@9.0.0' is no rule that is here"),
    (
        "cohorts/imsr-site.toml",
        COHORT + CROSSED.replace("gpe-6@t1", "gpe-6"),
        "crossed[0].rows: 'gpe-6' is not written as instrument@moment",
    ),
    ("cohorts/imsr-site.toml", COHORT + CROSSED.replace("gpe-3@t4", "gpe-3@t2"), "crossed: gpe-3 is not here, or not asked at t2"),
    ("cohorts/imsr-site.toml", COHORT + CROSSED.replace("gpe-3@t4", "care-use@t4"), "crossed: is not one question with categories"),
    ("cohorts/imsr-site.toml", COHORT + CROSSED.replace('["same"]', '["similar"]'), "crossed: 'holds' must have a name of its own"),
    ("cohorts/imsr-site.toml", COHORT + TALLIED.replace("care-use", "vas-pain"), "tallied: 'vas-pain' has no categories here"),
    ("cohorts/imsr-site.toml", "code = ", "is no valid TOML"),
    ("cohorts/imsr-site.toml", COHORT.replace("note", "nota"), "imsr-site.toml: note: is missing"),
    ("fhir/Questionnaire-x.json", "{", "Questionnaire-x.json: is no valid JSON"),
    ("fhir/Questionnaire-x.json", "[]", "Questionnaire-x.json: needs resourceType, url and version"),
]


@pytest.mark.parametrize(("path", "content", "problem"), WRONG)
def test_what_cannot_hold_is_said_with_file_and_key(site: Path, path: str, content: str, problem: str) -> None:
    (site / path).write_text(content)

    with pytest.raises(ContractError) as raised:
        contracts.load(site)

    assert problem in str(raised.value)


def test_a_rule_may_not_name_an_instrument_without_a_number(site: Path) -> None:
    text = shipped("rules", "ostelo-2008").replace('code = "ostelo-2008"', 'code = "other"').replace("vas-pain = 15", "gpe-6 = 1")
    (site / "rules" / "other.toml").write_text(text)

    with pytest.raises(ContractError, match="rules/other: gpe-6: has no measure that rules judge"):
        contracts.load(site)


def test_categories_are_offered_in_their_order(site: Path) -> None:
    resource = json.loads((contracts.shipped_folder() / "fhir" / "Questionnaire-gpe-3.json").read_text(encoding="utf-8"))
    resource["item"][0]["answerOption"].reverse()
    (site / "fhir" / "Questionnaire-gpe-3.json").write_text(json.dumps(resource | {"version": "1.1.0"}))

    with pytest.raises(ContractError, match=r"gpe-3\|1.1.0 offers the codes of gpe-3 in another order"):
        contracts.load(site)


def test_an_instrument_needs_its_questionnaire(site: Path) -> None:
    text = shipped("instruments", "vas-pain").replace('code = "vas-pain"', 'code = "vas-new"').replace('scores = ["1"]', 'scores = ["2"]')
    (site / "instruments" / "vas-new.toml").write_text(text)

    with pytest.raises(ContractError, match=r"instruments/vas-new: questionnaire: no Questionnaire .* of version 2 is here"):
        contracts.load(site)


def test_two_instruments_may_not_score_one_questionnaire(site: Path) -> None:
    text = shipped("instruments", "vas-pain").replace('code = "vas-pain"', 'code = "vas-new"')
    (site / "instruments" / "vas-new.toml").write_text(text)

    with pytest.raises(ContractError, match="is scored by more than one instrument"):
        contracts.load(site)


def changed_vas(change: dict[str, Any]) -> str:
    resource = json.loads((contracts.shipped_folder() / "fhir" / "Questionnaire-vas-pain.json").read_text(encoding="utf-8"))
    return json.dumps(resource | change)


def test_every_version_of_a_questionnaire_must_have_what_is_scored(site: Path) -> None:
    (site / "fhir" / "Questionnaire-vas-1.1.json").write_text(changed_vas({"version": "1.1.0", "item": []}))

    with pytest.raises(ContractError, match=r"vas-pain\|1.1.0 has no item vas-pain"):
        contracts.load(site)


def test_a_questionnaire_is_defined_once(site: Path) -> None:
    (site / "fhir" / "Questionnaire-again.json").write_text(changed_vas({}))

    with pytest.raises(ContractError, match=r"vas-pain\|1.0.0 is defined twice"):
        contracts.load(site)


def test_a_planned_instrument_that_came_is_taken_off_the_list(site: Path) -> None:
    text = (
        shipped("protocols", "imsr")
        .replace('code = "imsr"', 'code = "other"')
        .replace("[[moments]]", 'planned = ["qbpds"]\n\n[[moments]]', 1)
    )
    (site / "protocols" / "other.toml").write_text(text)

    with pytest.raises(ContractError, match="protocols/other: planned: 'qbpds' is here by now"):
        contracts.load(site)


def test_an_instrument_that_is_neither_here_nor_planned_is_a_mistake(site: Path) -> None:
    text = shipped("protocols", "imsr").replace('code = "imsr"', 'code = "other"').replace('"gpe-3", "care-use"]', '"gpe-4", "care-use"]')
    (site / "protocols" / "other.toml").write_text(text)

    with pytest.raises(ContractError, match="protocols/other: instruments: 'gpe-4' is not here, and is not listed as planned"):
        contracts.load(site)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nowhere: is no folder of contracts"):
        contracts.load(tmp_path / "nowhere")


def test_contracts_inside_the_package_win_over_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "beklijf_shared"
    shutil.copytree(contracts.shipped_folder(), package / "_contracts")
    monkeypatch.setattr(contracts, "__file__", str(package / "contracts.py"))

    assert contracts.shipped_folder() == package / "_contracts"
    assert set(contracts.load().cohorts) == {"imsr", "imsr-k10"}


def test_the_fhir_library_finds_nothing_wrong_with_what_ships() -> None:
    for path in sorted((contracts.shipped_folder() / "fhir").glob("*.json")):
        content = path.read_text(encoding="utf-8")
        kind = json.loads(content)["resourceType"]
        model = get_fhir_model_class(kind)
        assert json.loads(model.model_validate_json(content).model_dump_json())["url"] == json.loads(content)["url"], path.name
        assert path.name == f"{kind}-{json.loads(content)['id']}.json"


def another_version(since: str) -> str:
    """The programme iMSR with a first follow-up a month later, for episodes from that day on."""
    shipped = (contracts.shipped_folder() / "protocols" / "imsr.toml").read_text(encoding="utf-8")
    changed = shipped.replace('version = "1.0.0"', f'version = "2.0.0"\nsince = "{since}"').replace(
        "months = 2\nbefore = 28", "months = 3\nbefore = 28"
    )
    return changed.replace("before = 45", "before = 20")


def test_an_episode_stays_under_the_version_that_it_began_with(site: Path) -> None:
    (site / "protocols" / "imsr@2.0.0.toml").write_text(another_version("2015-01-01"), encoding="utf-8")

    known = contracts.load(site)

    imsr = known.protocols["imsr"]
    assert [(each.name, each.since, each.until) for each in known.every_protocol if each.code == "imsr"] == [
        ("imsr@2.0.0", date(2015, 1, 1), None),
        ("imsr@1.0.0", None, date(2015, 1, 1)),
    ]
    assert [imsr.at(date(*day)).version for day in ((2012, 1, 1), (2014, 12, 31), (2015, 1, 1))] == ["1.0.0", "1.0.0", "2.0.0"]
    assert known.protocol_of(known.cohorts["imsr"]).until == date(2015, 1, 1)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "imsr@2.0.0.toml",
            another_version("2015-01-01").replace('since = "2015-01-01"\n', ""),
            "exactly one version holds from the beginning",
        ),
        ("imsr@2.0.0.toml", another_version("soon"), "since: 'soon' is no day, like 2027-01-01"),
        ("imsr@3.0.0.toml", another_version("2015-01-01"), "must be the name of the file, with @2.0.0 behind it"),
    ],
)
def test_a_version_that_cannot_hold_is_refused(site: Path, name: str, text: str, problem: str) -> None:
    (site / "protocols" / name).write_text(text, encoding="utf-8")

    with pytest.raises(ContractError, match=problem):
        contracts.load(site)
