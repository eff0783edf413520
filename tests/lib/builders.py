"""Builders of FHIR resources and of events: valid by default, so that a test says only what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beklijf_shared import events

Resource = dict[str, Any]

BASE = "https://w3id.org/beklijf/fhir"
INSTRUMENT_VERSION = "1.0.0"
PSEUDONYMS = "https://example.org/pseudonym"
NAMES = "https://example.org/"
URA = "http://fhir.nl/fhir/NamingSystem/ura"
EPISODE_LINK = "http://hl7.org/fhir/StructureDefinition/workflow-episodeOfCare"
MOMENT = f"{BASE}/StructureDefinition/measurement-moment"
PROGRAMMES = f"{BASE}/CodeSystem/programme"

VAS_LINK = "vas-pain"
QBPDS_LINKS = tuple(f"qbpds-{number:02d}" for number in range(1, 21))
QBPDS_CODES = f"{BASE}/CodeSystem/qbpds-answer"


def named(system: str, value: str) -> Resource:
    """An Identifier."""
    return {"system": system, "value": value}


def patient(pseudonym: str = "p1", *, gender: str = "female", born: str = "1970", system: str = PSEUDONYMS, **more: Any) -> Resource:
    """A Patient with nothing that identifies."""
    return {"resourceType": "Patient", "identifier": [named(system, pseudonym)], "gender": gender, "birthDate": born, **more}


def episode(
    name: str = "e1",
    *,
    of: str = "p1",
    t0: str = "2014-03-03",
    status: str = "active",
    programme: str = "imsr",
    ended: str | None = None,
    **more: Any,
) -> Resource:
    """An EpisodeOfCare of the iMSR programme; `ended` is the day of `period.end`."""
    return {
        "resourceType": "EpisodeOfCare",
        "identifier": [named(f"{NAMES}episode", name)],
        "status": status,
        "type": [{"coding": [{"system": PROGRAMMES, "code": programme}]}],
        "patient": {"identifier": named(PSEUDONYMS, of)},
        "period": {"start": t0} | ({"end": ended} if ended else {}),
        **more,
    }


def consent(
    name: str = "c1",
    *,
    of: str = "p1",
    since: str = "2014-06-01",
    refuses: str = "collect",
    status: str = "active",
    episode: str | None = None,
) -> Resource:
    """A Consent that denies `collect` (withdrawn from then on) or `use` (objected); for one episode where `episode` names it."""
    provision: Resource = {
        "type": "deny",
        "action": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentaction", "code": refuses}]}],
    }
    if episode is not None:
        reference = {"type": "EpisodeOfCare", "identifier": named(f"{NAMES}episode", episode)}
        provision["data"] = [{"meaning": "instance", "reference": reference}]
    return {
        "resourceType": "Consent",
        "identifier": [named(f"{NAMES}consent", name)],
        "status": status,
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTOUT"}]},
        "patient": {"identifier": named(PSEUDONYMS, of)},
        "dateTime": since,
        "provision": provision,
    }


def vas(name: str, value: int | None, *, of: str = "p1", authored: str, **more: Any) -> Resource:
    """A VAS pain answer, 0 to 100; None is an empty form."""
    items = [] if value is None else [{"linkId": VAS_LINK, "answer": [{"valueInteger": value}]}]
    return _response("vas-pain", name, items, of=of, authored=authored, **more)


def qbpds(name: str, values: int | Sequence[int | None], *, of: str = "p1", authored: str, **more: Any) -> Resource:
    """A QBPDS: a total of 0 to 100, spread over the twenty items, or the twenty answers of 0 to 5 (None: left open)."""
    answers = spread(values) if isinstance(values, int) else list(values)
    items = [
        {"linkId": link, "answer": [{"valueCoding": {"system": QBPDS_CODES, "code": str(one)}}]}
        for link, one in zip(QBPDS_LINKS, answers, strict=True)
        if one is not None
    ]
    return _response("qbpds", name, items, of=of, authored=authored, **more)


def coded(instrument: str, name: str, codes: Mapping[str, str], *, of: str = "p1", authored: str, **more: Any) -> Resource:
    """Answers by code, by linkId: perceived effect or care use; a question that is not named is left open."""
    system = f"{BASE}/CodeSystem/{instrument}-answer"
    items = [{"linkId": link, "answer": [{"valueCoding": {"system": system, "code": code}}]} for link, code in codes.items()]
    return _response(instrument, name, items, of=of, authored=authored, **more)


def spread(total: int) -> list[int]:
    """Twenty answers of 0 to 5 with this sum."""
    return [min(5, max(0, total - 5 * place)) for place in range(20)]


def _response(
    instrument: str,
    name: str,
    items: list[Resource],
    *,
    of: str,
    authored: str,
    status: str = "completed",
    episode: str | None = None,
    moment: str | None = None,
    **more: Any,
) -> Resource:
    extensions: list[Resource] = []
    if episode is not None:
        reference = {"type": "EpisodeOfCare", "identifier": named(f"{NAMES}episode", episode)}
        extensions.append({"url": EPISODE_LINK, "valueReference": reference})
    if moment is not None:
        extensions.append({"url": MOMENT, "valueCode": moment})
    return {
        "resourceType": "QuestionnaireResponse",
        "identifier": named(f"{NAMES}answer", name),
        "questionnaire": f"{BASE}/Questionnaire/{instrument}|{INSTRUMENT_VERSION}",
        "status": status,
        "subject": {"identifier": named(PSEUDONYMS, of)},
        "authored": authored,
        **({"extension": extensions} if extensions else {}),
        **({"item": items} if items else {}),
        **more,
    }


def episode_changed(episode: str = "e1", *, version: int = 1, **facts: Any) -> events.EpisodeChanged:
    """An episode of a woman born in 1970 that began on 3 March 2014, completed, following."""
    given: dict[str, Any] = {
        "subject": "s1",
        "organisation": "o1",
        "programme": "imsr",
        "t0": "2014-03-03",
        "sex": "female",
        "birth_year": 1970,
        "treatment": "completed",
        "treatment_ended": "2014-05-01",
        "participation": "following",
        "participation_since": None,
        "received": "2014-03-03T10:00:00Z",
    }
    return events.EpisodeChanged(version=version, episode=episode, **(given | facts))


def response_accepted(
    response: str = "r1", value: int | None = 50, *, version: int = 1, instrument: str = "vas-pain", **facts: Any
) -> events.ResponseAccepted:
    """A VAS pain (or QBPDS) answer of the day of t0; `value` None is an empty form."""
    measured = facts.get("measured", "2014-03-03T09:00:00Z")
    given: dict[str, Any] = {
        "subject": "s1",
        "organisation": "o1",
        "questionnaire": f"{BASE}/Questionnaire/{instrument}",
        "questionnaire_version": INSTRUMENT_VERSION,
        "status": "completed",
        "measured": measured,
        "received": measured,
        "stated_episode": None,
        "stated_moment": None,
        "answers": answers(instrument, value),
        "resource": f"QuestionnaireResponse/{response}",
        "tie_break": response,
    }
    return events.ResponseAccepted(version=version, response=response, **(given | facts))


def intake_tally(day: str = "2020-03-02", *, version: int = 1, told: int = 1, **facts: Any) -> events.IntakeTally:
    """Intake's part of the receipt of a day on which only answers were sent, all told and none refused."""
    said: dict[str, Any] = {
        "version": version,
        "organisation": "o1",
        "receipt": day,
        "kind": "day",
        "day": day,
        "started": f"{day}T08:00:00Z",
        "total": None,
        "sent": told,
        "accepted": told,
        "duplicate": 0,
        "duplicate_different": 0,
        "refused": 0,
        "refused_by_code": {},
        "accepted_by_type": {"QuestionnaireResponse": told},
        "draft": 0,
        "superseded": 0,
        "told": told,
    }
    return events.IntakeTally(**(said | facts))


def answers(instrument: str, value: int | None) -> tuple[events.Answer, ...]:
    """The answers that give this score: one number, or twenty codes."""
    if value is None:
        return ()
    if instrument == "vas-pain":
        return (events.Answer(link=VAS_LINK, integer=value),)
    return tuple(events.Answer(link=link, code=str(one)) for link, one in zip(QBPDS_LINKS, spread(value), strict=True))


def by_code(codes: Mapping[str, str]) -> tuple[events.Answer, ...]:
    """Answers by code, by link."""
    return tuple(events.Answer(link=link, code=code) for link, code in codes.items())
