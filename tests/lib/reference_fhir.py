"""The plain reference at the FHIR edge: from everything that one hospital ever sent to the episodes and answers that count.

Written from the rules of meaning (M2, M3, M10 to M15) alone, like `reference`; it orders versions by what they say, never by
arrival, and so is only asked about histories that can be ordered without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from tests.lib.builders import EPISODE_LINK, MOMENT, QBPDS_LINKS, VAS_LINK
from tests.lib.reference import ZONE, Answer, AnswerVersion, Episode, current

Resource = dict[str, Any]
TREATMENT = {"active": "in-treatment", "onhold": "in-treatment", "finished": "completed", "cancelled": "stopped-early"}


def name_of(resource: Resource) -> str:
    """The value of its one identifier."""
    identifier = resource["identifier"]
    return str((identifier[0] if isinstance(identifier, list) else identifier)["value"])


def versions(sent: Iterable[Resource], kind: str) -> dict[str, list[Resource]]:
    """Everything sent of one type, by identifier (M10), repeats and all."""
    found: dict[str, list[Resource]] = {}
    for resource in sent:
        if resource["resourceType"] == kind:
            found.setdefault(name_of(resource), []).append(resource)
    return found


def latest(sent: Iterable[Resource], kind: str) -> dict[str, Resource]:
    """The current version of every Patient, EpisodeOfCare or Consent: the newest by the sender's clock (M14)."""
    return {name: max(known, key=_stated) for name, known in versions(sent, kind).items()}


def _stated(resource: Resource) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


def _stated_day(resource: Resource) -> date:
    return _stated(resource).astimezone(ZONE).date()


def _named(reference: Resource | None) -> str | None:
    return None if reference is None else str(reference["identifier"]["value"])


def person(name: str, patients: dict[str, Resource]) -> str:
    """The patient who stands for this one in the end: replaced, and replaced again (M14)."""
    for link in patients.get(name, {}).get("link", ()):
        return person(str(_named(link["other"])), patients)
    return name


def episodes(sent: Sequence[Resource]) -> list[Episode]:
    """Every episode with its two dated facts (M15)."""
    patients, consents = latest(sent, "Patient"), latest(sent, "Consent")
    found = []
    for name, resource in sorted(latest(sent, "EpisodeOfCare").items()):
        patient = person(str(_named(resource["patient"])), patients)
        treatment = TREATMENT.get(resource["status"], "entered-in-error")
        own = [one for one in consents.values() if person(str(_named(one["patient"])), patients) == patient and _about(one, name)]
        participation, since = _participation(patients.get(patient), own)
        t0 = date.fromisoformat(resource["period"]["start"])
        found.append(Episode(name, patient, "o", t0, treatment, participation, since))
    return found


def _about(consent: Resource, episode: str) -> bool:
    """Whether a Consent is in force and about this episode: active, denying, and naming it or none (M14)."""
    if consent["status"] != "active" or consent["provision"]["type"] != "deny":
        return False
    named = [_named(data["reference"]) for data in consent["provision"].get("data", ())]
    return not named or episode in named


def _participation(patient: Resource | None, consents: Iterable[Resource]) -> tuple[str, date | None]:
    """Objected wins; else the earliest of withdrawn and deceased (M15)."""
    since: dict[str, list[date]] = {"collect": [], "use": []}
    for consent in consents:
        since[consent["provision"]["action"][0]["coding"][0]["code"]].append(date.fromisoformat(consent["dateTime"]))
    if since["use"]:
        return "objected", min(since["use"])
    ends = [("withdrawn", day) for day in since["collect"]]
    if patient and "deceasedDateTime" in patient:
        ends.append(("deceased", date.fromisoformat(patient["deceasedDateTime"])))
    elif patient and patient.get("deceasedBoolean"):
        ends.append(("deceased", _stated_day(patient)))
    return min(ends, key=lambda end: end[1]) if ends else ("following", None)


def answers(sent: Sequence[Resource]) -> list[Answer]:
    """Every answer that is no mere draft, in its current version (M3, M11)."""
    patients, found = latest(sent, "Patient"), []
    for name, known in sorted(versions(sent, "QuestionnaireResponse").items()):
        chosen = current([AnswerVersion(one["status"], datetime.fromisoformat(one["authored"]), one) for one in known])
        if chosen is not None:
            resource, measured = chosen[0].content, chosen[1]
            assert isinstance(resource, dict)
            found.append(_answer(name, resource, measured, patients))
    return found


def _answer(name: str, resource: Resource, measured: datetime, patients: dict[str, Resource]) -> Answer:
    instrument = resource["questionnaire"].rsplit("/", 1)[1].split("|")[0]
    extensions = {one["url"]: one for one in resource.get("extension", ())}
    given = {item["linkId"]: item["answer"][0] for item in resource.get("item", ())}
    links = (VAS_LINK,) if instrument == "vas-pain" else QBPDS_LINKS
    return Answer(
        id=name,
        subject=person(str(_named(resource["subject"])), patients),
        organisation="o",
        instrument=instrument,
        status=resource["status"],
        measured=measured,
        items=tuple(_number(given[link]) if link in given else None for link in links),
        stated_episode=_named(extensions.get(EPISODE_LINK, {}).get("valueReference")),
        stated_moment=extensions.get(MOMENT, {}).get("valueCode"),
        tie=name,
    )


def _number(answer: Resource) -> int:
    return int(answer["valueInteger"]) if "valueInteger" in answer else int(answer["valueCoding"]["code"])
