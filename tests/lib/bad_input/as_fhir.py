"""Bodies that break base R4, the Questionnaire, a rule of the registry, or the order of a Bundle (F01 to F40)."""

from __future__ import annotations

from dataclasses import replace

from tests.lib.bad_input.case import (
    BSN,
    ONE,
    TWO,
    WHEN,
    XHTML,
    Resource,
    answer,
    bundle,
    entry,
    fhir,
    narrative,
    replaced_by,
    without,
)
from tests.lib.builders import BASE, MOMENT, PSEUDONYMS, URA, consent, episode, named, patient, qbpds

_VALUE = "item[0].answer[0].value"
_REFERENCE = "subject.reference"


def dated(when: str) -> Resource:
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
    *(fhir(f"F09-{n}", 400, "value", dated(w), "authored") for n, w in enumerate(["2014-03-03T10:00:00", "2014-03-03T10:00Z"])),
    *(
        fhir(f"F10-{n}", 400, "value", dated(w), "authored")
        for n, w in enumerate(["20140303", "2014-W10", "2014-03-03 10:00", "2014-03-03T10:00:00,5Z"])
    ),
    *(fhir(f"F11-{n}", 400, "value", dated(w), "authored") for n, w in enumerate(["2014-02-30", "2013-02-29", "0000-01-01"])),
    *(
        fhir(f"F12-{n}", 400, "value", dated(w), "authored")
        for n, w in enumerate(["2014-03-03T23:59:60Z", "2014-03-03T24:00:00Z"])
    ),
    *(
        fhir(f"F13-{n}", 400, "value", dated(w), "authored")
        for n, w in enumerate(["2014-03-03T10:00:00+16:00", "2014-03-03T10:00:00-00:00"])
    ),
    fhir("F14-year-20000", 400, "value", dated("20000-01-01T00:00:00Z"), "authored"),
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
    *(fhir(f"F14-future-{n}", 422, "business-rule", dated(w), "authored") for n, w in enumerate(["9999-01-01T00:00:00Z", "9998-12-31"])),
    *(fhir(f"M02-{n}", 422, "business-rule", dated(w), "authored") for n, w in enumerate(["2014", "2014-03"])),
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
