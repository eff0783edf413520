"""What the registry works by can be read and searched by every sender, and by nobody changed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.intake.test_api import FHIR, TOKEN, Door, code_of, door, running
from tests.lib.builders import BASE

__all__ = ["door", "running"]


def found(door: Door, address: str, **headers: str) -> list[str]:
    answer = door.client.get(f"/fhir/{address}", headers=headers)
    assert answer.status_code == 200
    return [entry["resource"]["id"] for entry in answer.json().get("entry", ()) if entry["search"]["mode"] == "match"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("Questionnaire?_id=vas-pain", ["vas-pain"]),
        ("Questionnaire?_id=vas-pain,qbpds", ["qbpds", "vas-pain"]),
        (f"Questionnaire?url={BASE}/Questionnaire/vas-pain", ["vas-pain"]),
        (f"Questionnaire?url={BASE}/Questionnaire/vas-pain|1.0.0", ["vas-pain"]),
        (f"Questionnaire?url={BASE}/Questionnaire/vas-pain&version=9", []),
        ("Questionnaire?title=visual", ["vas-pain"]),
        ("Questionnaire?name=VISUALANALOGUE", ["vas-pain"]),
        ("PlanDefinition?url=https://w3id.org/beklijf/fhir/PlanDefinition/imsr&status=active", ["imsr"]),
        ("StructureDefinition?version=1.0.0", ["entry-outcome", "import-line", "measurement-moment", "measurement-window"]),
        ("CodeSystem?_id=programme", ["programme"]),
        ("ValueSet", ["entry-outcome"]),
        ("Questionnaire?_summary=count", []),
        ("Questionnaire?title=%25", []),
        ("Questionnaire?title=_isual", []),
        ("Questionnaire?name=%27%20OR%201=1--", []),
        ("Questionnaire?url=%5C", []),
    ],
)
def test_search(door: Door, query: str, ids: list[str]) -> None:
    assert found(door, query) == ids
    assert found(door, query, **TOKEN) == ids


def test_pages_follow_each_other(door: Door) -> None:
    whole = found(door, "CodeSystem")

    pages, address = [], "/fhir/CodeSystem?_count=2"
    while address:
        bundle = door.client.get(address).json()
        pages.append([entry["resource"]["id"] for entry in bundle["entry"]])
        assert bundle["total"] == len(whole)
        address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")

    assert [len(page) for page in pages[:-1]] == [2] * (len(pages) - 1)
    assert [id_ for page in pages for id_ in page] == whole


def test_read_with_an_etag_that_holds(door: Door) -> None:
    read = door.client.get("/fhir/Questionnaire/vas-pain")
    again = door.client.get("/fhir/Questionnaire/vas-pain", headers={"If-None-Match": read.headers["etag"]})
    other = door.client.get("/fhir/Questionnaire/vas-pain", headers={"If-None-Match": 'W/"0"'})
    entry = door.client.get("/fhir/Questionnaire?_id=vas-pain").json()["entry"][0]

    assert (read.status_code, read.json()["url"]) == (200, f"{BASE}/Questionnaire/vas-pain")
    assert f'W/"{read.json()["meta"]["versionId"]}"' == read.headers["etag"]
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)
    assert (entry["resource"], httpx.URL(entry["fullUrl"]).path) == (read.json(), "/fhir/Questionnaire/vas-pain")


@pytest.mark.parametrize(
    ("address", "headers", "status", "code"),
    [
        ("Questionnaire/nothing", {}, 404, "not-found"),
        ("Questionnaire?colour=red", {"Prefer": "handling=strict"}, 400, "not-supported"),
        ("Questionnaire?url:below=x", {}, 400, "not-supported"),
        ("Questionnaire?_count=-1", {}, 400, "value"),
        ("Questionnaire?_count=1_0", {}, 400, "value"),
        ("Questionnaire?_count=\u0663", {}, 400, "value"),
        ("Questionnaire?_count=1e9", {}, 400, "value"),
        ("Questionnaire?_summary=all", {}, 400, "value"),
        ("Questionnaire?_summary=true&_summary=true", {}, 400, "value"),
        ("Questionnaire?_summary=true&_elements=title", {}, 400, "value"),
        ("Questionnaire?_elements=item.text", {}, 400, "value"),
        ("Questionnaire/vas-pain?_summary=count", {}, 400, "value"),
        ("Questionnaire/vas-pain?_elements=", {}, 400, "value"),
        ("Questionnaire/vas-pain?colour=red", {"Prefer": "handling=strict"}, 400, "not-supported"),
    ],
)
def test_refusals(door: Door, address: str, headers: dict[str, str], status: int, code: str) -> None:
    answer = door.client.get(f"/fhir/{address}", headers=headers)

    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_parameter_nobody_knows_is_warned_about_and_left_out_of_the_links(door: Door) -> None:
    bundle: dict[str, Any] = door.client.get("/fhir/Questionnaire?colour=red&_count=1000000&title=visual").json()

    (outcome,) = [entry["resource"] for entry in bundle["entry"] if entry["search"]["mode"] == "outcome"]
    assert [issue["code"] for issue in outcome["issue"]] == ["not-supported"]
    assert bundle["link"][0]["url"].endswith("/fhir/Questionnaire?title=visual&_count=500")


SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED", "display": "subsetted"}
HEAD = {"resourceType", "id", "meta"}


@pytest.mark.parametrize(
    ("address", "asked", "elements"),
    [
        (
            "Questionnaire/vas-pain",
            "_summary=true",
            {"url", "version", "name", "title", "status", "experimental", "subjectType", "date", "publisher"},
        ),
        ("Questionnaire/vas-pain", "_summary=text", {"status"}),
        ("Questionnaire/vas-pain", "_elements=title,item", {"status", "title", "item"}),
        ("Questionnaire/vas-pain", "_elements=Questionnaire.title", {"status", "title"}),
        (
            "PlanDefinition/imsr",
            "_summary=true",
            {
                "url", "version", "name", "title", "type", "status", "experimental", "date", "publisher", "description", "_title",
                "_description",
            },
        ),
        ("PlanDefinition/imsr", "_elements=action", {"status", "action"}),
        (
            "StructureDefinition/measurement-moment",
            "_summary=true",
            {
                "url", "version", "name", "title", "status", "experimental", "date", "publisher", "fhirVersion", "kind", "abstract",
                "context", "type", "baseDefinition", "derivation",
            },
        ),
        ("StructureDefinition/measurement-moment", "_elements=context", {"url", "name", "status", "kind", "abstract", "type", "context"}),
        ("CodeSystem/programme", "_summary=text", {"status", "content"}),
        ("ValueSet/entry-outcome", "_elements=compose", {"status", "compose"}),
        ("OperationDefinition/receipt", "_summary=text", {"name", "status", "kind", "code", "system", "type", "instance"}),
    ],
)  # fmt: skip
def test_a_part_of_one_is_what_was_asked_for_and_what_r4_makes_mandatory(door: Door, address: str, asked: str, elements: set[str]) -> None:
    type_, _, id_ = address.partition("/")
    whole = door.client.get(f"/fhir/{address}").json()

    read = door.client.get(f"/fhir/{address}?{asked}")
    bundle = door.client.get(f"/fhir/{type_}?_id={id_}&{asked}").json()

    part = read.json()
    assert set(part) - HEAD == elements
    assert {name: whole[name] for name in part if name != "meta"} == {name: part[name] for name in part if name != "meta"}
    assert part["meta"] == whole["meta"] | {"tag": [SUBSETTED]}
    assert read.headers["etag"] == f'W/"{whole["meta"]["versionId"]}"'
    assert [entry["resource"] for entry in bundle["entry"]] == [part]
    assert asked.replace(",", "%2C") in bundle["link"][0]["url"]


def test_all_but_the_narrative_and_all_of_it(door: Door) -> None:
    whole = door.client.get("/fhir/Questionnaire/vas-pain").json()

    data = door.client.get("/fhir/Questionnaire/vas-pain?_summary=data").json()
    everything = door.client.get("/fhir/Questionnaire/vas-pain?_summary=false").json()

    assert set(data) == set(whole) - {"text"}
    assert data["meta"]["tag"] == [SUBSETTED]
    assert everything == whole


def test_a_count_is_a_number_alone_and_pages_keep_their_shape(door: Door) -> None:
    counted = door.client.get("/fhir/Questionnaire?_summary=count").json()
    first = door.client.get("/fhir/Questionnaire?_elements=title&_count=1").json()

    second = door.client.get(next(link["url"] for link in first["link"] if link["relation"] == "next")).json()

    assert (counted["total"], "entry" in counted) == (first["total"], False)
    assert {name for page in (first, second) for name in page["entry"][0]["resource"]} == {*HEAD, "status", "title"}
    assert first["entry"][0]["fullUrl"] != second["entry"][0]["fullUrl"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_changes_them(door: Door, method: str) -> None:
    address = "/fhir/Questionnaire" + ("" if method == "POST" else "/vas-pain")

    answer = door.client.request(method, address, content=b'{"resourceType": "Questionnaire"}', headers=FHIR)

    assert (answer.status_code, code_of(answer), answer.headers["allow"]) == (405, "not-supported", "GET, HEAD")
