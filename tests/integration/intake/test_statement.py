"""The CapabilityStatement is driven: all that it states works, and what it does not state is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from beklijf_shared import db
from tests.integration.intake.conftest import Registry
from tests.integration.intake.test_api import AUTHORED, FHIR, Door, code_of, running
from tests.lib import builders
from tests.lib.builders import BASE, PSEUDONYMS
from tests.lib.located import id_of

__all__ = ["running"]

SENT: dict[str, dict[str, Any]] = {
    "Patient": builders.patient("p1"),
    "EpisodeOfCare": builders.episode("e1"),
    "Consent": builders.consent("c1"),
    "QuestionnaireResponse": builders.vas("a1", 40, authored=AUTHORED, episode="e1"),
}
NAMES = {
    "Patient": f"{PSEUDONYMS}|p1",
    "EpisodeOfCare": "https://example.org/episode|e1",
    "Consent": "https://example.org/consent|c1",
    "QuestionnaireResponse": "https://example.org/answer|a1",
}
RESULTS = {"_sort": "-_lastUpdated", "_count": "1", "_total": "accurate", "_summary": "true", "_elements": "identifier"}
INTERACTIONS = ("read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type")
REFUSED = {400, 404, 405, 501}
OTHER_TYPES = ("Observation", "Practitioner", "Task", "Subscription", "Binary")
OTHER_OPERATIONS = ("$everything", "$meta", "$populate", "$export", "$graphql", "$evaluate-measure", "$convert", "$expand")
OTHER_PARAMETERS = ("family", "birthdate", "address", "author", "based-on", "code", "_text", "_content", "_filter", "_has", "_list", "_tag")


@dataclass(frozen=True)
class Server:
    """A door with one resource of each type behind it, and what it says of itself."""

    door: Door
    statement: dict[str, Any]
    ids: dict[str, str]

    @property
    def rest(self) -> dict[str, Any]:
        """The only part there is: of a server."""
        (rest,) = self.statement["rest"]
        found: dict[str, Any] = rest
        return found

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET, and whatever is not understood is to be refused."""
        return self.door.client.get(f"/fhir/{path}", headers={"Prefer": "handling=strict", **headers})

    def send(self, method: str, path: str, content: Any, **headers: str) -> httpx.Response:
        """A request with a body."""
        return self.door.client.request(method, f"/fhir/{path}".rstrip("/"), content=json.dumps(content), headers={**FHIR, **headers})


@pytest.fixture(scope="module")
def server(running: tuple[str, db.Engine]) -> Iterator[Server]:
    address, engine = running
    registry = Registry(engine)
    registry.empty()
    with httpx.Client(base_url=address, timeout=90) as client:
        door = Door(client, registry)
        ids = {type_: id_of(door.post(resource)) for type_, resource in SENT.items()}
        statement = client.get("/fhir/metadata").json()
        for type_ in (resource["type"] for resource in statement["rest"][0]["resource"]):
            if type_ not in ids:
                ids[type_] = client.get(f"/fhir/{type_}").json()["entry"][0]["resource"]["id"]
        yield Server(door, statement, ids)


def resources(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.rest["resource"]
    return found


def changed(server: Server, type_: str) -> dict[str, Any]:
    return SENT.get(type_, {"resourceType": type_}) | {"id": server.ids[type_], "language": "nl"}


def drive(server: Server, type_: str, interaction: str) -> httpx.Response:
    id_ = server.ids[type_]
    drivers: dict[str, Callable[[], httpx.Response]] = {
        "read": lambda: server.get(f"{type_}/{id_}"),
        "vread": lambda: server.get(f"{type_}/{id_}/_history/1"),
        "update": lambda: server.send("PUT", f"{type_}/{id_}", changed(server, type_)),
        "patch": lambda: server.send("PATCH", f"{type_}/{id_}", {}),
        "delete": lambda: server.door.client.delete(f"/fhir/{type_}/{id_}"),
        "history-instance": lambda: server.get(f"{type_}/{id_}/_history"),
        "history-type": lambda: server.get(f"{type_}/_history"),
        "create": lambda: server.send("POST", type_, SENT.get(type_, {"resourceType": type_})),
        "search-type": lambda: server.get(type_),
    }
    return drivers[interaction]()


def matches(answer: httpx.Response) -> list[str]:
    return [entry["resource"]["id"] for entry in answer.json().get("entry", ()) if entry["search"]["mode"] == "match"]


def samples(server: Server, type_: str) -> dict[str, str]:
    """For each parameter a value with which the one resource is found."""
    if type_ not in SENT:
        resource = server.get(f"{type_}/{server.ids[type_]}").json()
        return {name: str(resource.get(name.removeprefix("_"), "")) for name in ("_id", "url", "version", "status", "name", "title")}
    found = {"_id": server.ids[type_], "_lastUpdated": "ge2020-03-02", "identifier": NAMES[type_], "status": SENT[type_].get("status", "")}
    found |= {"patient": f"Patient/{server.ids['Patient']}", "subject": f"Patient/{server.ids['Patient']}", "type": "imsr"}
    found |= {"questionnaire": f"{BASE}/Questionnaire/vas-pain|1.0.0", "authored": "2014-03-03", "date": "ge2014-01-01"}
    return found | {"organization:identifier": f"{builders.URA}|00000001", "patient:identifier": f"{PSEUDONYMS}|p1"}


def test_the_statement_is_fhir_and_says_what_it_is_about(server: Server) -> None:
    get_fhir_model_class("CapabilityStatement").model_validate(server.statement)

    assert server.statement["fhirVersion"] == "4.0.1"
    assert server.statement["implementation"]["url"] == f"{str(server.door.client.base_url).rstrip('/')}/fhir"
    assert {resource["type"] for resource in resources(server)} >= {*SENT, "Questionnaire", "PlanDefinition", "StructureDefinition"}
    assert {"create", "update", "read", "search-type"} >= {
        one["code"] for resource in resources(server) if resource["type"] not in SENT for one in resource["interaction"]
    }


def test_every_interaction_stated_works_and_every_other_is_refused(server: Server) -> None:
    for resource in resources(server):
        stated = {one["code"] for one in resource["interaction"]}
        assert stated, resource["type"]
        for interaction in INTERACTIONS:
            answer = drive(server, resource["type"], interaction)
            if interaction in stated:
                assert answer.status_code in {200, 201}, (resource["type"], interaction)
            else:
                assert answer.status_code in REFUSED, (resource["type"], interaction)
                assert code_of(answer) in {"not-supported", "not-found", "value"}


def test_every_parameter_stated_finds_what_it_should(server: Server) -> None:
    for resource in resources(server):
        type_, known = resource["type"], samples(server, resource["type"])
        for parameter in resource.get("searchParam", ()):
            name = parameter["name"] if parameter["name"] in known else f"{parameter['name']}:identifier"
            answer = server.door.client.get(f"/fhir/{type_}", params={name: known[name]}, headers={"Prefer": "handling=strict"})
            assert answer.status_code == 200, (type_, name)
            if known[name]:
                assert server.ids[type_] in matches(answer), (type_, name)


def test_parameters_not_stated_are_refused_when_asked_to_be_strict(server: Server) -> None:
    for resource in resources(server):
        if any(one["code"] == "search-type" for one in resource["interaction"]):
            stated = {parameter["name"] for parameter in resource["searchParam"]}
            for name in {*OTHER_PARAMETERS, "identifier", "authored", "url", "questionnaire"} - stated:
                answer = server.get(f"{resource['type']}?{name}=x")
                assert (answer.status_code, code_of(answer)) == (400, "not-supported"), (resource["type"], name)


def test_what_shapes_a_result_works_as_the_documentation_says(server: Server) -> None:
    for resource in resources(server):
        said = resource["documentation"]
        stated = set(re.findall(r"(?:^|\s)(_[a-z]+): ", said))
        assert stated == (RESULTS.keys() if resource["type"] in SENT else {"_count", "_summary", "_elements"}), resource["type"]
        for name in stated:
            assert server.get(f"{resource['type']}?{name}={RESULTS[name]}").status_code == 200, (resource["type"], name)
        for order in (re.findall(r"sorted by ([^.]*)\.", said) or [""])[0].split(", "):
            assert server.get(f"{resource['type']}?_sort=-{order}" if order else resource["type"]).status_code == 200
        for query in re.findall(r"_query=(\w+): ", said):
            assert server.get(f"{resource['type']}?_query={query}").status_code == 200
        assert server.get(f"{resource['type']}?_sort=colour").status_code == 400


def test_every_include_stated_works_and_others_do_not(server: Server) -> None:
    for resource in resources(server):
        for include in resource.get("searchInclude", ()):
            entries = server.get(f"{resource['type']}?_include={include}").json()["entry"]
            assert [entry["resource"]["resourceType"] for entry in entries if entry["search"]["mode"] == "include"] == ["Patient"]
        if "searchInclude" in resource:
            assert server.get(f"{resource['type']}?_include={resource['type']}:author").status_code == 400
            assert server.get(f"{resource['type']}?_revinclude=Patient:link").status_code == 400


def test_every_operation_stated_is_there_with_a_definition(server: Server) -> None:
    for resource in resources(server):
        type_ = resource["type"]
        stated = {operation["name"]: operation["definition"] for operation in resource.get("operation", ())}
        assert set(stated) == ({"validate"} if type_ in SENT else set()), type_
        for name in stated:
            assert server.send("POST", f"{type_}/${name}", SENT[type_]).status_code == 200
        for name in OTHER_OPERATIONS:
            for answer in (
                server.send("POST", f"{type_}/{name}", {}),
                server.get(f"{type_}/{name}"),
                server.get(f"{type_}/{server.ids[type_]}/{name}"),
            ):
                assert answer.status_code in REFUSED, (type_, name)
                assert code_of(answer) in {"not-supported", "not-found", "value"}


def test_every_operation_of_the_server_has_its_definition_here(server: Server) -> None:
    stated = {operation["name"]: operation["definition"] for operation in server.rest["operation"]}

    assert "receipt" in stated
    for name, definition in stated.items():
        (found,) = server.get(f"OperationDefinition?url={definition}").json()["entry"]
        assert (found["resource"]["code"], found["resource"]["system"]) == (name, True)
    for name in OTHER_OPERATIONS:
        assert server.get(name).status_code in REFUSED
        assert server.send("POST", name, {}).status_code in REFUSED


def test_conditions_are_as_stated(server: Server) -> None:
    for resource in resources(server):
        type_ = resource["type"]
        where = f"{type_}?identifier={NAMES.get(type_, '')}"
        create = server.send("POST", type_, SENT.get(type_, {}), **{"If-None-Exist": where.partition("?")[2]})
        update = server.send("PUT", where, SENT.get(type_, {}))
        read = server.get(f"{type_}/{server.ids[type_]}")
        again = server.get(f"{type_}/{server.ids[type_]}", **{"If-None-Match": read.headers["etag"]})

        assert (create.status_code == 200) == resource["conditionalCreate"], type_
        assert (update.status_code == 200) == resource["conditionalUpdate"], type_
        assert (again.status_code == 304) == (resource["conditionalRead"] in ("not-match", "full-support")), type_
        assert server.door.client.delete(f"/fhir/{where}").status_code in REFUSED
        assert resource["conditionalDelete"] == "not-supported"


def test_versions_are_as_stated(server: Server) -> None:
    for resource in resources(server):
        type_ = resource["type"]
        read = server.get(f"{type_}/{server.ids[type_]}")

        assert resource["versioning"] == "versioned"
        assert read.headers["etag"] == f'W/"{read.json()["meta"]["versionId"]}"'
        assert (server.get(f"{type_}/{server.ids[type_]}/_history/1").status_code == 200) == resource["readHistory"]
        unknown = server.send("PUT", f"{type_}/unknown", SENT.get(type_, {}) | {"id": "unknown"})
        assert (unknown.status_code == 201) == resource["updateCreate"]


@pytest.mark.parametrize(
    ("policy", "reference", "status"),
    [
        ("literal", "Patient/{id}", 201),
        ("enforced", "Patient/unknown", 422),
        ("local", "https://example.org/fhir/Patient/1", 422),
    ],
)
def test_references_are_treated_as_stated(server: Server, policy: str, reference: str, status: int) -> None:
    answers = builders.vas(f"about-{policy}", 40, authored=AUTHORED)
    answers["subject"] = {"reference": reference.format(id=server.ids["Patient"])}

    assert all(policy in resource["referencePolicy"] for resource in resources(server) if resource["type"] in SENT)
    assert server.send("POST", "QuestionnaireResponse", answers).status_code == status


def test_formats_and_bundles_are_as_stated(server: Server) -> None:
    assert [one["code"] for one in server.rest["interaction"]] == ["transaction", "batch"]
    for kind in ("transaction", "batch"):
        assert server.send("POST", "", {"resourceType": "Bundle", "type": kind}).json()["type"] == f"{kind}-response"
    for format_ in server.statement["format"]:
        assert server.get("metadata", Accept=format_ if "/" in format_ else "*/*").status_code == 200
        assert server.door.client.get("/fhir/metadata", params={"_format": format_}).status_code == 200
    for other in ("application/fhir+xml", "text/turtle"):
        assert server.get("metadata", Accept=other).status_code == 406
    assert server.get("_history").status_code in REFUSED
    assert server.get("?_type=Patient").status_code in REFUSED


@pytest.mark.parametrize("type_", OTHER_TYPES)
def test_a_type_that_is_not_stated_is_not_there(server: Server, type_: str) -> None:
    answers = [server.get(type_), server.get(f"{type_}/1"), server.send("POST", type_, {"resourceType": type_})]

    assert type_ not in {resource["type"] for resource in resources(server)}
    assert {answer.status_code for answer in answers} == {404}
