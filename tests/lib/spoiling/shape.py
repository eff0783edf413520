"""Ways in which the JSON itself is no R4: unknown elements, lists for single values, nothing where something must be."""

from __future__ import annotations

from typing import Any

from tests.lib.builders import PSEUDONYMS, named
from tests.lib.spoiling.draft import Draft, NotApplicable, raw, way


def _elsewhere(name: str, element: str, value: Any) -> None:
    """The root element becomes this."""

    def becomes(draft: Draft) -> None:
        draft.response[element] = value

    becomes.__name__ = name
    way(becomes)


for _name, _element, _value in [
    ("an_unknown_element", "answers", []),
    ("an_unknown_element_with_value", "score", 5),
    ("a_null", "basedOn", None),
    ("an_empty_subject", "subject", {}),
    ("an_empty_meta", "meta", {}),
    ("an_empty_list", "extension", []),
    ("a_list_of_subjects", "subject", [{"identifier": named(PSEUDONYMS, "p1")}]),
    ("a_list_of_identifiers", "identifier", [named(PSEUDONYMS, "a")]),
    ("one_item_without_list", "item", {"linkId": "x"}),
    ("a_text_for_a_reference", "subject", "Patient/1"),
    ("a_number_as_status", "status", 5),
    ("a_bad_id", "id", "a b"),
    ("a_long_id", "id", "a" * 65),
    ("a_bad_language", "language", " "),
    ("an_unknown_language", "language", "xx-klingon"),
    ("an_empty_id", "id", ""),
    ("extensions_of_the_status", "_status", {"extension": [{"url": "https://example.org/x", "valueCode": "a"}]}),
    ("extensions_of_nothing", "_language", {"extension": [{"url": "https://example.org/x", "valueCode": "a"}]}),
    ("an_empty_sibling", "_status", {}),
    ("an_extension_without_address", "extension", [{"valueCode": "a"}]),
    ("an_extension_of_two_minds", "extension", [{"url": "urn:x", "valueCode": "a", "extension": [{"url": "y", "valueCode": "b"}]}]),
    ("an_extension_of_nothing", "extension", [{"url": "urn:x"}]),
    ("two_values_of_an_extension", "extension", [{"url": "urn:x", "valueCode": "a", "valueString": "b"}]),
    ("a_bad_instant", "meta", {"lastUpdated": "2014-03-03"}),
    ("a_reference_of_nothing", "encounter", {"reference": ""}),
    ("a_period_of_nothing", "identifier", {**named(PSEUDONYMS, "a1"), "period": {}}),
    ("a_bad_use", "identifier", {**named(PSEUDONYMS, "a1"), "use": "mine"}),
    ("a_system_that_is_no_address", "identifier", {"system": "a system", "value": "a1"}),
    ("a_period_that_ends_before_it_starts", "identifier", {**named(PSEUDONYMS, "a1"), "period": {"start": "2014-05", "end": "2014-04"}}),
]:  # fmt: skip
    _elsewhere(_name, _element, _value)


@way
def no_linkid(draft: Draft) -> None:
    del draft.one(draft.items()).item["linkId"]


@way
def a_number_as_linkid(draft: Draft) -> None:
    draft.one(draft.items()).item["linkId"] = 1


@way
def an_empty_linkid(draft: Draft) -> None:
    draft.one(draft.items()).item["linkId"] = ""


@way
def an_unknown_element_of_an_item(draft: Draft) -> None:
    draft.one(draft.items()).item["question"] = "What?"


@way
def an_unknown_element_of_an_answer(draft: Draft) -> None:
    draft.one(draft.answers()).answer["value"] = 5


@way
def an_answer_without_list(draft: Draft) -> None:
    one = draft.one(draft.answers())
    one.item["answer"] = one.answer


@way
def an_empty_list_of_answers(draft: Draft) -> None:
    draft.one([one for one in draft.items() if "answer" in one.item]).item["answer"] = []


@way
def an_empty_list_of_items(draft: Draft) -> None:
    draft.one([one for one in draft.items() if "item" in one.item]).item["item"] = []


@way
def an_empty_answer(draft: Draft) -> None:
    one = draft.one(draft.answers())
    one.item["answer"] = [{}]


@way
def a_null_among_the_answers(draft: Draft) -> None:
    draft.one(draft.answers()).item["answer"].append(None)


@way
def a_null_for_a_value(draft: Draft) -> None:
    one = draft.one(draft.answers())
    one.becomes(**{one.name: None})


@way
def an_empty_item(draft: Draft) -> None:
    draft.one(draft.items()).siblings.append({})


@way
def two_values_of_an_answer(draft: Draft) -> None:
    one = draft.one(draft.answers())
    one.answer["valueInteger" if one.name != "valueInteger" else "valueString"] = 1 if one.name != "valueInteger" else "1"


@way
def a_number_in_quotation_marks(draft: Draft) -> None:
    one = draft.one(draft.answers("integer", "decimal"))
    one.becomes(**{one.name: str(one.value)})


@way
def a_truth_in_quotation_marks(draft: Draft) -> None:
    one = draft.one(draft.answers("boolean"))
    one.becomes(valueBoolean=str(one.value).lower())


@way
def a_whole_number_with_a_point(draft: Draft) -> None:
    one = draft.one(draft.answers("integer"))
    one.becomes(valueInteger=raw(f"{one.value}.0"))


@way
def a_number_beyond_32_bits(draft: Draft) -> None:
    draft.one(draft.answers("integer")).becomes(valueInteger=2**31)


@way
def a_number_as_text(draft: Draft) -> None:
    draft.one(draft.answers("string", "text")).becomes(valueString=5)


@way
def a_text_for_a_coding(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if one.name == "valueCoding"])
    one.becomes(valueCoding=one.value.get("code", "a"))


@way
def an_empty_coding(draft: Draft) -> None:
    draft.one([one for one in draft.answers() if one.name == "valueCoding"]).becomes(valueCoding={})


@way
def an_unknown_element_of_a_coding(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if one.name == "valueCoding"])
    one.becomes(valueCoding=one.value | {"value": "x"})


@way
def a_code_with_white_space(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if one.name == "valueCoding"])
    one.becomes(valueCoding=one.value | {"code": " a"})


@way
def a_system_that_is_no_uri(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if one.name == "valueCoding"])
    one.becomes(valueCoding=one.value | {"system": "not a system"})


@way
def bad_base64(draft: Draft) -> None:
    draft.one(draft.answers("attachment")).becomes(valueAttachment={"contentType": "image/png", "data": "AAA"})


@way
def an_unknown_comparator(draft: Draft) -> None:
    one = draft.one(draft.answers("quantity"))
    one.becomes(valueQuantity=one.value | {"comparator": "~"})


@way
def a_comparator(draft: Draft) -> None:
    one = draft.one(draft.answers("quantity"))
    one.becomes(valueQuantity=one.value | {"comparator": "<"})


@way
def a_codeable_concept_for_a_coding(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if one.name == "valueCoding"])
    one.becomes(valueCodeableConcept={"coding": [one.value]})


@way
def another_resource(draft: Draft) -> None:
    if draft.chance.random() < 0.5:
        raise NotApplicable
    draft.response["resourceType"] = "questionnaireResponse"
