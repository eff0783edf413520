"""Searching over HTTP: parameters, pages, parts, and what is refused (FHIR R4 search)."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class
from sqlalchemy import text

from beklijf_shared import db
from tests.integration.intake.test_api import TOKEN, Door, code_of, door, running
from tests.lib import builders
from tests.lib.builders import BASE, NAMES, PSEUDONYMS, URA
from tests.lib.sources import ROOT

__all__ = ["door", "running"]

VAS = f"{BASE}/Questionnaire/vas-pain"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def search(door: Door, type_: str, query: str = "", **headers: str) -> dict[str, Any]:
    """The Bundle that a search is answered with, which must be a FHIR Bundle."""
    answer = door.client.get(f"/fhir/{type_}?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    get_fhir_model_class("Bundle").model_validate(found)
    return found


def named(found: dict[str, Any], mode: str = "match") -> list[str]:
    """The senders' names of what was found, in order."""
    resources = [entry["resource"] for entry in found.get("entry", ()) if entry["search"]["mode"] == mode]
    identifiers = [one["identifier"] for one in resources]
    return [(one[0] if isinstance(one, list) else one)["value"] for one in identifiers]


def link(found: dict[str, Any], relation: str) -> str | None:
    """The address that a Bundle links to, below this server."""
    urls = [one["url"] for one in found["link"] if one["relation"] == relation]
    return urls[0] if urls else None


def pages(door: Door, type_: str, query: str) -> list[dict[str, Any]]:
    """All pages, by following the links."""
    found = [search(door, type_, query)]
    while (following := link(found[-1], "next")) is not None:
        found.append(search(door, type_, urlsplit(following).query))
    return found


@pytest.fixture
def filled(door: Door) -> Door:
    """Three answers of two patients (one of them received), two episodes, one refusal; and an answer of another hospital."""
    door.bundle(
        "batch",
        builders.patient("p1"),
        builders.vas("a1", 10, of="p1", authored="2014-03-03T10:00:00+01:00"),
        builders.vas("a2", 20, of="p1", authored="2014-05-05", status="in-progress"),
        builders.qbpds("a3", 30, of="p2", authored="2014-07-07T23:30:00Z"),
        builders.episode("e1", of="p1", t0="2014-03-03", status="finished", ended="2014-06-30"),
        builders.episode("e2", of="p2", t0="2015-01-01"),
        builders.consent("c1", of="p2", since="2015-02-02"),
    )
    door.post(builders.vas("theirs", 90, of="p1", authored="2014-03-03T10:00:00+01:00"), **TOKEN)
    return door


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["a1", "a2", "a3"]),
        (f"patient:identifier={PSEUDONYMS}|p1", ["a1", "a2"]),
        (f"subject:identifier={PSEUDONYMS}|p1,{PSEUDONYMS}|p2", ["a1", "a2", "a3"]),
        (f"subject:identifier={PSEUDONYMS}|nobody", []),
        (f"identifier={NAMES}answer|a3", ["a3"]),
        ("identifier=a3", ["a3"]),
        ("identifier=|a3", []),
        (f"identifier={NAMES}answer|", ["a1", "a2", "a3"]),
        ("identifier=https://elsewhere.example/|", []),
        ("identifier=theirs", []),
        ("status=in-progress", ["a2"]),
        ("status=in-progress,completed", ["a1", "a2", "a3"]),
        ("status=http://hl7.org/fhir/questionnaire-answers-status|completed", ["a1", "a3"]),
        ("status=https://elsewhere.example/|completed", []),
        ("status=completed&status=in-progress", []),
        (f"questionnaire={VAS}", ["a1", "a2"]),
        (f"questionnaire={VAS}|1.0.0", ["a1", "a2"]),
        (f"questionnaire={VAS}|9.9.9", []),
        (f"questionnaire={VAS}|9.9.9,{BASE}/Questionnaire/qbpds", ["a3"]),
        ("questionnaire=http://169.254.169.254/", []),
        ("authored=2014", ["a1", "a2", "a3"]),
        ("authored=2014-05", ["a2"]),
        ("authored=ge2014-05-05", ["a2", "a3"]),
        ("authored=gt2014-05-05", ["a3"]),
        ("authored=2014-07-08", ["a3"]),  # half past one in the morning in the registry's zone
        ("authored=2014-07-07", []),
        ("authored=lt2014-05&authored=ge2014-03-03", ["a1"]),
        ("authored=2014-03-03T09:00:00Z", ["a1"]),
        ("authored=2014-03-03T10:00:00%2B01:00", ["a1"]),
        ("authored=2014-03-03T10:00:00+01:00", ["a1"]),  # a plus sign that nobody encoded arrives as a space
        ("authored=2014-03-03T10:00", ["a1"]),
        ("_lastUpdated=2020-03-02T12:00:00.000Z", ["a1", "a2", "a3"]),
        ("_lastUpdated=gt2020-03-02T12:00:00.000Z", []),
        ("_sort=-authored", ["a3", "a2", "a1"]),
        ("_sort=authored,_id", ["a1", "a2", "a3"]),
        ("_sort=_lastUpdated&_count=2", ["a1", "a2"]),
    ],
)
def test_answers_are_found(filled: Door, query: str, names: list[str]) -> None:
    found = search(filled, "QuestionnaireResponse", query)

    assert named(found) == names
    assert "total" not in found


@pytest.mark.parametrize(
    ("type_", "query", "names"),
    [
        ("Patient", "", ["p1"]),
        ("Patient", f"identifier={PSEUDONYMS}|p1", ["p1"]),
        ("Patient", f"organization:identifier={URA}|00000001", ["p1"]),
        ("Patient", f"organization:identifier={URA}|00000002", []),
        ("EpisodeOfCare", "", ["e1", "e2"]),
        ("EpisodeOfCare", f"patient:identifier={PSEUDONYMS}|p2", ["e2"]),
        ("EpisodeOfCare", "type=imsr", ["e1", "e2"]),
        ("EpisodeOfCare", f"type={BASE}/CodeSystem/programme|imsr&status=finished", ["e1"]),
        ("EpisodeOfCare", "type=|imsr", []),
        ("EpisodeOfCare", "type=other", []),
        ("EpisodeOfCare", "date=2014", ["e1"]),
        ("EpisodeOfCare", "date=ge2014-06-29", ["e1", "e2"]),
        ("EpisodeOfCare", "date=ge2014-06-30", ["e2"]),  # e1 ends within that day: neither beyond it nor contained in it
        ("EpisodeOfCare", "date=gt2014-06-30", ["e2"]),
        ("EpisodeOfCare", "date=gt2030", ["e2"]),  # not ended: it may last
        ("EpisodeOfCare", "date=sa2014-12-31", ["e2"]),
        ("EpisodeOfCare", "date=eb2014-07", ["e1"]),
        ("EpisodeOfCare", "date=lt2014-03-03", []),
        ("EpisodeOfCare", f"organization:identifier={URA}|00000001&_sort=-date", ["e2", "e1"]),
        ("Consent", f"patient:identifier={PSEUDONYMS}|p2&status=active", ["c1"]),
        ("Consent", "date=2015-02-02", ["c1"]),
        ("Consent", "date=ne2015-02-02", []),
    ],
)
def test_records_are_found(filled: Door, type_: str, query: str, names: list[str]) -> None:
    assert named(search(filled, type_, query)) == names


def test_ids_and_literal_references_find_too(filled: Door) -> None:
    patient = search(filled, "Patient")["entry"][0]["resource"]["id"]
    answers = search(filled, "QuestionnaireResponse")["entry"]
    first, last = answers[0]["resource"]["id"], answers[2]["resource"]["id"]
    base = answers[0]["fullUrl"].removesuffix(f"QuestionnaireResponse/{first}")

    assert named(search(filled, "QuestionnaireResponse", f"_id={first},{last}")) == ["a1", "a3"]
    assert named(search(filled, "QuestionnaireResponse", f"_id={patient}")) == []
    for reference in (patient, f"Patient/{patient}", f"{base}Patient/{patient}"):
        assert named(search(filled, "QuestionnaireResponse", f"patient={reference}")) == ["a1", "a2"]
    assert named(search(filled, "QuestionnaireResponse", f"subject:Patient={patient}&status=completed")) == ["a1"]
    assert named(search(filled, "QuestionnaireResponse", f"patient=Patient/{first}")) == []
    assert named(search(filled, "QuestionnaireResponse", f"patient=https://elsewhere.example/Patient/{patient}")) == []
    assert named(search(filled, "QuestionnaireResponse", f"subject=Group/{patient}")) == []
    # another hospital's eye sees nothing of it
    assert named(search(filled, "QuestionnaireResponse", f"_id={first}", **TOKEN)) == []
    assert named(search(filled, "QuestionnaireResponse", f"patient=Patient/{patient}", **TOKEN)) == []
    assert named(search(filled, "QuestionnaireResponse", f"patient:identifier={PSEUDONYMS}|p1", **TOKEN)) == ["theirs"]


def test_a_form_asks_the_same_as_a_query(filled: Door) -> None:
    content = f"patient:identifier={PSEUDONYMS}%7Cp1&_count=1"
    asked = filled.client.post("/fhir/QuestionnaireResponse/_search?status=completed", content=content, headers=FORM)

    assert named(asked.json()) == ["a1"]
    assert [name for name, _ in parse_qsl(urlsplit(str(link(asked.json(), "self"))).query)] == ["status", "patient:identifier", "_count"]
    assert filled.client.post("/fhir/QuestionnaireResponse/_search", content="", headers=FORM).status_code == 200
    assert (
        code_of(filled.client.post("/fhir/Patient/_search", content="{}", headers={"Content-Type": "application/json"})) == "not-supported"
    )
    assert code_of(filled.client.post("/fhir/Patient/_search", content="_id=%00", headers=FORM)) == "value"
    assert code_of(filled.client.post("/fhir/Patient/_search", content="_id=%ff", headers=FORM)) == "value"
    assert filled.client.post("/fhir/Patient/_search", content="_id=" + "a" * 70_000, headers=FORM).status_code == 413


def test_the_current_version_is_found_and_no_other(filled: Door) -> None:
    filled.post(builders.vas("a1", 99, of="p2", authored="2014-09-09T09:09:09Z", status="amended"))
    filled.post(builders.vas("a1", 5, of="p1", authored="2014-03-03T08:00:00Z"))  # outranked on arrival

    assert named(search(filled, "QuestionnaireResponse", "status=amended")) == ["a1"]
    assert named(search(filled, "QuestionnaireResponse", "authored=2014-03")) == []
    assert named(search(filled, "QuestionnaireResponse", "authored=2014-09")) == ["a1"]
    assert named(search(filled, "QuestionnaireResponse", f"patient:identifier={PSEUDONYMS}|p1")) == ["a2"]
    assert search(filled, "QuestionnaireResponse", "identifier=a1")["entry"][0]["resource"]["meta"]["versionId"] == "2"


def test_patients_come_along_where_they_were_received(filled: Door) -> None:
    found = search(filled, "QuestionnaireResponse", "_include=QuestionnaireResponse:subject&_include=QuestionnaireResponse:patient:Patient")

    assert (named(found), named(found, "include")) == (["a1", "a2", "a3"], ["p1"])
    assert named(search(filled, "EpisodeOfCare", "_include=EpisodeOfCare:patient&identifier=e2"), "include") == []
    assert named(search(filled, "QuestionnaireResponse", "_include=QuestionnaireResponse:subject", **TOKEN), "include") == []


def test_totals_and_nothing_but_totals(filled: Door) -> None:
    for query in ("_total=accurate", "_total=estimate&_count=1"):
        assert search(filled, "QuestionnaireResponse", query)["total"] == 3
    for query in ("_summary=count", "_count=0"):
        found = search(filled, "QuestionnaireResponse", f"status=completed&{query}")
        assert (found["total"], found.get("entry"), link(found, "next")) == (2, None, None)
    assert [page["total"] for page in pages(filled, "QuestionnaireResponse", "_count=1&_total=accurate")] == [3, 3, 3]


def test_parts_of_resources_are_tagged(filled: Door) -> None:
    def first(query: str) -> dict[str, Any]:
        resource: dict[str, Any] = search(filled, "QuestionnaireResponse", f"identifier=a1&{query}")["entry"][0]["resource"]
        assert (resource["meta"].pop("tag")[-1]["code"], resource["meta"]["versionId"]) == ("SUBSETTED", "1")
        return resource

    summary = {"resourceType", "id", "meta", "identifier", "questionnaire", "status", "subject", "authored"}
    assert set(first("_summary=true")) == summary
    assert set(first("_summary=data")) == {*summary, "item"}
    assert set(first("_summary=text")) == {"resourceType", "id", "meta", "status"}
    assert set(first("_elements=authored,item")) == {"resourceType", "id", "meta", "status", "authored", "item"}
    assert "tag" not in search(filled, "QuestionnaireResponse", "_summary=false")["entry"][0]["resource"]["meta"]
    id_ = first("_summary=true")["id"]
    assert set(filled.client.get(f"/fhir/QuestionnaireResponse/{id_}?_elements=authored").json()) == {
        "resourceType", "id", "meta", "status", "authored",
    }  # fmt: skip
    assert filled.client.get(f"/fhir/QuestionnaireResponse/{id_}?_summary=count").status_code == 400


def test_pages_hold_each_answer_once_and_their_links_keep_the_query(filled: Door) -> None:
    for sort in ("_lastUpdated", "-_lastUpdated", "_id", "-_id", "authored", "-authored"):
        found = pages(filled, "QuestionnaireResponse", f"_sort={sort}&_count=1&status=completed,in-progress&_format=json")

        assert [len(page.get("entry", ())) for page in found] == [1, 1, 1]
        given = [(page["entry"][0]["resource"]["id"], *named(page)) for page in found]
        expected = sorted(given) if sort.endswith("_id") else sorted(given, key=lambda pair: pair[1])
        assert given == (expected[::-1] if sort.startswith("-") else expected)
        kept = [name for name, _ in parse_qsl(urlsplit(str(link(found[1], "self"))).query)]
        assert kept == ["_sort", "_count", "status", "_cursor"]


def test_a_count_beyond_the_maximum_is_capped_and_the_link_says_so(filled: Door) -> None:
    found = search(filled, "QuestionnaireResponse", "_count=100000")

    assert parse_qsl(urlsplit(str(link(found, "self"))).query) == [("_count", "500")]


def test_unknown_parameters_are_left_out_or_refused(filled: Door) -> None:
    lenient = search(filled, "QuestionnaireResponse", "colour=very-secret&status=completed&_revinclude=x")
    strict = filled.client.get("/fhir/QuestionnaireResponse?colour=very-secret", headers={"Prefer": "handling=strict"})

    outcome = lenient["entry"][-1]
    assert named(lenient) == ["a1", "a3"]
    assert (outcome["search"]["mode"], outcome["resource"]["issue"][0]["severity"]) == ("outcome", "warning")
    assert len(outcome["resource"]["issue"]) == 2
    assert parse_qsl(urlsplit(str(link(lenient, "self"))).query) == [("status", "completed")]
    assert (strict.status_code, code_of(strict)) == (400, "not-supported")
    assert "secret" not in strict.text
    assert "secret" not in json.dumps(outcome)


REFUSED = [
    ("_count=-1", "value"),
    ("_count=1e9", "value"),
    ("_count=%D9%A3", "value"),  # an Arabic three
    ("_count=1_0", "value"),
    ("_count=1&_count=2", "value"),
    ("_id=a_b", "value"),
    ("_id=" + "a" * 65, "value"),
    ("_id=abc%0a", "value"),
    ("_id=", "value"),
    ("_id=%00", "value"),
    ("_id=%ff", "value"),
    ("status=", "value"),
    ("authored=yesterday", "value"),
    ("authored=2014-02-30", "value"),
    ("authored=20140303", "value"),
    ("authored=2014-03-03T10", "value"),
    ("authored=xx2014", "value"),
    ("authored=ge", "value"),
    ("_lastUpdated=2014-03-03T25:00:00Z", "value"),
    ("patient=../../etc/passwd", "value"),
    ("patient:identifier=p1", "value"),
    ("patient:identifier=|p1", "value"),
    ("identifier=a|b|c", "value"),
    ("identifier=|", "value"),
    ("questionnaire=|1.0.0", "value"),
    ("_sort=status", "not-supported"),
    ("_sort=authored,status", "not-supported"),
    ("_sort=authored,-_id", "not-supported"),
    ("_summary=some", "value"),
    ("_total=about", "value"),
    ("_elements=a.b.c", "value"),
    ("_elements=status&_summary=true", "value"),
    ("_include=QuestionnaireResponse:subject&_summary=text", "value"),
    ("_include=QuestionnaireResponse:author", "not-supported"),
    ("_include:iterate=QuestionnaireResponse:subject", "not-supported"),
    ("_query=everything", "not-supported"),
    ("_cursor=abc", "value"),
    ("_cursor=" + "A" * 5000, "value"),
    ("_cursor=W10", "value"),
    ("status:not=completed", "not-supported"),
    ("identifier:exact=a1", "not-supported"),
    ("authored:missing=true", "not-supported"),
    ("subject:Group=abc", "not-supported"),
    ("patient.gender=female", "not-supported"),
    ("subject:Patient.organization.partof=abc", "not-supported"),
    ("subject:Patient.organization" + ".partof" * 20 + "=abc", "too-costly"),
    ("&".join(["_id=a"] * 1000), "too-costly"),
    ("_id=" + ",".join(["a"] * 1000), "too-costly"),
]


@pytest.mark.parametrize(("query", "code"), REFUSED, ids=[query[:40] for query, _ in REFUSED])
def test_what_cannot_be_answered_is_refused(filled: Door, query: str, code: str) -> None:
    answer = filled.client.get(f"/fhir/QuestionnaireResponse?{query}")

    assert (answer.status_code, code_of(answer)) == (400, code)
    for value in ("yesterday", "etc/passwd", "abc"):
        assert value not in answer.text


def test_a_citizen_service_number_is_refused_here_too(filled: Door) -> None:
    for query in ("patient:identifier=http://fhir.nl/fhir/NamingSystem/bsn|111222333", "identifier=111222333"):
        answer = filled.client.get(f"/fhir/QuestionnaireResponse?{query}")
        assert (answer.status_code, code_of(answer), "111222333" in answer.text) == (422, "value", False)
    assert named(search(filled, "QuestionnaireResponse", "identifier=https://hospital.example/|111222333")) == []  # nine digits of its own


def test_an_address_without_end_is_too_long(door: Door) -> None:
    answer = door.client.get("/fhir/Patient?identifier=" + "a" * 20_000)

    assert (answer.status_code, code_of(answer)) == (414, "too-long")


@pytest.mark.parametrize("value", ["' OR 1=1--", "%", "_", "\\", "a%", "a_", "\\,", "a1\\|x"])
def test_values_are_taken_literally(filled: Door, value: str) -> None:
    assert named(search(filled, "QuestionnaireResponse", str(httpx.QueryParams({"identifier": value})))) == []


def test_escaped_commas_and_bars_are_part_of_the_value(door: Door) -> None:
    for name in ("a,b", "c|d", "e\\f"):
        door.post(builders.vas(name, 1, authored="2014-03-03"))

    found = search(door, "QuestionnaireResponse", str(httpx.QueryParams({"identifier": "a\\,b,c\\|d,e\\\\f"})))

    assert named(found) == ["a,b", "c|d", "e\\f"]


def test_a_cursor_belongs_to_its_query_and_its_organisation(filled: Door) -> None:
    following = str(link(search(filled, "QuestionnaireResponse", "_count=1"), "next"))
    query = urlsplit(following).query

    assert code_of(filled.client.get(f"/fhir/QuestionnaireResponse?{query}", headers=TOKEN)) == "value"
    assert code_of(filled.client.get(f"/fhir/QuestionnaireResponse?{query.replace('_count=1', '_count=2')}")) == "value"
    assert code_of(filled.client.get(f"/fhir/QuestionnaireResponse?{query}&_sort=_id")) == "value"


def test_waiting_answers_are_those_whose_stated_episode_was_not_received(door: Door) -> None:
    door.post(builders.episode("e1"))
    door.post(builders.vas("known", 1, authored="2014-03-03", episode="e1"))
    door.post(builders.vas("unknown", 2, authored="2014-03-04", episode="e2"))
    door.post(builders.vas("unsaid", 3, authored="2014-03-05"))

    before = search(door, "QuestionnaireResponse", "_query=waiting")
    by_date = search(door, "QuestionnaireResponse", "_query=waiting&_sort=-authored&_total=accurate")
    door.post(builders.episode("e2"))

    assert (named(before), named(by_date), by_date["total"]) == (["unknown"], ["unknown"], 1)
    assert named(search(door, "QuestionnaireResponse", "_query=waiting")) == []
    assert door.client.get("/fhir/Patient?_query=waiting").status_code == 400


def test_where_the_next_search_for_news_may_begin(filled: Door) -> None:
    first, second = pages(filled, "QuestionnaireResponse", "_count=2")

    assert first["meta"]["lastUpdated"] == "2020-03-02T11:59:50.000Z"  # ten seconds before now
    assert "meta" not in second
    with filled.registry.engine.connect() as connection:  # a transaction under way would hold it back; this one began long after that
        connection.execute(text("SELECT 1"))
        assert search(filled, "QuestionnaireResponse")["meta"] == first["meta"]


def test_a_long_page_ends_early(filled: Door) -> None:
    note = [{"url": "https://example.org/note", "valueString": "x" * 900_000}]
    for number in range(12):
        filled.post(builders.vas(f"long-{number}", 1, authored="2014-03-03", extension=note))

    found = pages(filled, "QuestionnaireResponse", "_sort=_id")

    assert [len(page["entry"]) for page in found] == [12, 3]
    assert len({name for page in found for name in named(page)}) == 15


def test_reading_in_a_database_that_was_restored_from_a_dump(filled: Door) -> None:
    with db.transaction(filled.registry.engine) as connection:  # numbers of transactions from another life
        connection.execute(text("UPDATE version SET committer = committer + 1000000, received_at = received_at - interval '1 day'"))

    assert named(search(filled, "QuestionnaireResponse")) == ["a1", "a2", "a3"]


def test_the_integrators_page_is_followed_word_for_word(door: Door) -> None:
    system = "https://hospital.example"
    door.post(builders.patient("p-1", system=f"{system}/pseudonym"), **TOKEN)
    one = builders.vas("a-1", 40, authored="2014-03-03", episode="e-9")
    one |= {"identifier": {"system": f"{system}/answer", "value": "a-1"}}
    one |= {"subject": {"identifier": {"system": f"{system}/pseudonym", "value": "p-1"}}}
    door.post(one, **TOKEN)
    door.post(builders.episode("e1", t0="2014-01-01"), **TOKEN)
    section = (ROOT / "contracts/http/INTEGRATORS.md").read_text().split("## Reading and searching")[1].split("\n## ")[0]
    script = section.split("```sh\n")[1].split("```")[0]
    declared, *asked = script.strip().replace("2025", "2015").replace("2024", "2014").splitlines()  # this door stands in 2020

    assert len(asked) == 6
    for command in asked:
        environment = {"FHIR": str(door.client.base_url.join("/fhir")), "TOKEN": TOKEN["Authorization"].removeprefix("Bearer ")}
        shell = ["bash", "-euo", "pipefail", "-c", f"{declared}\n{command}"]
        said = subprocess.run(shell, env={**os.environ, **environment}, capture_output=True, timeout=180, check=True).stdout

        found = json.loads(said)
        assert (found["resourceType"], found.get("total", 1), len(found["entry"]) > 0) == ("Bundle", 1, True), command
