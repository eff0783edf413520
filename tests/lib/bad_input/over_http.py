"""Requests that are refused for what surrounds the body (H01 to H38)."""

from __future__ import annotations

import gzip
from typing import Any

from tests.lib.bad_input.case import FHIR_JSON, answer, body, http, typed
from tests.lib.builders import PSEUDONYMS, patient

_GET: dict[str, Any] = {"method": "GET", "body": b"", "headers": {}}

_ANSWERS = "/fhir/QuestionnaireResponse"
_ONE = f"/fhir/Patient?identifier={PSEUDONYMS}|nobody"
_NOBODY = body(patient("nobody"))

HTTP = [
    http("H01-length", 413, "too-long", body=b" " * (2 * 1024 * 1024 + 1)),
    http("H02-chunked", 413, "too-long", body=b" " * (2 * 1024 * 1024 + 1), chunked=True),
    http("H10-gzip", 415, "not-supported", body=gzip.compress(body(answer())), headers=typed(FHIR_JSON, **{"Content-Encoding": "gzip"})),
    http("H11-gzip-twice", 415, "not-supported", headers=typed(FHIR_JSON, **{"Content-Encoding": "gzip, gzip"})),
    http("H12-text", 415, "not-supported", headers=typed("text/plain")),
    http("H12-none", 415, "not-supported", headers={}),
    http("H12-xml", 415, "not-supported", headers=typed("application/xml")),
    http("H12-fhir-xml", 415, "not-supported", headers=typed("application/fhir+xml")),
    http("H13-charset", 415, "not-supported", headers=typed("application/fhir+json; charset=iso-8859-1")),
    http("H14-accept", 406, "not-supported", headers=typed(FHIR_JSON, Accept="application/fhir+xml")),
    http("H15-format", 406, "not-supported", path="/fhir/QuestionnaireResponse?_format=xml"),
    http("H16-patch", 405, "not-supported", method="PATCH", path="/fhir/Patient/x"),
    http("H16-trace", 405, "not-supported", method="TRACE"),
    http("H17-traversal", 404, "not-found", path="/fhir/Patient/..%2f..%2fetc%2fpasswd", **_GET),
    http("H18-nul", 400, "value", path="/fhir/Patient/%00", **_GET),
    http("H19-not-utf8", 400, "value", path="/fhir/Patient/%ff%fe", **_GET),
    http("H20-long-id", 400, "value", path="/fhir/Patient/" + "a" * 65, **_GET),
    http("H20-underscore", 400, "value", path="/fhir/Patient/a_b", **_GET),
    http("H20-newline", 400, "value", path="/fhir/Patient/ab%0a", **_GET),
    http("H21-query-nul", 400, "value", path="/fhir/Patient/ab?name=%00", **_GET),
    http("H21-query-not-utf8", 400, "value", path="/fhir/Patient/ab?x=%ff", **_GET),
    http(
        "H28-etag",
        400,
        "value",
        method="PUT",
        path="/fhir/Patient/abc",
        body=body(patient(id="abc")),
        headers=typed(FHIR_JSON) | {"If-Match": 'W/"abc"'},
    ),
    http("H16-search", 405, "not-supported", method="SEARCH"),
    http("H16-link", 405, "not-supported", method="LINK", path="/fhir/Patient/x"),
    *(http(f"H22-{n}", 400, "value", path=f"/fhir/Questionnaire?_count={c}", **_GET) for n, c in enumerate(["-1", "1e9", "\u0663", "1_0"])),
    *(http(f"H22-s{n}", 400, "value", path=f"{_ANSWERS}?_count={c}", **_GET) for n, c in enumerate(["-1", "1e9", "%D9%A3", "1_0", ""])),
    http("H23-search", 400, "not-supported", path=f"{_ANSWERS}?colour=red", **(_GET | {"headers": {"Prefer": "handling=strict"}})),
    http("H23-modifier", 400, "not-supported", path=f"{_ANSWERS}?status:above=x", **_GET),
    http("H22-date", 400, "value", path=f"{_ANSWERS}?authored=yesterday", **_GET),
    http("H22-cursor", 400, "value", path=f"{_ANSWERS}?_cursor=nonsense", **_GET),
    http("F25-search", 422, "value", path=f"{_ANSWERS}?_cursor=111222333", **_GET),
    http("H23-strict", 400, "not-supported", path="/fhir/Questionnaire?colour=red", **(_GET | {"headers": {"Prefer": "handling=strict"}})),
    http("H23-strict-write", 400, "not-supported", path="/fhir/Patient?colour=red", headers=typed(FHIR_JSON, Prefer="handling=strict")),
    http("H24-parameters", 400, "too-costly", path="/fhir/Patient?" + "&".join(["_id=1"] * 1000), **_GET),
    http("H24-query", 414, "too-long", path="/fhir/Patient?_id=" + "1" * 40_000, **_GET),
    http("H25-chain", 400, "too-costly", path="/fhir/QuestionnaireResponse?subject:Patient.organization" + ".partof" * 20 + "=x", **_GET),
    http("H26-canonical", 422, "not-found", body=body(answer(50, questionnaire="http://169.254.169.254/latest|1"))),
    http("H28-any", 412, "conflict", method="PUT", path=_ONE, body=_NOBODY, headers=typed(FHIR_JSON) | {"If-Match": "*"}),
    http("H29-stale", 412, "conflict", method="PUT", path=_ONE, body=_NOBODY, headers=typed(FHIR_JSON) | {"If-Match": '"7"'}),
    http("H30-everybody", 400, "too-costly", headers=typed(FHIR_JSON) | {"If-None-Exist": "status=completed"}),
    http("H30-criteria", 400, "not-supported", headers=typed(FHIR_JSON) | {"If-None-Exist": "colour=red"}),
    http("H35-multipart", 415, "not-supported", headers=typed("multipart/form-data; boundary=x")),
    http("H36-docs", 404, "not-found", path="/docs", **_GET),
    http("H36-redoc", 404, "not-found", path="/redoc", **_GET),
    http("H36-openapi", 404, "not-found", path="/openapi.json", **_GET),
    http("H37-slash", 404, "not-found", path="/fhir/QuestionnaireResponse//"),
    http("H23-has", 400, "not-supported", path="/fhir/Patient?_has:QuestionnaireResponse:patient:status=completed", **_GET),
    http("H23-chain", 400, "not-supported", path=f"{_ANSWERS}?encounter.status=finished", **_GET),
    http("H23-missing", 400, "not-supported", path=f"{_ANSWERS}?authored:missing=true", **_GET),
    http("H23-chain-definition", 400, "not-supported", path="/fhir/Questionnaire?context.code=x", **_GET),
    http("H12-version", 415, "not-supported", headers=typed("application/fhir+json; fhirVersion=5.0")),
    http("H14-version", 406, "not-supported", headers=typed(FHIR_JSON, Accept="application/fhir+json; fhirVersion=5.0")),
    http("H14-weight", 406, "not-supported", headers=typed(FHIR_JSON, Accept="application/fhir+json;q=0, application/fhir+xml")),
    http("H15-version", 406, "not-supported", path="/fhir/Patient?_format=application/fhir%2Bjson;fhirVersion=3.0", **_GET),
    http("F03-other-id", 400, "invalid", method="PUT", path="/fhir/Patient/x", body=body(patient(id="y"))),
    http("F03-no-id", 400, "invalid", method="PUT", path="/fhir/Patient/x", body=body(patient())),
    http("F36-5-MB", 413, "too-long", body=body(answer({"valueAttachment": {"data": "A" * 5_000_000}}))),
    http("F39-unknown", 404, "not-found", path="/fhir/Patient/deleted", **_GET),
    http("F39-delete", 405, "not-supported", method="DELETE", path="/fhir/Patient/x", body=b"", headers={}),
    http("F40-export", 404, "not-found", path="/fhir/$export", **_GET),
    http("F40-subscription", 404, "not-found", path="/fhir/Subscription", body=b'{"resourceType": "Subscription"}'),
    http("F40-graphql", 404, "not-found", path="/fhir/$graphql", body=b'{"query": "{Patient{id}}"}'),
    http("F40-profile", 422, "not-supported", path="/fhir/QuestionnaireResponse/$validate?profile=http://evil.example/x"),
]
