"""The walk over base FHIR R4: all problems together, each with its place."""

from __future__ import annotations

from typing import Any

import pytest

from beklijf_intake import fhir
from tests.lib import builders


def problems(resource: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.expression) for problem in fhir.check_shape(resource)]


@pytest.mark.parametrize(
    "resource",
    [
        builders.patient(),
        builders.episode(ended="2014-05-01"),
        builders.consent(episode="e1"),
        builders.vas("a", 50, authored="2014-03-03", episode="e1", moment="t0"),
        builders.qbpds("a", 50, authored="2014-03-03"),
        {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"resource": {"any": "thing"}, "request": {"method": "POST", "url": "Patient"}}],
        },
    ],
    ids=lambda resource: resource["resourceType"],
)
def test_well_formed_resources_have_no_problems(resource: dict[str, Any]) -> None:
    assert problems(resource) == []


def test_all_problems_are_told_together() -> None:
    resource = builders.episode(status="begun", foo=1, patient="p1") | {
        "type": [{"coding": [{"system": "a b", "code": "x", "userSelected": "no"}]}]
    }

    assert problems(resource) == [
        ("code-invalid", "EpisodeOfCare.status"),
        ("value", "EpisodeOfCare.type[0].coding[0].system"),
        ("value", "EpisodeOfCare.type[0].coding[0].userSelected"),
        ("structure", "EpisodeOfCare.patient"),
        ("structure", "EpisodeOfCare.foo"),
    ]


def test_cardinality_goes_both_ways() -> None:
    assert problems(builders.patient(identifier={"value": "x"})) == [("structure", "Patient.identifier")]
    assert problems(builders.patient(gender=["female"])) == [("value", "Patient.gender")]
    assert problems({"resourceType": "EpisodeOfCare", "id": "x"}) == [
        ("required", "EpisodeOfCare.patient"),
        ("required", "EpisodeOfCare.status"),
    ]


def test_two_groups_of_choices_do_not_disturb_each_other() -> None:
    both = builders.patient(deceasedBoolean=False, multipleBirthInteger=2)
    twice = builders.patient(deceasedBoolean=False, deceasedDateTime="2014")

    assert problems(both) == []
    assert problems(twice) == [("structure", "Patient.deceased")]


def test_extensions_of_primitives() -> None:
    extension = {"extension": [{"url": "https://example.org/x", "valueCode": "a"}]}

    assert problems(builders.patient(_birthDate=extension)) == []
    assert problems(builders.patient(_birthDate={"extension": []})) == [("structure", "Patient.birthDate.extension")]
    assert problems(builders.patient(_birthDate={"value": 1})) == [("structure", "Patient.birthDate.value")]
    assert problems(builders.patient(_foo=extension)) == [("structure", "Patient._foo")]


def test_null_stands_only_where_the_other_array_has_something() -> None:
    extension = {"extension": [{"url": "https://example.org/x", "valueCode": "a"}]}
    paired = builders.patient(name=[{"given": [None, "b"], "_given": [extension, None]}])
    alone = builders.patient(name=[{"given": [None, "b"]}])

    assert problems(paired) == []
    assert problems(alone) == [("value", "Patient.name[0].given[0]")]


def test_names_that_may_identify_someone_are_not_repeated() -> None:
    found = fhir.check_shape(builders.patient(**{"jansen 1970": 1, "a123456782": 1}))

    assert [problem.expression for problem in found] == ["Patient", "Patient"]
    assert not any("jansen" in problem.sentence or "1234" in problem.sentence for problem in found)


def test_contained_resources_are_few_flat_and_of_known_kinds() -> None:
    def answer(*contained: dict[str, Any]) -> list[tuple[str, str | None]]:
        return problems(builders.vas("a", 50, authored="2014-03-03", contained=list(contained)))

    assert answer({"resourceType": "Organization", "id": "o", "name": "Clinic"}) == []
    assert answer({"resourceType": "Organization", "id": "o", "contained": [{}]}) == [("structure", "QuestionnaireResponse.contained[0]")]
    assert answer({"resourceType": "Organization", "name": "Clinic"}) == [("required", "QuestionnaireResponse.contained[0].id")]
    assert answer({"resourceType": "Organization", "id": "o", "foo": 1}) == [("structure", "QuestionnaireResponse.contained[0].foo")]
    assert answer({"resourceType": "Patient", "id": "p"}) == [("not-supported", "QuestionnaireResponse.contained[0]")]
    assert answer({"id": "p"}) == [("structure", "QuestionnaireResponse.contained[0]")]


def test_a_flood_of_problems_is_cut_off() -> None:
    resource = builders.vas("a", 50, authored="2014-03-03") | {"item": [{"linkId": ""}] * 5_000}

    assert len(problems(resource)) == 200


def test_types_that_r4_does_not_have_are_unknown() -> None:
    extension = [{"url": "https://example.org/x", "valueCodeableReference": {"reference": {"reference": "Patient/1"}}}]

    assert ("structure", "Patient.extension[0].valueCodeableReference") in problems(builders.patient(extension=extension))
