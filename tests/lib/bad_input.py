"""Bad input as data: what hospitals, attackers and broken software send, and the answer each of them must get.

Every case is one HTTP request with the expected status and R4 issue code, and, where there is an element to name, its FHIRPath
expression. Reading alone is tested with those that are about a body; the HTTP tests send them all. `TOLERATED` are the
neighbours that look odd and must be accepted.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.lib.builders import BASE, MOMENT, PSEUDONYMS, URA, consent, episode, named, patient, qbpds, vas

FHIR_JSON = "application/fhir+json"
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
WHEN = "2014-03-03T10:00:00+01:00"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
ONE = "urn:uuid:3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a01"
TWO = "urn:uuid:3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a02"

Resource = dict[str, Any]


@dataclass(frozen=True)
class BadInput:
    """One request and its answer. `about`: http (never reaches reading), json or fhir. `entry`: the answer stands in a batch's entry."""

    id: str
    status: int
    code: str
    body: bytes = b""
    expression: str | None = None
    method: str = "POST"
    path: str = "/fhir/QuestionnaireResponse"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": FHIR_JSON})
    about: str = "fhir"
    chunked: bool = False
    entry: bool = False


def answer(value: object = 50, **more: Any) -> Resource:
    """A VAS answer whose one answer is `value[x]` = value, given as {"valueInteger": 50} or as the integer."""
    resource = vas("bad-1", 50, authored=WHEN)
    resource["item"][0]["answer"] = [value if isinstance(value, dict) else {"valueInteger": value}]
    return resource | more


def without(resource: Resource, *elements: str) -> Resource:
    """The resource less these elements."""
    return {name: value for name, value in resource.items() if name not in elements}


def body(resource: Resource | str | bytes) -> bytes:
    """The bytes to send."""
    if isinstance(resource, bytes):
        return resource
    return (resource if isinstance(resource, str) else json.dumps(resource)).encode()


def fhir(id: str, status: int, code: str, resource: Resource, at: str | None = None) -> BadInput:
    """A well-formed JSON body that breaks FHIR, the Questionnaire or a rule of the registry; `at`: where, below the resource."""
    kind = resource.get("resourceType")
    path = (
        "/fhir"
        if kind == "Bundle"
        else f"/fhir/{kind}"
        if kind in ("Patient", "EpisodeOfCare", "Consent")
        else "/fhir/QuestionnaireResponse"
    )
    expression = None if at is None else at if at == "resourceType" else f"{kind}.{at}".rstrip(".")
    return BadInput(id, status, code, body(resource), expression, path=path)


def text(id: str, status: int, code: str, sent: str | bytes) -> BadInput:
    """A body that does not get past the front door."""
    return BadInput(id, status, code, body(sent), about="json")


def within(number: str) -> str:
    """A VAS answer whose value is this piece of JSON text."""
    return json.dumps(answer(0)).replace('{"valueInteger": 0}', f'{{"valueInteger": {number}}}')


def noted(escape: str) -> str:
    """A VAS answer with this piece of JSON text within a string."""
    return json.dumps(answer(50, language="nl")).replace('"nl"', f'"n{escape}l"')


def noted_text(text: str) -> str:
    """A VAS answer with this piece of JSON text in the display of whoever is its author."""
    return json.dumps(answer(50, author={"type": "Practitioner", "display": "=="})).replace("==", text)


def bundle(*entries: Resource, kind: str = "transaction") -> Resource:
    """A Bundle of that type."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(resource: Resource, full_url: str | None = None, method: str = "POST", url: str | None = None, **more: str) -> Resource:
    """One entry that creates the resource."""
    request = {"method": method, "url": url or str(resource["resourceType"])} | more
    return ({"fullUrl": full_url} if full_url else {}) | {"resource": resource, "request": request}


def narrative(inner: str) -> Resource:
    """An answer with this narrative."""
    return answer(50, text={"status": "generated", "div": f"<div {XHTML}>{inner}</div>"})


def replaced_by(name: str, other: str) -> Resource:
    """A patient replaced by whom `other` refers to."""
    return patient(name, link=[{"type": "replaced-by", "other": {"reference": other}}])


def http(id: str, status: int, code: str, **how: Any) -> BadInput:
    """A request that is refused for what surrounds the body."""
    return replace(BadInput(id, status, code, body(answer()), about="http"), **how)


def typed(media_type: str, **more: str) -> dict[str, str]:
    """Headers with this content type."""
    return {"Content-Type": media_type} | more


_GET: dict[str, Any] = {"method": "GET", "body": b"", "headers": {}}

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
    http("H35-multipart", 415, "not-supported", headers=typed("multipart/form-data; boundary=x")),
    http("H36-docs", 404, "not-found", path="/docs", **_GET),
]

JSON = [
    text("J02-same-key", 400, "structure", '{"resourceType": "Patient", "gender": "male", "gender": "female"}'),
    text("J03-same-key-escaped", 400, "structure", r'{"resourceType": "Patient", "gender": "male", "\u0067ender": "female"}'),
    text("J04-nan", 400, "structure", within("NaN")),
    text("J04-infinity", 400, "structure", within("Infinity")),
    text("J04-minus-infinity", 400, "structure", within("-Infinity")),
    text("J05-1e999", 400, "value", within("1e999")),
    text("J06-5000-digits", 400, "value", within("9" * 5000)),
    text("J07-4300-digits", 400, "value", within("1" * 4300)),
    text("J07-2-to-64", 400, "value", within("18446744073709551616")),
    fhir("J07-2-to-53", 400, "value", answer(2**53 + 1), "item[0].answer[0].value"),
    text("J08-exponent", 400, "value", within("1e100000")),
    text("J08-exponent-huge", 400, "value", within("1e9999999999999999999999")),
    text("J09-40-digits", 400, "value", within("0." + "1" * 40)),
    text("J10-depth-65", 400, "structure", '{"a":' * 65 + "1" + "}" * 65),
    text("J10-depth-1000", 400, "structure", "[" * 1000 + "]" * 1000),
    text("J10-depth-100000", 400, "structure", "[" * 100_000),
    text("J11-keys", 400, "too-long", json.dumps({f"k{number}": 1 for number in range(100_000)})),
    text("J11-array", 413, "too-long", '{"a": [' + "1," * 999_999 + "1]}"),
    text("J12-nul", 400, "value", noted(r"\u0000")),
    text("J13-high-surrogate", 400, "value", noted(r"\ud83d")),
    text("J13-low-surrogate", 400, "value", noted(r"\ude00")),
    text("J15-mark", 400, "structure", b"\xef\xbb\xbf" + body(answer())),
    text("J16-utf16", 400, "structure", json.dumps(answer()).encode("utf-16")),
    text("J16-utf16-le", 400, "structure", json.dumps(answer()).encode("utf-16-le")),
    text("J16-utf32", 400, "structure", json.dumps(answer()).encode("utf-32")),
    text("J17-invalid", 400, "structure", b'{"resourceType": "Pati\xffent"}'),
    text("J17-overlong", 400, "structure", b'{"resourceType": "\xc0\xafPatient"}'),
    text("J17-cesu8", 400, "structure", b'{"resourceType": "\xed\xa0\xbd\xed\xb8\x80"}'),
    text("J18-control", 400, "value", noted(r"\u0001")),
    text("J18-backspace", 400, "value", noted(r"\b")),
    text("J18-raw-control", 400, "structure", noted("\x01")),
    text("J21-empty", 400, "structure", b""),
    text("J21-null", 400, "structure", "null"),
    text("J21-array", 400, "structure", "[]"),
    text("J21-string", 400, "structure", '"x"'),
    text("J21-number", 400, "structure", "1"),
    text("J22-trailing", 400, "structure", "{}{}"),
    fhir("J23-proto", 400, "structure", answer(50, __proto__={"a": 1}), ""),
    fhir("J23-constructor", 400, "structure", answer(50, constructor={"a": 1}), "constructor"),
    text("F38-long-string", 400, "too-long", json.dumps(answer(50, language="a" * (1024 * 1024 + 1)))),
]

_VALUE = "item[0].answer[0].value"
_REFERENCE = "subject.reference"


def _dated(when: str) -> Resource:
    return answer(50, authored=when)


def _about(reference: str) -> Resource:
    return answer(50, subject={"reference": reference})


def _within_it(id: str) -> Resource:
    return {"contained": [{"resourceType": "Organization", "id": id, "name": "A hospital"}]}


def _contained(*inner: Resource) -> Resource:
    return answer(50, contained=list(inner))


def _first_answer(coding: Resource) -> Resource:
    resource = qbpds("bad-2", 50, authored=WHEN)
    resource["item"][0]["answer"] = [{"valueCoding": coding}]
    return resource


def _organisation(id: str, part_of: str | None = None) -> Resource:
    return {"resourceType": "Organization", "id": id} | ({"partOf": {"reference": part_of}} if part_of else {})


BASE_SHAPE = [
    fhir("F01-none", 400, "structure", without(answer(), "resourceType"), "resourceType"),
    fhir("F01-case", 400, "structure", answer(50, resourceType="questionnaireresponse"), "resourceType"),
    replace(fhir("F01-other", 400, "invalid", patient(), "resourceType"), path="/fhir/QuestionnaireResponse"),
    fhir("F02-unknown", 400, "structure", answer(50, foo=1), "foo"),
    fhir("F04-object", 400, "invariant", answer(50, meta={}), "meta"),
    fhir("F04-array", 400, "structure", answer(50, partOf=[]), "partOf"),
    fhir("F04-string", 400, "value", answer(50, language=""), "language"),
    fhir("F04-null", 400, "value", answer(50, authored=None), "authored"),
    fhir("F04-null-in-array", 400, "structure", patient(link=[None]), "link[0]"),
    fhir("F05-text", 400, "value", patient(active="true"), "active"),
    fhir("F05-number", 400, "value", patient(active=1), "active"),
    fhir("F05-yes", 400, "value", patient(deceasedBoolean="yes"), "deceased"),
    fhir("F06-text", 400, "value", answer("5"), _VALUE),
    fhir("F06-point", 400, "value", answer(5.0), _VALUE),
    fhir("F06-true", 400, "value", answer(True), _VALUE),
    fhir("F07-text", 400, "value", answer({"valueDecimal": "10"}), _VALUE),
    fhir("F07-underscore", 400, "value", answer({"valueDecimal": "1_0"}), _VALUE),
    fhir("F08-two", 400, "structure", answer({"valueInteger": 5, "valueString": "x"}), _VALUE),
    *(fhir(f"F09-{n}", 400, "value", _dated(w), "authored") for n, w in enumerate(["2014-03-03T10:00:00", "2014-03-03T10:00Z"])),
    *(
        fhir(f"F10-{n}", 400, "value", _dated(w), "authored")
        for n, w in enumerate(["20140303", "2014-W10", "2014-03-03 10:00", "2014-03-03T10:00:00,5Z"])
    ),
    *(fhir(f"F11-{n}", 400, "value", _dated(w), "authored") for n, w in enumerate(["2014-02-30", "2013-02-29", "0000-01-01"])),
    *(
        fhir(f"F12-{n}", 400, "value", _dated(w), "authored")
        for n, w in enumerate(["2014-03-03T23:59:60Z", "2014-03-03T24:00:00Z"])
    ),
    *(
        fhir(f"F13-{n}", 400, "value", _dated(w), "authored")
        for n, w in enumerate(["2014-03-03T10:00:00+16:00", "2014-03-03T10:00:00-00:00"])
    ),
    fhir("F14-year-20000", 400, "value", _dated("20000-01-01T00:00:00Z"), "authored"),
    fhir("F27-modifier", 422, "extension", answer(50, modifierExtension=[{"url": "https://example.org/x", "valueBoolean": True}])),
    fhir(
        "F28-both", 400, "structure",
        answer(50, extension=[{"url": "https://example.org/x", "valueCode": "a", "extension": [{"url": "b", "valueCode": "c"}]}]),
        "extension[0]",
    ),
    fhir("F29-circle", 400, "structure", _contained(_organisation("a", "#b"), _organisation("b", "#a")), "contained"),
    fhir("F29-many", 400, "too-long", _contained(*(_organisation(f"a{n}") for n in range(1000))), "contained"),
    *(
        fhir(f"F30-{n}", 400, "invalid", narrative(inner), "text.div")
        for n, inner in enumerate(
            ["<script>x</script>", '<p onload="x()">a</p>', '<img src="x"/>', '<p style="width: expression(1)">a</p>', "<p>a", "&nbsp;a"]
        )
    ),
    fhir(
        "F30-doctype", 400, "invalid",
        answer(50, text={"status": "generated", "div": f'<!DOCTYPE div [<!ENTITY a "b">]><div {XHTML}>&a;</div>'}), "text.div",
    ),
    fhir("F36-base64", 400, "value", answer({"valueAttachment": {"data": "no base64"}}), "item[0].answer[0].value.data"),
]  # fmt: skip

RULES = [
    *(fhir(f"F14-future-{n}", 422, "business-rule", _dated(w), "authored") for n, w in enumerate(["9999-01-01T00:00:00Z", "9998-12-31"])),
    *(fhir(f"M02-{n}", 422, "business-rule", _dated(w), "authored") for n, w in enumerate(["2014", "2014-03"])),
    fhir("M02-absent", 422, "required", without(answer(), "authored"), "authored"),
    fhir("F15-unknown", 422, "not-found", answer(50, questionnaire="https://example.org/Questionnaire/x|1"), "questionnaire"),
    fhir("F15-version", 422, "business-rule", answer(50, questionnaire=f"{BASE}/Questionnaire/vas-pain|99"), "questionnaire"),
    fhir("F15-no-version", 422, "business-rule", answer(50, questionnaire=f"{BASE}/Questionnaire/vas-pain"), "questionnaire"),
    fhir("F15-fragment", 422, "not-supported", answer(50, questionnaire="#q"), "questionnaire"),
    fhir("F16-unknown", 422, "invariant", answer(50, item=[{"linkId": "nope"}]), "item[0].linkId"),
    fhir("F16-twice", 422, "invariant", answer(50, item=answer()["item"] * 2), "item[1].linkId"),
    fhir("F16-nested", 422, "invariant", answer({"valueInteger": 5, "item": [{"linkId": "vas-pain"}]}), "item[0].answer[0].item[0].linkId"),
    fhir("F18-above", 422, "value", answer(101), _VALUE),
    fhir("F18-below", 422, "value", answer(-1), _VALUE),
    fhir("F18-type", 422, "value", answer({"valueDecimal": 12.5}), _VALUE),
    fhir("F18-code", 422, "code-invalid", _first_answer({"system": f"{BASE}/CodeSystem/qbpds-answer", "code": "6"}), _VALUE),
    fhir("F18-system", 422, "code-invalid", _first_answer({"system": "https://example.org/other", "code": "1"}), _VALUE),
    fhir("F24-none", 422, "required", without(answer(), "subject"), "subject"),
    fhir("F24-contained", 422, "not-supported", _about("#p") | _within_it("p"), _REFERENCE),
    fhir("F24-not-contained", 400, "invariant", _about("#p") | _within_it("q"), _REFERENCE),
    fhir("F24-foreign", 422, "not-supported", _about("https://example.org/fhir/Patient/1"), _REFERENCE),
    fhir("F24-traversal", 400, "value", _about("Patient/../X"), _REFERENCE),
    fhir("F24-other-type", 422, "value", _about("Device/1"), _REFERENCE),
    fhir("F24-urn", 422, "not-found", _about(ONE), _REFERENCE),
    fhir("F25-bsn", 422, "value", patient("111222333", system=BSN), "identifier[0].system"),
    fhir("F25-bsn-failing", 422, "value", patient("123456789", system=BSN), "identifier[0].system"),
    fhir("F25-bsn-short", 422, "value", patient("12345678", system=BSN), "identifier[0].system"),
    fhir("F25-oid", 422, "value", patient("111222333", system="urn:oid:2.16.840.1.113883.2.4.6.3"), "identifier[0].system"),
    fhir("F25-reference", 422, "value", answer(50, subject={"identifier": named(BSN, "111222333")}), "subject.identifier.system"),
    fhir("F26-display", 422, "value", answer(50, author={"display": "BSN 111222333"}), "author.display"),
    fhir("F26-narrative", 422, "value", narrative("BSN: 111222333."), "text.div"),
    fhir("F36-svg", 422, "value", answer({"valueAttachment": {"contentType": "image/svg+xml", "data": "AAAA"}}), _VALUE),
    fhir("F37-javascript", 422, "not-supported", _about("javascript:alert(1)"), _REFERENCE),
    fhir("F37-file", 422, "not-supported", _about("file:///etc/passwd"), _REFERENCE),
    fhir("F37-jar", 422, "not-supported", _about("jar:file:x!/y"), _REFERENCE),
    fhir("M05-moment", 422, "code-invalid", answer(50, extension=[{"url": MOMENT, "valueCode": "t99"}]), "extension[0].value"),
    fhir("identifier-none", 422, "required", without(answer(), "identifier"), "identifier"),
    fhir("identifier-two", 422, "business-rule", patient(identifier=[named(PSEUDONYMS, "a"), named(PSEUDONYMS, "b")]), "identifier"),
    fhir("identifier-half", 422, "required", patient(identifier=[{"value": "a"}]), "identifier"),
    *(fhir(f"identifying-{name}", 422, "business-rule", patient() | {name: value}, f"{name}") for name, value in {
        "name": [{"family": "Jansen"}], "telecom": [{"system": "phone", "value": "0612"}], "address": [{"city": "Utrecht"}],
        "photo": [{"url": "https://example.org/p"}], "contact": [{"name": {"family": "Jansen"}}],
    }.items()),
    fhir("M14-planned", 422, "business-rule", episode(status="planned"), "status"),
    fhir("M14-waitlist", 422, "business-rule", episode(status="waitlist"), "status"),
    fhir("M14-no-start", 422, "required", without(episode(), "period"), "period.start"),
    fhir("M14-programme", 422, "code-invalid", episode(programme="nope"), "type[0].coding[0].code"),
    fhir("M14-organisation", 422, "business-rule", episode(managingOrganization={"identifier": named(URA, "99999999")}),
         "managingOrganization"),
    fhir("M14-ahead", 422, "business-rule", patient(meta={"lastUpdated": "9999-01-01T00:00:00Z"}), "meta.lastUpdated"),
    fhir("M14-consent-date", 422, "required", without(consent(), "dateTime"), "dateTime"),
    fhir("M14-consent-action", 422, "required", consent() | {"provision": {"type": "deny"}}, "provision.action"),
    fhir("M14-consent-other", 422, "code-invalid", consent(refuses="disclose"), "provision.action"),
]  # fmt: skip

BUNDLES = [
    fhir("F33-many", 413, "too-costly", bundle(*(entry(patient(f"p{n}")) for n in range(1001))), "entry"),
    fhir("F33-circle", 400, "invalid", bundle(entry(replaced_by("a", TWO), ONE), entry(replaced_by("b", ONE), TWO)), "entry[0].resource"),
    fhir("F33-address-twice", 400, "duplicate", bundle(entry(patient("a"), ONE), entry(patient("b"), ONE)), "entry[1].fullUrl"),
    fhir("F33-nested", 400, "structure", bundle(entry(bundle(entry(patient())))), "entry[0].resource"),
    fhir("F33-delete", 405, "not-supported", bundle(entry(patient(), None, "DELETE", "Patient/x")), "entry[0].request.method"),
    fhir("F33-collection", 422, "not-supported", bundle(entry(patient()), kind="collection"), "type"),
    fhir("F34-one-bad", 400, "structure", bundle(entry(patient("a"), ONE), entry(patient("b", foo=1), TWO)), "entry[1].resource.foo"),
    replace(fhir("F35-one-bad", 400, "structure", bundle(entry(patient("a"), ONE), entry(patient("b", foo=1), TWO), kind="batch"),
                 "entry[1].resource.foo"), entry=True),
    fhir("F33-no-request", 400, "required", bundle({"resource": patient()}), "entry[0].request"),
    fhir("F33-bsn", 422, "value", bundle(entry(patient(), None, "PUT", f"Patient?identifier={BSN}|111222333")), "entry[0].request.url"),
    fhir("F33-name", 422, "business-rule", bundle(entry(patient(), ifNoneExist="identifier=urn:x|z")), "entry[0].request.ifNoneExist"),
]  # fmt: skip

BAD_INPUT = [*HTTP, *JSON, *BASE_SHAPE, *RULES, *BUNDLES]

TOLERATED = {
    "J14-pair": body(noted_text(r"\ud83d\ude00")),
    "J14-last": body(noted_text("\U0010ffff")),
    "J18-delete": body(noted_text("\x7f\x85\u2028")),
    "J19-decomposed": body(noted_text("Zoe\u0308")),
    "J20-bidi": body(noted_text("\u202ea\u200b")),
    "J24-no-break-space": body(noted_text("a\u00a0b")),
    "J27-other-nine-digits": body(answer(50, author={"type": "Practitioner", "display": "123456789"})),
    "F26-in-other-identifier": body(answer(50, basedOn=[{"identifier": named("https://example.org/order", "111222333")}])),
    "F32-meta": body(answer(50, meta={"versionId": "9", "lastUpdated": "2014-03-03T10:00:00Z"})),
    "F13-largest-offset": body(_dated("2014-03-03T10:00:00+14:00")),
    "M02-whole-day": body(_dated("2014-03-03")),
    "M24-empty": body(without(answer(), "item")),
    "primitive-extension": body(answer(50, _language={"extension": [{"url": "https://example.org/x", "valueCode": "a"}]})),
}
