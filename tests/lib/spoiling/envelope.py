"""Ways in which what surrounds the items goes wrong: status, dates, references, the Questionnaire named, extensions."""

from __future__ import annotations

from tests.lib.builders import named
from tests.lib.spoiling.draft import Draft, way

XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
UNKNOWN = {"url": "https://example.org/StructureDefinition/unknown", "valueString": "x"}


def _status(status: str) -> None:
    def becomes(draft: Draft) -> None:
        draft.response["status"] = status

    becomes.__name__ = f"status_{status.replace('-', '_')}"
    way(becomes)


for _one in ("in-progress", "amended", "entered-in-error", "stopped", "final", "Completed"):
    _status(_one)


@way
def no_status(draft: Draft) -> None:
    del draft.response["status"]


@way
def an_unknown_questionnaire(draft: Draft) -> None:
    draft.response["questionnaire"] = "https://example.org/forms/Questionnaire/no-such-form|1.0.0"


@way
def another_version(draft: Draft) -> None:
    draft.response["questionnaire"] = f"{draft.form['url']}|9.9.9"


@way
def no_version(draft: Draft) -> None:
    draft.response["questionnaire"] = draft.form["url"]


@way
def a_fragment_of_a_questionnaire(draft: Draft) -> None:
    draft.response["questionnaire"] += "#part"


@way
def a_contained_questionnaire(draft: Draft) -> None:
    draft.response["questionnaire"] = "#q"
    draft.response["contained"] = [{"resourceType": "Questionnaire", "id": "q", "status": "active"}]


@way
def no_questionnaire(draft: Draft) -> None:
    del draft.response["questionnaire"]


@way
def no_subject(draft: Draft) -> None:
    del draft.response["subject"]


@way
def another_kind_of_subject(draft: Draft) -> None:
    draft.response["subject"] = {"type": "Organization", "identifier": named("https://example.org/organisation", "o1")}


@way
def a_subject_by_reference(draft: Draft) -> None:
    draft.response["subject"] = {"reference": "Patient/3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a01"}


@way
def no_identifier(draft: Draft) -> None:
    del draft.response["identifier"]


@way
def an_identifier_without_system(draft: Draft) -> None:
    draft.response["identifier"] = {"value": "a1"}


@way
def not_authored(draft: Draft) -> None:
    del draft.response["authored"]


def _authored(name: str, text: str) -> None:
    def becomes(draft: Draft) -> None:
        draft.response["authored"] = text

    becomes.__name__ = name
    way(becomes)


for _name, _text in {
    "authored_on_a_day": "2014-03-03", "authored_in_a_month": "2014-03", "authored_without_zone": "2014-03-03T10:00:00",
    "authored_on_a_day_that_does_not_exist": "2014-02-30T10:00:00Z", "authored_in_the_future": "2099-01-01T10:00:00Z",
    "authored_without_seconds": "2014-03-03T10:00Z", "authored_long_ago": "1799-01-01T10:00:00Z",
    "authored_far_away": "2014-03-03T10:00:00+15:00",
}.items():  # fmt: skip
    _authored(_name, _text)


@way
def a_practitioner_as_author(draft: Draft) -> None:
    draft.response["author"] = {"type": "Practitioner", "identifier": named("http://fhir.nl/fhir/NamingSystem/agb-z", "01020304")}


@way
def a_name_of_the_source(draft: Draft) -> None:
    draft.response["source"] = {"type": "Patient", "display": "A. Nonymous"}


@way
def an_author_that_cannot_be(draft: Draft) -> None:
    draft.response["author"] = {"reference": "Medication/m1"}


@way
def an_encounter_and_what_it_is_based_on(draft: Draft) -> None:
    draft.response["encounter"] = {"identifier": named("https://example.org/encounter", "n1")}
    draft.response["basedOn"] = [{"type": "CarePlan", "identifier": named("https://example.org/plan", "c1")}]


@way
def an_unknown_extension(draft: Draft) -> None:
    draft.response["extension"] = [UNKNOWN]


@way
def an_unknown_extension_of_an_item(draft: Draft) -> None:
    draft.one(draft.items()).item["extension"] = [UNKNOWN]


@way
def an_unknown_extension_of_an_answer(draft: Draft) -> None:
    draft.one(draft.answers()).answer["extension"] = [UNKNOWN]


@way
def a_modifier_extension(draft: Draft) -> None:
    draft.response["modifierExtension"] = [UNKNOWN]


@way
def a_modifier_extension_of_an_item(draft: Draft) -> None:
    draft.one(draft.items()).item["modifierExtension"] = [UNKNOWN]


@way
def implicit_rules(draft: Draft) -> None:
    draft.response["implicitRules"] = "https://example.org/rules"


@way
def a_contained_resource_that_nothing_refers_to(draft: Draft) -> None:
    draft.response["contained"] = [{"resourceType": "Organization", "id": "o", "name": "A hospital"}]


@way
def a_contained_author(draft: Draft) -> None:
    draft.response["contained"] = [{"resourceType": "Practitioner", "id": "p", "active": True}]
    draft.response["author"] = {"reference": "#p"}


@way
def a_contained_patient(draft: Draft) -> None:
    draft.response["contained"] = [{"resourceType": "Patient", "id": "p", "name": [{"family": "Nonymous"}]}]
    draft.response["source"] = {"reference": "#p"}


@way
def a_contained_resource_without_id(draft: Draft) -> None:
    draft.response["contained"] = [{"resourceType": "Organization", "name": "A hospital"}]


@way
def a_reference_to_nothing_contained(draft: Draft) -> None:
    draft.response["author"] = {"reference": "#nobody"}


@way
def an_unknown_profile(draft: Draft) -> None:
    draft.response["meta"] = {"profile": ["https://example.org/StructureDefinition/answers"]}


@way
def a_security_label(draft: Draft) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    draft.response["meta"] = {"security": [label], "versionId": "7", "source": "urn:x:y"}


@way
def a_narrative(draft: Draft) -> None:
    draft.response["text"] = {"status": "generated", "div": XHTML.format("<p>Twenty answers</p>")}


@way
def a_narrative_with_a_script(draft: Draft) -> None:
    hostile = draft.chance.choice(["<script>1</script>", '<p onclick="x">a</p>', '<img src="https://example.org/a.png"/>', "<p>a"])
    draft.response["text"] = {"status": "generated", "div": XHTML.format(hostile)}


@way
def a_narrative_without_words(draft: Draft) -> None:
    draft.response["text"] = {"status": "generated", "div": XHTML.format(" ")}
