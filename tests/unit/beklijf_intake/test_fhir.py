"""Resources read into submissions (design, section 3b; M2, M5, M10, M11, M14)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from beklijf_intake import fhir, front_door
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.submission import (
    AnswersStated,
    AnswerValue,
    ConsentStated,
    EpisodeStated,
    Name,
    PatientStated,
    Reference,
    Submission,
)
from tests.lib import builders
from tests.lib.builders import MOMENT, PSEUDONYMS, URA, consent, episode, named, patient, qbpds, vas
from tests.lib.reading import NOW, ORGANISATION, context

WHEN = "2014-03-03T10:00:00+01:00"
P1 = Reference(name=Name(PSEUDONYMS, "p1"))


def read(resource: dict[str, Any], **how: str) -> Submission:
    body = json.dumps(resource).encode()
    return fhir.read(front_door.parse(body), body, context(), **how)


def refused(resource: dict[str, Any], **how: str) -> list[tuple[int, str, str | None]]:
    with pytest.raises(Refused) as error:
        read(resource, **how)
    return [(problem.status, problem.code, problem.expression) for problem in error.value.problems]


def test_a_patient() -> None:
    stated = read(patient(gender="female", born="1970-05-04", meta={"lastUpdated": "2020-01-01T00:00:00+01:00"}))

    assert isinstance(stated, PatientStated)
    assert stated.received.name == Name(PSEUDONYMS, "p1")
    assert stated.received.stated_at == datetime(2019, 12, 31, 23, 0, tzinfo=UTC)
    assert (stated.sex, stated.birth_year, stated.deceased, stated.deceased_on, stated.replaced_by) == ("female", 1970, False, None, None)


def test_a_patient_of_whom_little_is_known() -> None:
    stated = read({"resourceType": "Patient", "identifier": [named(PSEUDONYMS, "p1")]})

    assert isinstance(stated, PatientStated)
    assert (stated.sex, stated.birth_year) == ("unknown", None)


@pytest.mark.parametrize(
    ("deceased", "expected"),
    [
        ({"deceasedBoolean": False}, (False, None)),
        ({"deceasedBoolean": True}, (True, None)),
        ({"deceasedDateTime": "2015-01-02"}, (True, date(2015, 1, 2))),
        ({"deceasedDateTime": "2015-01-01T23:30:00Z"}, (True, date(2015, 1, 2))),
    ],
)
def test_deceased(deceased: dict[str, Any], expected: tuple[bool, date | None]) -> None:
    stated = read(patient(**deceased))

    assert isinstance(stated, PatientStated)
    assert (stated.deceased, stated.deceased_on) == expected


def test_a_death_without_a_day_or_in_the_future_is_refused() -> None:
    assert refused(patient(deceasedDateTime="2015")) == [(422, "value", "Patient.deceased")]
    assert refused(patient(deceasedDateTime="2026-11-23")) == [(422, "business-rule", "Patient.deceased")]
    assert refused(patient(born="2027")) == [(422, "business-rule", "Patient.birthDate")]


def test_a_patient_replaced_by_another() -> None:
    other = {"identifier": named(PSEUDONYMS, "p2")}
    links = [{"type": "seealso", "other": {"reference": "Patient/x"}}, {"type": "replaced-by", "other": other}]

    stated = read(patient(link=links))

    assert isinstance(stated, PatientStated)
    assert stated.replaced_by == Reference(name=Name(PSEUDONYMS, "p2"))
    assert refused(patient(link=[links[1], links[1]])) == [(422, "business-rule", "Patient.link")]


def test_an_episode() -> None:
    stated = read(
        episode(
            t0="2014-03-03T23:30:00Z", ended="2014-05-01", status="finished", managingOrganization={"identifier": named(URA, ORGANISATION)}
        )
    )

    assert isinstance(stated, EpisodeStated)
    assert (stated.patient, stated.programme, stated.status) == (P1, "imsr", "finished")
    assert (stated.t0, stated.ended) == (date(2014, 3, 4), date(2014, 5, 1))


def test_an_episode_ends_after_it_began_and_has_one_programme() -> None:
    other = {"coding": [{"system": "https://example.org/programme", "code": "x"}]}
    twice = episode() | {"type": episode()["type"] * 2}

    assert refused(episode(ended="2014-03-02")) == [(400, "invariant", "EpisodeOfCare.period")]
    assert refused(episode(t0="2014-03")) == [(422, "value", "EpisodeOfCare.period.start")]
    assert refused(twice) == [(422, "business-rule", "EpisodeOfCare.type")]
    assert refused(episode() | {"type": [other]}) == [(422, "required", "EpisodeOfCare.type")]
    assert isinstance(read(episode() | {"type": [other, *episode()["type"]]}), EpisodeStated)


@pytest.mark.parametrize(
    ("resource", "refuses"),
    [
        (consent(refuses="collect"), "collect"),
        (consent(refuses="use"), "use"),
        (consent(status="inactive"), None),
        (consent() | {"provision": {"type": "permit"}}, None),
        ({name: value for name, value in consent().items() if name != "provision"}, None),
        (consent() | {"provision": {"provision": [consent(refuses="use")["provision"]]}}, "use"),
    ],
)
def test_what_a_consent_refuses(resource: dict[str, Any], refuses: str | None) -> None:
    stated = read(resource)

    assert isinstance(stated, ConsentStated)
    assert (stated.patient, stated.since, stated.refuses, stated.episode) == (P1, date(2014, 6, 1), refuses, None)


def test_a_consent_may_name_one_episode() -> None:
    stated = read(consent(episode="e1"))
    two = consent(episode="e1")
    two["provision"]["data"] *= 2

    assert isinstance(stated, ConsentStated)
    assert stated.episode == Reference(name=Name("https://example.org/episode", "e1"))
    assert refused(two) == [(422, "not-supported", "Consent.provision.data")]


def test_a_narrower_refusal_is_applied_whole_and_said() -> None:
    narrow = consent()
    narrow["provision"]["period"] = {"start": "2014"}

    stated = read(narrow)

    assert [(warning.severity, warning.expression) for warning in stated.received.warnings] == [("warning", "Consent.provision.period")]
    assert refused(consent(status="draft")) == [(422, "business-rule", "Consent.status")]


def test_answers() -> None:
    stated = read(vas("a1", 50, authored=WHEN, episode="e1", moment="t1", status="amended"))

    assert isinstance(stated, AnswersStated)
    assert stated.received.name == Name("https://example.org/answer", "a1")
    assert (stated.questionnaire, stated.questionnaire_version) == (f"{builders.BASE}/Questionnaire/vas-pain", "1.0.0")
    assert (stated.authored, stated.whole_day, stated.status) == (datetime(2014, 3, 3, 9, 0, tzinfo=UTC), False, "amended")
    assert (stated.patient, stated.stated_moment) == (P1, "t1")
    assert stated.stated_episode == Reference(name=Name("https://example.org/episode", "e1"))
    assert stated.answers == (AnswerValue("vas-pain", integer=50),)


def test_twenty_coded_answers() -> None:
    stated = read(qbpds("a1", [3] * 19 + [None], authored="2014-07-01"))

    assert isinstance(stated, AnswersStated)
    assert (stated.authored, stated.whole_day) == (datetime(2014, 6, 30, 22, 0, tzinfo=UTC), True)
    assert [answer.code for answer in stated.answers] == ["3"] * 19


def test_five_minutes_ahead_is_accepted_and_a_second_more_is_not() -> None:
    def at(ahead: timedelta) -> str:
        return (NOW + ahead).isoformat()

    assert isinstance(read(vas("a", 1, authored=at(timedelta(minutes=5)))), AnswersStated)
    assert isinstance(read(vas("a", 1, authored="2026-11-22")), AnswersStated)
    assert refused(vas("a", 1, authored=at(timedelta(minutes=5, seconds=1)))) == [(422, "business-rule", "QuestionnaireResponse.authored")]
    assert refused(vas("a", 1, authored="2026-11-23")) == [(422, "business-rule", "QuestionnaireResponse.authored")]


def test_years_at_the_end_of_the_calendar_are_refused_not_tripped_over() -> None:
    assert refused(vas("a", 1, authored="0001-01-01")) == [(422, "business-rule", "QuestionnaireResponse.authored")]
    assert refused(vas("a", 1, authored="1899-12-31T23:59:59Z")) == [(422, "business-rule", "QuestionnaireResponse.authored")]
    assert refused(episode(t0="9999-12-31T23:59:59Z")) == [(422, "value", "EpisodeOfCare.period.start")]
    assert refused(episode(t0="9999-12-31")) == [(422, "business-rule", "EpisodeOfCare.period.start")]
    assert refused(patient(born="0070")) == [(422, "business-rule", "Patient.birthDate")]


def test_last_updated_ahead_matters_only_where_it_orders() -> None:
    ahead = {"lastUpdated": "2026-11-22T12:05:01Z"}

    assert refused(episode(meta=ahead)) == [(422, "business-rule", "EpisodeOfCare.meta.lastUpdated")]
    assert isinstance(read(vas("a", 1, authored=WHEN, meta=ahead)), AnswersStated)


def test_an_extension_may_be_given_once() -> None:
    twice = vas("a", 1, authored=WHEN, moment="t0")
    twice["extension"] *= 2

    assert refused(twice) == [(422, "business-rule", "QuestionnaireResponse.extension[1]")]
    assert refused(vas("a", 1, authored=WHEN, extension=[{"url": MOMENT, "valueString": "t0"}])) == [
        (422, "code-invalid", "QuestionnaireResponse.extension[0].value")
    ]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"reference": "Patient/abc-1"}, Reference(resource_id="abc-1")),
        ({"reference": f"Patient?identifier={PSEUDONYMS}|p1"}, P1),
        ({"type": "Patient", "identifier": named(PSEUDONYMS, "p1"), "reference": "https://example.org/fhir/Patient/1"}, P1),
    ],
)
def test_references(subject: dict[str, Any], expected: Reference) -> None:
    stated = read(vas("a", 1, authored=WHEN, subject=subject))

    assert isinstance(stated, AnswersStated)
    assert stated.patient == expected


@pytest.mark.parametrize(
    ("subject", "problem"),
    [
        ({"type": "Group", "identifier": named(PSEUDONYMS, "p1")}, (422, "value", "QuestionnaireResponse.subject.type")),
        ({"identifier": named(PSEUDONYMS, "p1"), "display": "J. Jansen"}, (422, "business-rule", "QuestionnaireResponse.subject.display")),
        ({"identifier": {"value": "p1"}}, (422, "required", "QuestionnaireResponse.subject.identifier")),
        ({"identifier": named("pseudonyms", "p1")}, (422, "value", "QuestionnaireResponse.subject.identifier.system")),
        ({"identifier": named(PSEUDONYMS, "p" * 201)}, (422, "too-long", "QuestionnaireResponse.subject.identifier")),
        ({"reference": "Patient/1/_history/2"}, (400, "value", "QuestionnaireResponse.subject.reference")),
        ({"reference": "Patient/.."}, (422, "value", "QuestionnaireResponse.subject.reference")),
        ({"reference": f"Group?identifier={PSEUDONYMS}|p1"}, (422, "value", "QuestionnaireResponse.subject.reference")),
    ],
)
def test_references_that_are_refused(subject: dict[str, Any], problem: tuple[int, str, str]) -> None:
    assert refused(vas("a", 1, authored=WHEN, subject=subject)) == [problem]


def test_the_address_and_the_resource_must_agree() -> None:
    assert refused(patient(), type="Consent") == [(400, "invalid", "resourceType")]
    assert refused(patient(id="a"), id="b") == [(400, "invalid", "Patient.id")]
    assert refused(patient(), id="b") == [(400, "invalid", "Patient.id")]
    assert refused(patient(), id="a_b") == [(400, "value", "Patient.id")]
    assert isinstance(read(patient(id="a"), type="Patient", id="a"), PatientStated)


def test_the_digest_is_of_the_content_without_id_and_meta() -> None:
    whole = patient(id="a", meta={"versionId": "1"})
    other_order = dict(reversed(patient().items()))

    assert fhir.digest(whole) == fhir.digest(patient()) == fhir.digest(other_order)
    assert fhir.digest(patient(gender="male")) != fhir.digest(patient())
    assert len(fhir.digest(whole)) == 32


def test_the_digest_tells_numbers_by_the_digits_that_were_sent() -> None:
    texts = [b'{"a": 1.5}', b'{"a": 1.50}', b'{"a": "1.5"}', b'{"a": 15}']

    digests = {fhir.digest(front_door.parse(text)) for text in texts}

    assert len(digests) == 4


def test_another_base_of_canonicals_is_a_setting() -> None:
    elsewhere = replace(context(), base="https://registry.example.org/fhir")
    resource = episode() | {"type": [{"coding": [{"system": "https://registry.example.org/fhir/CodeSystem/programme", "code": "imsr"}]}]}
    body = json.dumps(resource).encode()

    stated = fhir.read(front_door.parse(body), body, elsewhere)

    assert isinstance(stated, EpisodeStated)
