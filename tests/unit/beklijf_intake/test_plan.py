"""Protocols as PlanDefinitions: every moment with its distance from t0, its window and what is asked (M1, M4, M5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fhir.resources.R4B import get_fhir_model_class

from beklijf_intake import definitions
from beklijf_intake.domain.plan import plan_definition
from beklijf_shared import contracts
from tests.lib.builders import BASE

DEFINITIONS = definitions.of(contracts.load(), BASE)
WINDOW = f"{BASE}/StructureDefinition/measurement-window"


def plan() -> Any:
    found = DEFINITIONS.read("PlanDefinition", "imsr")
    assert found is not None
    return found.resource


def moments() -> dict[str, Any]:
    return {action["id"]: action for action in plan()["action"][0]["action"]}


def timing(action: dict[str, Any]) -> tuple[int, str, int, int]:
    """Months after t0, and the window in days from there."""
    (related,) = action["relatedAction"]
    window = related["extension"][0]["valueRange"]
    assert (related["actionId"], related["relationship"], related["extension"][0]["url"]) == ("episode", "after-start", WINDOW)
    offset = related["offsetDuration"]
    return offset["value"], offset["code"], window["low"]["value"], window["high"]["value"]


def test_the_plan_of_imsr_says_when_each_moment_is() -> None:
    get_fhir_model_class("PlanDefinition").model_validate(dict(plan()))

    assert list(moments()) == ["t0", "t1", "t2", "t3", "t4"]
    assert {code: timing(action) for code, action in moments().items() if code != "t4"} == {
        "t0": (0, "mo", -42, 14),
        "t1": (2, "mo", -28, 35),
        "t2": (5, "mo", -45, 60),
        "t3": (15, "mo", -90, 120),
    }


def test_a_moment_that_hangs_on_the_treatment_year_is_a_choice_of_years() -> None:
    years = moments()["t4"]

    assert years["selectionBehavior"] == "at-most-one"
    assert {action["id"]: timing(action) for action in years["action"]} == {
        "t4-2012": (66, "mo", -214, 244),
        "t4-2013": (54, "mo", -214, 244),
        "t4-2014": (42, "mo", -214, 244),
        "t4-2015": (30, "mo", -214, 244),
    }
    assert years["action"][0]["condition"][0]["expression"]["expression"] == "EpisodeOfCare.period.start.toString().startsWith('2012')"


def test_moments_counted_in_days_or_from_the_end_of_treatment() -> None:
    def actions(programme: str) -> dict[str, Any]:
        found = DEFINITIONS.read("PlanDefinition", programme)
        assert found is not None
        return {action["id"]: action["relatedAction"][0] for action in found.resource["action"][0]["action"]}

    week_3, after_end = actions("kngf-lbp")["week-3"], [one for one in actions("ndpr").values() if one["relationship"] == "after-end"]

    assert (week_3["offsetDuration"]["value"], week_3["offsetDuration"]["code"], week_3["relationship"]) == (21, "d", "after-start")
    assert len(after_end) == 3


def test_what_is_asked_is_the_questionnaire_of_each_instrument() -> None:
    asked = [action["definitionCanonical"] for action in moments()["t1"]["action"]]

    assert asked == [f"{BASE}/Questionnaire/{code}|1.0.0" for code in ("qbpds", "vas-pain", "gpe-6")]
    for canonical in asked:
        assert len(DEFINITIONS.search("Questionnaire", [("url", [canonical])])) == 1


def test_every_programme_has_a_code_and_a_plan() -> None:
    codes = DEFINITIONS.read("CodeSystem", "programme")
    assert codes is not None

    known = [concept["code"] for concept in codes.resource["concept"]]
    assert "imsr" in known
    assert [one.id for one in DEFINITIONS.search("PlanDefinition", [])] == known


def test_a_second_version_of_a_definition_gets_an_id_of_its_own() -> None:
    def form(version: str) -> dict[str, Any]:
        return {"resourceType": "Questionnaire", "id": "x", "url": "https://example.org/x", "version": version, "status": "active"}

    both = definitions.Definitions([form("2.0.0"), form("1.0.0")])

    assert [(one.id, one.resource["version"]) for one in both.search("Questionnaire", [])] == [("x", "1.0.0"), ("x-2.0.0", "2.0.0")]


def in_dutch(element: dict[str, Any], name: str) -> str:
    (extension,) = element[f"_{name}"]["extension"]
    assert extension["url"] == "http://hl7.org/fhir/StructureDefinition/translation"
    language, content = extension["extension"]
    assert language == {"url": "lang", "valueCode": "nl"}
    found: str = content["valueString"]
    return found


def test_texts_are_in_both_languages_of_the_programme() -> None:
    whole, t1, late = plan(), moments()["t1"], moments()["t4"]["action"][0]

    assert (whole["language"], whole["title"]) == ("en", "Interdisciplinary medical specialist rehabilitation (iMSR)")
    assert in_dutch(whole, "title") == "Interdisciplinaire medisch-specialistische revalidatie (iMSR)"
    assert in_dutch(whole, "description").startswith("Wat een patiënt van het programma imsr gevraagd wordt, en wanneer.")
    assert (t1["title"], in_dutch(t1, "title")) == ("End of treatment", "Einde behandeling")
    assert in_dutch(t1, "description") == (
        "Gevraagd 2 kalendermaanden na de datum van t0; "
        "het venster is open van 28 dagen vóór die dag tot 35 dagen erna, beide dagen inbegrepen."
    )
    assert (late["title"], in_dutch(late, "title")) == ("Long term, treatment year 2012", "Lange termijn, behandeljaar 2012")


def test_a_programme_in_one_language_has_no_translations() -> None:
    known = contracts.load()
    one = replace(known.protocols["imsr"], languages=("en",), titles={"en": "x"})
    one = replace(one, moments=tuple(replace(moment, titles={"en": moment.title}) for moment in one.moments))

    made = plan_definition(one, known.instruments, {}, BASE)

    assert "translation" not in str(made)


def test_the_codes_of_programmes_are_called_in_both_languages() -> None:
    codes = DEFINITIONS.read("CodeSystem", "programme")
    assert codes is not None

    (imsr,) = [concept for concept in codes.resource["concept"] if concept["code"] == "imsr"]
    assert imsr["designation"] == [{"language": "nl", "value": "Interdisciplinaire medisch-specialistische revalidatie (iMSR)"}]
