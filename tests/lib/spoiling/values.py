"""Ways in which the value of one answer goes wrong."""

from __future__ import annotations

from typing import Any

from tests.lib.filling import UCUM, value
from tests.lib.questionnaires import extension
from tests.lib.spoiling.draft import Draft, Given, NotApplicable, raw, way

SOME: dict[str, Any] = {
    "valueBoolean": True, "valueInteger": 1, "valueDecimal": 1.5, "valueDate": "2014-03-03", "valueDateTime": "2014-03-03T10:00:00Z",
    "valueTime": "10:00:00", "valueString": "beklijf", "valueUri": "https://example.org/a",
    "valueCoding": {"system": "https://example.org/forms/CodeSystem/answers", "code": "a"},
    "valueQuantity": {"value": 5, "unit": "kg", "system": UCUM, "code": "kg"},
    "valueAttachment": {"contentType": "image/png", "data": "AAAA"}, "valueReference": {"reference": "Organization/o1"},
}  # fmt: skip
CODED = ("choice", "open-choice")


def _bounded(draft: Draft, name: str, *types: str) -> Given:
    types = types or ("integer", "decimal", "date", "dateTime", "time", "string", "quantity")
    return draft.one([one for one in draft.answers(*types) if extension(one.spec, name) is not None])


@way
def another_type(draft: Draft) -> None:
    one = draft.one(draft.answers())
    name = draft.chance.choice([name for name in SOME if name != one.name])
    one.becomes(**{name: SOME[name]})


@way
def a_string(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if one.name != "valueString"])
    one.becomes(valueString=str(one.value) if not isinstance(one.value, dict) else one.value.get("code", "a"))


@way
def a_decimal_for_an_integer(draft: Draft) -> None:
    one = draft.one(draft.answers("integer"))
    one.becomes(valueDecimal=one.value)


@way
def an_integer_for_a_decimal(draft: Draft) -> None:
    one = draft.one(draft.answers("decimal"))
    one.becomes(valueInteger=int(one.value))


@way
def an_integer_for_a_code(draft: Draft) -> None:
    draft.one(draft.answers(*CODED)).becomes(valueInteger=1)


@way
def a_date_and_time_for_a_date(draft: Draft) -> None:
    one = draft.one(draft.answers("date"))
    one.becomes(valueDateTime=f"{one.value}T10:00:00Z")


@way
def a_date_for_a_date_and_time(draft: Draft) -> None:
    one = draft.one(draft.answers("dateTime"))
    one.becomes(valueDateTime=one.value[:10])


@way
def a_quantity_for_a_number(draft: Draft) -> None:
    draft.one(draft.answers("integer", "decimal")).becomes(valueQuantity={"value": 5})


@way
def another_code(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers(*CODED) if one.name == "valueCoding"])
    one.becomes(valueCoding=one.value | {"code": "no-such-code"})


@way
def another_option(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers(*CODED) if one.name not in ("valueCoding", "valueString")])
    one.becomes(**{one.name: {"valueInteger": 77, "valueDate": "2013-01-01", "valueTime": "23:00:00"}[one.name]})


@way
def another_word(draft: Draft) -> None:
    draft.one([one for one in draft.answers(*CODED) if one.name == "valueString"]).becomes(valueString="neither")


@way
def another_system(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers(*CODED) if one.name == "valueCoding"])
    one.becomes(valueCoding=one.value | {"system": "https://example.org/other"})


@way
def no_system(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers(*CODED) if one.name == "valueCoding" and "system" in one.value])
    one.becomes(valueCoding={"code": one.value["code"]})


@way
def a_display_only(draft: Draft) -> None:
    draft.one([one for one in draft.answers(*CODED) if one.name == "valueCoding"]).becomes(valueCoding={"display": "Often"})


@way
def another_display(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers(*CODED) if one.name == "valueCoding"])
    one.becomes(valueCoding=one.value | {"display": "What a site calls it"})


@way
def user_selected(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers(*CODED) if one.name == "valueCoding"])
    one.becomes(valueCoding=one.value | {"userSelected": True, "version": "1"})


@way
def in_own_words(draft: Draft) -> None:
    draft.one(draft.answers(*CODED)).becomes(valueString="in my own words")


@way
def the_other_case(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers(*CODED) if one.name == "valueCoding" and one.value["code"] != one.value["code"].upper()])
    one.becomes(valueCoding=one.value | {"code": one.value["code"].upper()})


@way
def below_the_least(draft: Draft) -> None:
    one = _bounded(draft, "minValue")
    least = extension(one.spec, "minValue")
    one.becomes(**{one.name: {"valueDate": "2013-12-31", "valueDateTime": "2014-02-28T23:00:00Z", "valueTime": "08:59:59"}[one.name]
                   if isinstance(least, str) else least - 1})  # fmt: skip


@way
def above_the_greatest(draft: Draft) -> None:
    one = _bounded(draft, "maxValue")
    most = extension(one.spec, "maxValue")
    one.becomes(**{one.name: {"valueDate": "2015-01-01", "valueDateTime": "2014-04-01T00:00:00Z", "valueTime": "17:00:01"}[one.name]
                   if isinstance(most, str) else most + 1})  # fmt: skip


@way
def at_the_least(draft: Draft) -> None:
    one = _bounded(draft, "minValue")
    one.becomes(**{one.name: extension(one.spec, "minValue")})


@way
def at_the_greatest(draft: Draft) -> None:
    one = _bounded(draft, "maxValue")
    one.becomes(**{one.name: extension(one.spec, "maxValue")})


@way
def less_than_a_whole_date(draft: Draft) -> None:
    one = draft.one(draft.answers("date", "dateTime"))
    one.becomes(**{one.name: draft.chance.choice(["2014", "2014-03"])})


@way
def a_year_where_the_least_is_an_instant(draft: Draft) -> None:
    _bounded(draft, "minValue", "dateTime").becomes(valueDateTime="2014")


@way
def a_day_that_does_not_exist(draft: Draft) -> None:
    one = draft.one(draft.answers("date", "dateTime"))
    one.becomes(**{one.name: draft.chance.choice(["2014-02-30", "2014-13-01", "0000-01-01", "20140303"])})


@way
def a_time_without_zone(draft: Draft) -> None:
    draft.one(draft.answers("dateTime")).becomes(valueDateTime="2014-03-03T10:00:00")


@way
def a_time_that_does_not_exist(draft: Draft) -> None:
    draft.one(draft.answers("time")).becomes(valueTime=draft.chance.choice(["24:00:00", "10:00", "10:00:00Z", "10:61:00"]))


@way
def too_great_a_quantity(draft: Draft) -> None:
    one = _bounded(draft, "sdc-questionnaire-maxQuantity")
    one.becomes(valueQuantity=one.value | {"value": 1000})


@way
def too_small_a_quantity(draft: Draft) -> None:
    one = _bounded(draft, "sdc-questionnaire-minQuantity")
    one.becomes(valueQuantity=one.value | {"value": 0.1})


@way
def another_unit(draft: Draft) -> None:
    one = draft.one(draft.answers("quantity"))
    one.becomes(valueQuantity=one.value | {"unit": "lb", "code": "[lb_av]"})


@way
def no_unit(draft: Draft) -> None:
    one = draft.one(draft.answers("quantity"))
    one.becomes(valueQuantity={"value": one.value["value"]})


@way
def a_quantity_without_value(draft: Draft) -> None:
    one = draft.one(draft.answers("quantity"))
    one.becomes(valueQuantity={key: part for key, part in one.value.items() if key != "value"})


@way
def a_unit_code_without_system(draft: Draft) -> None:
    one = draft.one(draft.answers("quantity"))
    one.becomes(valueQuantity={"value": one.value["value"], "code": "kg"})


@way
def more_decimals_than_allowed(draft: Draft) -> None:
    one = _bounded(draft, "maxDecimalPlaces", "decimal")
    one.becomes(valueDecimal=raw("1." + "5" * (extension(one.spec, "maxDecimalPlaces") + 1)))


@way
def as_many_decimals_as_allowed(draft: Draft) -> None:
    one = _bounded(draft, "maxDecimalPlaces", "decimal")
    one.becomes(valueDecimal=raw(("1." + "5" * extension(one.spec, "maxDecimalPlaces")).rstrip(".")))


@way
def decimals_of_nought(draft: Draft) -> None:
    one = draft.one(draft.answers("decimal"))
    one.becomes(valueDecimal=raw(draft.chance.choice(["1.000", "10.0", "1.50"])))


@way
def an_exponent(draft: Draft) -> None:
    one = draft.one(draft.answers("decimal"))
    one.becomes(valueDecimal=raw(draft.chance.choice(["1e0", "15e-1", "1.5E+0"])))


@way
def as_long_as_allowed(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers("string", "text", "url") if "maxLength" in one.spec])
    one.becomes(**{one.name: "urn:x:".ljust(one.spec["maxLength"], "x")})


@way
def longer_than_allowed(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers("string", "text", "url") if "maxLength" in one.spec])
    one.becomes(**{one.name: "urn:x:".ljust(one.spec["maxLength"] + 1, "x")})


@way
def letters_of_two_halves(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers("string", "text") if "maxLength" in one.spec])
    one.becomes(valueString="\U0001f600" * (one.spec["maxLength"] // 2 + 1))


@way
def shorter_than_allowed(draft: Draft) -> None:
    _bounded(draft, "minLength").becomes(valueString="ab")


@way
def against_the_pattern(draft: Draft) -> None:
    _bounded(draft, "regex").becomes(valueString=draft.chance.choice(["0123 AB", "3511 ABC", "x3511 AB", "3511"]))


@way
def too_large_a_picture(draft: Draft) -> None:
    one = _bounded(draft, "maxSize", "attachment")
    one.becomes(valueAttachment={"contentType": "image/png", "data": "AAAA" * 40_000})


@way
def another_kind_of_picture(draft: Draft) -> None:
    draft.one(draft.answers("attachment")).becomes(valueAttachment={"contentType": "image/jpeg", "data": "AAAA"})


@way
def a_picture_of_drawing_commands(draft: Draft) -> None:
    draft.one(draft.answers("attachment")).becomes(valueAttachment={"contentType": "image/svg+xml", "data": "AAAA"})


@way
def an_empty_string(draft: Draft) -> None:
    draft.one(draft.answers("string", "text")).becomes(valueString=draft.chance.choice(["", " ", "\n"]))


@way
def white_space_around(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers("string", "text") if not extension(one.spec, "regex")])
    one.becomes(valueString=" a ")


@way
def the_exclusive_option_beside_another(draft: Draft) -> None:
    options = [one for one in draft.answers(*CODED) if len(one.spec.get("answerOption", [])) > 3 and one.spec.get("repeats")]
    one = draft.one(options)
    one.item["answer"].append({"valueCoding": one.spec["answerOption"][3]["valueCoding"]})


@way
def the_exclusive_option_alone(draft: Draft) -> None:
    options = [one for one in draft.answers(*CODED) if len(one.spec.get("answerOption", [])) > 3 and one.spec.get("repeats")]
    one = draft.one(options)
    one.item["answer"] = [{"valueCoding": one.spec["answerOption"][3]["valueCoding"]}]


@way
def one_more_answer(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if not one.spec.get("repeats")])
    one.item["answer"].append(value(draft.form, one.spec, draft.chance))


@way
def the_same_answer_twice(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if one.spec.get("repeats") and "item" not in one.answer])
    one.item["answer"].append({one.name: one.value})


@way
def more_answers_than_allowed(draft: Draft) -> None:
    one = _bounded(draft, "questionnaire-maxOccurs")
    one.item["answer"] = [{"valueInteger": number} for number in range(4)]


@way
def fewer_answers_than_asked(draft: Draft) -> None:
    one = _bounded(draft, "questionnaire-minOccurs")
    one.item["answer"] = [{"valueInteger": 1}]


@way
def a_reason_instead_of_a_value(draft: Draft) -> None:
    one = draft.one(draft.answers("integer", "string", "date", "boolean", "decimal"))
    reason = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "asked-declined"}
    one.becomes(**{"_" + one.name: {"extension": [reason]}})


@way
def an_extension_instead_of_a_value(draft: Draft) -> None:
    one = draft.one([one for one in draft.answers() if "item" not in one.answer])
    one.becomes(extension=[{"url": "https://example.org/StructureDefinition/why", "valueString": "no wish"}])


@way
def another_total(draft: Draft) -> None:
    draft.one([one for one in draft.answers("integer") if one.spec.get("readOnly")]).becomes(valueInteger=99)


@way
def another_fixed_value(draft: Draft) -> None:
    draft.one([one for one in draft.answers("string") if one.spec.get("readOnly")]).becomes(valueString="protocol 8")


@way
def of_another_organisation(draft: Draft) -> None:
    one = draft.one(draft.answers("reference"))
    if one.name != "valueReference":
        raise NotApplicable
    one.becomes(valueReference={"display": "A clinic"})
