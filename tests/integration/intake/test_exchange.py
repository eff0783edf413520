"""HTTP as FHIR speaks it: what is refused before any body is read, and that every refusal is an OperationOutcome (H01 to H37)."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from beklijf_intake import exchange
from tests.integration.intake.test_api import FHIR, Door, code_of, door, running  # noqa: F401 fixtures
from tests.lib import builders

BODY = json.dumps(builders.patient()).encode()
NOBODY = {"reference": "Patient/nobody"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("POST", "/fhir/Patient", {"Content-Type": "text/plain"}, 415, "not-supported"),
        ("POST", "/fhir/Patient", {"Content-Type": "application/fhir+xml"}, 415, "not-supported"),
        ("POST", "/fhir/Patient", {"Content-Type": "application/fhir+json; charset=iso-8859-1"}, 415, "not-supported"),
        ("POST", "/fhir/Patient", FHIR | {"Content-Encoding": "gzip"}, 415, "not-supported"),
        ("POST", "/fhir/Patient", FHIR | {"Accept": "application/fhir+xml"}, 406, "not-supported"),
        ("POST", "/fhir/Patient?_format=xml", FHIR | {"Accept": "application/fhir+json"}, 406, "not-supported"),
        ("PATCH", "/fhir/Patient/1", FHIR, 405, "not-supported"),
        ("DELETE", "/fhir/Patient/1", {}, 405, "not-supported"),
        ("TRACE", "/fhir/Patient", {}, 405, "not-supported"),
        ("GET", "/fhir/Patient/..%2f..%2fetc%2fpasswd", {}, 404, "not-found"),
        ("GET", "/fhir/Patient/%00", {}, 400, "value"),
        ("GET", "/fhir/Patient/%ff%fe", {}, 400, "value"),
        ("GET", "/fhir/Patient/1?x=%00", {}, 400, "value"),
        ("GET", f"/fhir/Patient/{'a' * 65}", {}, 400, "value"),
        ("GET", "/fhir/Patient/a_b", {}, 400, "value"),
        ("GET", "/fhir/Patient/a%0a", {}, 400, "value"),
        ("POST", "/fhir/Patient//", FHIR, 404, "not-found"),
        ("GET", "/fhir/Patient/_search", {}, 400, "value"),
        ("POST", "/fhir/Observation", FHIR, 404, "not-found"),
        ("GET", "/docs", {}, 404, "not-found"),
        ("GET", "/openapi.json", {}, 404, "not-found"),
        ("PUT", "/fhir/Patient/1", FHIR | {"If-Match": 'W/"abc"'}, 400, "value"),
        ("PUT", "/fhir/Patient", FHIR, 400, "value"),
        ("PUT", "/fhir/Patient?identifier=x", FHIR, 422, "business-rule"),
        ("POST", "/fhir/Patient", FHIR | {"If-None-Exist": "name=x"}, 400, "not-supported"),
    ],
)
def test_refused_by_its_form(door: Door, method: str, path: str, headers: dict[str, str], status: int, code: str) -> None:  # noqa: F811
    address = str(door.client.base_url).rstrip("/") + path  # as it stands: a client would tidy it up
    request = httpx.Request(method, address, headers=headers, content=BODY if method != "GET" else None)

    answer = door.client.send(request)

    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert door.registry.rows("SELECT count(*) FROM resource") == [0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/fhir+json; fhirVersion=4.0", "Accept": "application/fhir+json; fhirVersion=4.0"},
        {"Content-Type": 'application/fhir+json;charset="UTF-8"', "Accept": "application/fhir+xml;q=1.0, application/fhir+json;q=0.9"},
        {"Content-Type": "APPLICATION/JSON", "Accept": "text/html, */*;q=0.1"},
        {"Content-Type": "application/fhir+json", "Content-Encoding": "identity", "Expect": "100-continue"},
    ],
)
@pytest.mark.parametrize("path", ["/fhir/Patient", "/fhir/Patient/", "/fhir/Patient?_format=json&_pretty=true"])
def test_what_is_odd_and_legal_is_taken(door: Door, path: str, headers: dict[str, str]) -> None:  # noqa: F811
    assert door.client.post(path, headers=headers, content=BODY).status_code == 201


def test_a_bundle_to_the_base_with_a_slash_behind_it(door: Door) -> None:  # noqa: F811
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Patient"}}]}

    answer = door.client.post("/fhir/", headers=FHIR, content=json.dumps(bundle).encode())

    assert (answer.status_code, answer.json()["type"]) == (200, "batch-response")


def test_head_is_get_without_its_body(door: Door) -> None:  # noqa: F811
    place = door.client.post("/fhir/Patient", headers=FHIR, content=BODY).headers["location"]
    got, head = door.client.get(place), door.client.head(place)

    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[name] for name in ("etag", "content-length", "last-modified")] == [
        got.headers[name] for name in ("etag", "content-length", "last-modified")
    ]
    assert door.client.head("/fhir/metadata").status_code == 200
    assert door.client.head("/fhir/Patient/nobody").status_code == 404


def test_nothing_at_an_address_says_where_stands_what_there_is(door: Door) -> None:  # noqa: F811
    said = door.client.get("/fhir/Encounter/1").json()["issue"][0]["diagnostics"]

    assert said == "There is nothing at this address. What there is stands in the CapabilityStatement: GET /fhir/metadata."


def test_method_that_is_not_supported_names_those_that_are(door: Door) -> None:  # noqa: F811
    assert door.client.delete("/fhir/Patient/1").headers["allow"] == "GET, HEAD, PUT"
    assert door.client.patch("/fhir/Patient").headers["allow"] == "GET, HEAD, POST, PUT"


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ("PATCH", "This address supports GET, PUT only. Send the whole resource by PUT."),
        ("DELETE", "This address supports GET, PUT only. Nothing is deleted here: send the resource with status entered-in-error."),
        ("OPTIONS", "This address supports GET, PUT only."),
    ],
)
def test_instead_of_a_method_that_is_not_supported_another_way_is_named(door: Door, method: str, sentence: str) -> None:  # noqa: F811
    assert door.client.request(method, "/fhir/Patient/1").json()["issue"][0]["diagnostics"] == sentence


@pytest.mark.parametrize(
    ("bundle", "status", "code"),
    [
        ({}, 400, "required"),
        ({"type": "collection"}, 422, "not-supported"),
        ({"type": "transaction", "entry": [{"request": {"method": "DELETE", "url": "Patient/1"}}]}, 405, "not-supported"),
    ],
)
def test_a_bundle_that_asks_for_what_cannot_be_done(door: Door, bundle: dict[str, object], status: int, code: str) -> None:  # noqa: F811
    answer = door.client.post("/fhir", content=json.dumps({"resourceType": "Bundle", **bundle}), headers=FHIR)

    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)


@pytest.mark.parametrize(
    ("resource", "expression"),
    [
        (builders.episode() | {"patient": NOBODY}, "EpisodeOfCare.patient.reference"),
        (builders.consent() | {"patient": NOBODY}, "Consent.patient.reference"),
        (
            builders.patient(link=[{"other": NOBODY, "type": "replaced-by"}]),
            "Patient.link[0].other.reference",
        ),
    ],
    ids=["episode", "consent", "patient"],
)
def test_a_reference_to_what_is_not_held_is_named_where_it_stands(door: Door, resource: dict[str, object], expression: str) -> None:  # noqa: F811
    answer = door.client.post(f"/fhir/{resource['resourceType']}", content=json.dumps(resource), headers=FHIR)

    assert (answer.status_code, code_of(answer)) == (422, "not-found")
    assert answer.json()["issue"][0]["expression"] == [expression]


def test_body_beyond_the_limit_is_refused_before_and_while_reading(door: Door) -> None:  # noqa: F811
    large = b" " * (2 * 1024 * 1024 + 1)

    declared = door.client.post("/fhir/Patient", content=large, headers=FHIR)
    chunked = _answer_to_chunks(door, large)

    assert (declared.status_code, code_of(declared)) == (413, "too-long")
    assert chunked.startswith(b"HTTP/1.1 413 ")


def _answer_to_chunks(door: Door, body: bytes) -> bytes:  # noqa: F811
    """What the server says to a body of unknown length, as soon as it says something."""
    with socket.create_connection((door.client.base_url.host, door.client.base_url.port or 0), timeout=90) as line:
        line.sendall(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n")
        line.sendall(b"%x\r\n%s\r\n" % (len(body), body))
        return line.recv(4096)


def test_body_that_does_not_come_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(exchange, "SILENCE_SECONDS", 0.2)

    with socket.create_connection((door.client.base_url.host, door.client.base_url.port or 0), timeout=90) as line:
        line.sendall(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{")
        said = b"".join(iter(lambda: line.recv(4096), b""))

    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"timeout"' in said
