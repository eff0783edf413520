"""The stories as FHIR R4 resources: business identifiers and logical references, nothing that identifies a person."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from beklijf.reference.history import History, Measurement

Resource = dict[str, Any]

BASE = "https://w3id.org/beklijf/fhir"
PSEUDONYM = "https://w3id.org/beklijf/pseudonym"
URA = "http://fhir.nl/fhir/NamingSystem/ura"
PROGRAMME = f"{BASE}/CodeSystem/programme"
QBPDS_ANSWER = f"{BASE}/CodeSystem/qbpds-answer"
EPISODE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/workflow-episodeOfCare"
CONSENT_ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
LOINC = "http://loinc.org"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")

ORGANISATIONS = ("00000001", "00000002")
"""URA numbers of the two invented hospitals; the laptop profile knows a token for each."""


def system_of(history: History, kind: str) -> str:
    """The hospital's own naming system for its resources of one kind."""
    return f"https://hospital-{history.hospital + 1}.example/fhir/{kind}"


def pseudonym(history: History) -> Resource:
    """The patient's registry pseudonym."""
    return {"system": PSEUDONYM, "value": f"p-{history.seed}-{history.number:07d}"}


def episode_name(history: History) -> Resource:
    """The episode's business identifier."""
    return {"system": system_of(history, "episode"), "value": f"e-{history.seed}-{history.number:07d}"}


def patient(history: History) -> Resource:
    """The subject: pseudonym, sex, year of birth, and the day of death if there was one."""
    resource: Resource = {
        "resourceType": "Patient",
        "meta": {"lastUpdated": _instant(history.t0, 9 * 60)},
        "identifier": [pseudonym(history)],
        "gender": "female" if history.female else "male",
        "birthDate": str(history.birth_year),
    }
    if history.leaving == "deceased":
        resource["deceasedDateTime"] = history.left_on.isoformat()
        resource["meta"] = {"lastUpdated": _instant(history.left_on + timedelta(days=3), 9 * 60)}
    return resource


def episode(history: History) -> Resource:
    """The treatment episode, as it stood when the treatment was over."""
    return {
        "resourceType": "EpisodeOfCare",
        "meta": {"lastUpdated": _instant(history.ended, 17 * 60)},
        "identifier": [episode_name(history)],
        "status": "finished" if history.treatment == "completed" else "cancelled",
        "type": [{"coding": [{"system": PROGRAMME, "code": "imsr"}]}],
        "patient": {"identifier": pseudonym(history)},
        "managingOrganization": {"identifier": {"system": URA, "value": ORGANISATIONS[history.hospital]}},
        "period": {"start": history.t0.isoformat(), "end": history.ended.isoformat()},
    }


def consent(history: History) -> Resource:
    """A refusal: of further questions (withdrawn), or of any use (objected)."""
    action = "collect" if history.leaving == "withdrawn" else "use"
    return {
        "resourceType": "Consent",
        "meta": {"lastUpdated": _instant(history.left_on, 12 * 60)},
        "identifier": [{"system": system_of(history, "consent"), "value": f"c-{history.seed}-{history.number:07d}"}],
        "status": "active",
        "scope": {"coding": [{"system": CONSENT_SCOPE, "code": "research"}]},
        "category": [{"coding": [{"system": LOINC, "code": "59284-0"}]}],
        "patient": {"identifier": pseudonym(history)},
        "dateTime": history.left_on.isoformat(),
        "policyRule": {"text": "Objection to the outcome registry"},
        "provision": {"type": "deny", "action": [{"coding": [{"system": CONSENT_ACTION, "code": action}]}]},
    }


def answers(history: History, measurement: Measurement, *, suffix: str = "", states_episode: bool | None = None) -> Resource:
    """One set of answers; `suffix` tells apart what would otherwise have the same identifier. Every third patient's state their episode."""
    name = f"a-{history.seed}-{history.number:07d}-{measurement.moment}-{measurement.instrument}{suffix}"
    resource: Resource = {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": system_of(history, "answers"), "value": name},
        "questionnaire": f"{BASE}/Questionnaire/{measurement.instrument}|1.0.0",
        "status": "completed",
        "subject": {"identifier": pseudonym(history)},
        "authored": _instant(measurement.day, measurement.minute),
        "item": _items(measurement),
    }
    if history.number % 3 == 0 if states_episode is None else states_episode:
        reference = {"type": "EpisodeOfCare", "identifier": episode_name(history)}
        resource["extension"] = [{"url": EPISODE_EXTENSION, "valueReference": reference}]
    return resource


def _items(measurement: Measurement) -> list[Resource]:
    if measurement.choices:
        return [
            {"linkId": link, "answer": [{"valueCoding": {"system": system, "code": code}}]} for link, system, code in measurement.choices
        ]
    if measurement.instrument == "vas-pain":
        return [{"linkId": "vas-pain", "answer": [{"valueInteger": measurement.value}]}]
    return [
        {"linkId": f"qbpds-{number:02d}", "answer": [{"valueCoding": {"system": QBPDS_ANSWER, "code": str(code)}}]}
        for number, code in enumerate(measurement.items, start=1)
    ]


def _instant(day: date, minute: int) -> str:
    """A minute of a day on Dutch clocks, with its offset."""
    return datetime.combine(day, time(minute // 60, minute % 60), AMSTERDAM).isoformat()
