"""A form of a hospital's own becomes ours: items, values, units, order; and every problem is told of what the hospital sent."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from beklijf_domain import mapping as definition
from beklijf_domain.document import ContractError, Document
from beklijf_intake import fhir, front_door
from beklijf_intake.domain.mapping import apply, compile_mapping, compiled
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.submission import AnswersStated, AnswerValue
from beklijf_shared import contracts
from tests.lib.builders import PSEUDONYMS
from tests.lib.reading import ORGANISATION, context

THEIRS = "https://ehr.example/forms/pain"
PAIN = f"""
code = "north-pain"
version = "2"
organisations = ["{ORGANISATION}"]
questionnaire = "{THEIRS}"
versions = ["7", ""]
to = "https://w3id.org/beklijf/fhir/Questionnaire/vas-pain|1.0.0"
moment = "t1"
ignored = ["remarks"]

[items.vas-pain]
link = "PAIN_CM"
scale = "10"
unit = "cm"
"""
CHANGE = f"""
code = "north-change"
version = "1"
organisations = ["{ORGANISATION}"]
questionnaire = "{THEIRS}-change"
versions = ["1"]
to = "https://w3id.org/beklijf/fhir/Questionnaire/gpe-6|1.0.0"

[items.gpe-6]
link = "Q7"
[items.gpe-6.values]
"1" = "much-better"
"better" = "slightly-better"
"https://ehr.example/codes|3" = "slightly-worse"
"""


def mapping_of(text: str) -> definition.FormMapping:
    found = definition.read(Document("test.toml", tomllib.loads(text)))
    contracts.check_mapping(found, contracts.load())
    return found


def read(text: str, items: list[dict[str, Any]], version: str = "|7", **more: Any) -> AnswersStated:
    """What intake reads of such a response."""
    mapping, known = mapping_of(text), contracts.load()
    resource = {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": "https://ehr.example/answers", "value": "a1"},
        "questionnaire": f"{mapping.questionnaire}{version}",
        "status": "completed",
        "subject": {"identifier": {"system": PSEUDONYMS, "value": "p1"}},
        "authored": "2014-03-03T10:00:00+01:00",
        "item": items,
        **more,
    }
    body = fhir.canonical(resource)
    at = replace(context(), mappings=compiled({mapping.code: mapping}, known.questionnaires))
    found = fhir.read(front_door.parse(body), body, at)
    assert isinstance(found, AnswersStated)
    assert found.received.body == body  # as it came
    return found


def refusals(text: str, items: list[dict[str, Any]], version: str = "|7") -> list[tuple[str | None, str]]:
    with pytest.raises(Refused) as raised:
        read(text, items, version)
    return [(problem.expression, problem.sentence) for problem in raised.value.problems]


def pain(**answer: Any) -> list[dict[str, Any]]:
    """Their form: a heading with the question in it, and remarks before it."""
    return [
        {"linkId": "remarks", "answer": [{"valueString": "tired"}]},
        {"linkId": "heading", "item": [{"linkId": "PAIN_CM", "text": "Pijn", "answer": [answer]}]},
    ]


@pytest.mark.parametrize(
    ("answer", "integer"),
    [
        ({"valueDecimal": 6.5}, 65),
        ({"valueInteger": 7}, 70),
        ({"valueQuantity": {"value": 6.5, "unit": "cm"}}, 65),
        ({"valueQuantity": {"value": 10, "code": "cm", "system": "http://unitsofmeasure.org"}}, 100),
    ],
)
def test_centimetres_become_millimetres_exactly(answer: dict[str, Any], integer: int) -> None:
    found = read(PAIN, pain(**answer))

    assert found.answers == (AnswerValue("vas-pain", integer=integer),)
    assert (found.questionnaire.rsplit("/", 1)[1], found.questionnaire_version) == ("vas-pain", "1.0.0")
    assert (found.mapping, found.stated_moment) == ("north-pain@2", "t1")


def test_an_answer_may_say_its_moment_itself_and_leave_out_its_version() -> None:
    stated = [{"url": "https://w3id.org/beklijf/fhir/StructureDefinition/measurement-moment", "valueCode": "t2"}]

    assert read(PAIN, pain(valueInteger=1), version="", extension=stated).stated_moment == "t2"


WHERE = "QuestionnaireResponse.item[1].item[0].answer[0].value"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"valueDecimal": 6.55}, "In our unit this is no whole number. (mapping north-pain@2)"),
        ({"valueQuantity": {"value": 6.5, "unit": "mm"}}, "The unit must be cm. (mapping north-pain@2)"),
        ({"valueString": "6,5"}, "A number or a quantity is expected. (mapping north-pain@2)"),
        ({"valueBoolean": True}, "A number or a quantity is expected. (mapping north-pain@2)"),
    ],
)
def test_what_cannot_be_mapped_is_told_where_it_stands(answer: dict[str, Any], sentence: str) -> None:
    assert refusals(PAIN, pain(**answer)) == [(WHERE, sentence)]


def test_what_our_own_check_finds_is_told_of_the_hospitals_item() -> None:
    ((expression, _),) = refusals(PAIN, pain(valueInteger=11))

    assert expression is not None
    assert expression.startswith(WHERE)


def test_an_answer_that_nobody_mapped_is_refused_and_never_dropped() -> None:
    more = [*pain(valueInteger=5), {"linkId": "new", "answer": [{"valueInteger": 3}]}]

    assert refusals(PAIN, more) == [
        (
            "QuestionnaireResponse.item[2].linkId",
            "This item has an answer, and mapping north-pain@2 neither maps it nor lists it as ignored.",
        )
    ]


def test_an_item_given_twice_is_refused() -> None:
    ((expression, sentence),) = refusals(PAIN, pain(valueInteger=5) + pain(valueInteger=6)[1:])

    assert (expression, sentence) == (
        "QuestionnaireResponse.item[2].item[0].linkId",
        "This item is given twice, and its mapping takes it once.",
    )


def test_another_version_or_organisation_is_not_mapped() -> None:
    ((expression, sentence),) = refusals(PAIN, pain(valueInteger=5), version="|8")

    assert expression == "QuestionnaireResponse.questionnaire"
    assert "not known here" in sentence


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"valueInteger": 1}, "much-better"),
        ({"valueString": " better "}, "slightly-better"),
        ({"valueCoding": {"code": "better"}}, "slightly-better"),
        ({"valueCoding": {"system": "https://ehr.example/codes", "code": "3"}}, "slightly-worse"),
    ],
)
def test_values_become_our_codings(answer: dict[str, Any], code: str) -> None:
    assert read(CHANGE, [{"linkId": "Q7", "answer": [answer]}], "|1").answers == (AnswerValue("gpe-6", code=code),)


def test_a_value_outside_the_map_is_refused() -> None:
    other = {"valueCoding": {"system": "https://other.example", "code": "3"}}

    assert refusals(CHANGE, [{"linkId": "Q7", "answer": [other]}], "|1") == [
        ("QuestionnaireResponse.item[0].answer[0].value", "This answer stands in no line of the value map. (mapping north-change@1)")
    ]


def test_order_and_groups_become_ours() -> None:
    questionnaire = {
        "item": [
            {"linkId": "g", "type": "group", "item": [{"linkId": "a", "type": "integer"}, {"linkId": "b", "type": "decimal"}]},
            {"linkId": "c", "type": "boolean", "item": [{"linkId": "d", "type": "string"}]},
        ]
    }
    links = "".join(f'[items.{ours}]\nlink = "{ours.upper()}"\n' for ours in "abcd")
    text = f'code = "x"\nversion = "1"\norganisations = ["1"]\nquestionnaire = "q"\nversions = ["1"]\nto = "u|1"\n{links}'
    mapper = compile_mapping(definition.read(Document("x.toml", tomllib.loads(text))), questionnaire)
    theirs = [
        ("D", {"valueString": "x"}),
        ("C", {"valueBoolean": True}),
        ("B", {"valueDecimal": Decimal("1.5")}),
        ("A", {"valueInteger": 2}),
    ]

    mapped = apply(mapper, {"item": [{"linkId": link, "answer": [answer]} for link, answer in theirs]})

    assert mapped.problems == []
    assert mapped.response["item"] == [
        {
            "linkId": "g",
            "item": [{"linkId": "a", "answer": [{"valueInteger": 2}]}, {"linkId": "b", "answer": [{"valueDecimal": Decimal("1.5")}]}],
        },
        {"linkId": "c", "answer": [{"valueBoolean": True, "item": [{"linkId": "d", "answer": [{"valueString": "x"}]}]}]},
    ]
    assert mapped.places["item[1].answer[0].item[0].answer[0]"] == "item[0].answer[0]"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("vas-pain|1.0.0", "vas-pain", "test.toml: to: must name the version too"),
        (
            "vas-pain|1.0.0",
            "vas-pain|9",
            "mappings/north-pain: to: no Questionnaire https://w3id.org/beklijf/fhir/Questionnaire/vas-pain|9 is here",
        ),
        ("[items.vas-pain]", "[items.vas]", "mappings/north-pain: items.vas: our Questionnaire has no question with this linkId"),
        ('moment = "t1"', 'moment = "t77"', "mappings/north-pain: moment: 't77' is known to no protocol"),
        ('"remarks"', '"PAIN_CM"', "test.toml: ignored: 'PAIN_CM' is mapped too"),
        ('scale = "10"', 'scale = "0"', "test.toml: items.vas-pain.scale: must be greater than zero"),
        ('scale = "10"', 'scal = "10"', "test.toml: items.vas-pain.scal: is not a key that is known here"),
    ],
)
def test_a_mapping_that_cannot_hold_names_file_and_key(old: str, new: str, error: str) -> None:
    with pytest.raises(ContractError) as raised:
        mapping_of(PAIN.replace(old, new))

    assert error in str(raised.value)


def test_all_that_is_wrong_with_a_mapping_is_said_at_once() -> None:
    spoilt = PAIN.replace('scale = "10"', 'scale = "0"').replace('"remarks"', '"PAIN_CM"').replace("code =", 'colour = "red"\ncode =', 1)

    with pytest.raises(ContractError) as raised:
        mapping_of(spoilt)

    assert raised.value.faults == (
        "test.toml: items.vas-pain.scale: must be greater than zero",
        "test.toml: ignored: 'PAIN_CM' is mapped too",
        "test.toml: colour: is not a key that is known here",
    )


def test_a_code_that_our_form_does_not_have_is_named() -> None:
    with pytest.raises(ContractError, match=r"mappings/north-change: items.gpe-6.values.1: 'splendid' is not one of"):
        mapping_of(CHANGE.replace("much-better", "splendid"))
