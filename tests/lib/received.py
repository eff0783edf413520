"""What a registry holds after some resources have arrived, read plainly: rows of the study, by the rules of meaning alone.

Built on the plain reference; it knows no service, no contract and no shared rule, and looks at all resources at once.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.lib import reference

Resource = Mapping[str, Any]
SCHEDULE = {
    "t0": {"qbpds", "vas-pain", "care-use"},
    "t1": {"qbpds", "vas-pain", "gpe-6"},
    "t2": {"qbpds", "vas-pain"},
    "t3": {"qbpds", "vas-pain"},
    "t4": {"qbpds", "vas-pain", "gpe-3", "care-use"},
}
TREATMENTS = {"active": "in-treatment", "finished": "completed", "cancelled": "stopped-early", "entered-in-error": "entered-in-error"}
EPISODE_LINK = "http://hl7.org/fhir/StructureDefinition/workflow-episodeOfCare"


@dataclass(frozen=True)
class Received:
    """The current version of everything that was accepted, by subject; and what became of each resource."""

    patients: dict[str, Resource]
    episodes: dict[str, list[reference.Episode]]
    answers: dict[str, list[reference.Answer]]
    codes: dict[str, dict[str, str]]
    effects: Counter[str]


@dataclass(frozen=True)
class Row:
    """One treatment episode and the answers that count: scores by instrument and moment, codes by moment and linkId."""

    episode: str
    year: int
    treatment: str
    gender: str
    age: int
    responder: bool
    scores: dict[tuple[str, str], int]
    codes: dict[tuple[str, str], str]


def read(sent: Iterable[tuple[int, Resource]]) -> Received:
    """Takes in resources in order of arrival, each with the number of the hospital that sends it."""
    versions: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    effects: Counter[str] = Counter()
    for hospital, resource in sent:
        if not _possible(resource):
            effects["refused"] += 1
            continue
        identifier = resource["identifier"] if isinstance(resource["identifier"], dict) else resource["identifier"][0]
        key = resource["resourceType"], f"{hospital}|{identifier['system']}|{identifier['value']}"
        content = json.dumps({name: value for name, value in resource.items() if name not in ("meta", "id")}, sort_keys=True)
        # Records may go back to earlier content (M14); an answer equal to any earlier version is a repeat (M11).
        repeated = content in said[key] if key[0] == "QuestionnaireResponse" else resource in versions[key]
        effects["duplicate" if repeated else "accepted"] += 1
        if not repeated:
            versions[key].append(resource)
            said[key].add(content)
    return _current(versions, effects)


def _possible(resource: Resource) -> bool:
    values = [answer.get("valueInteger", 0) for item in resource.get("item", ()) for answer in item["answer"]]
    return all(0 <= value <= 100 for value in values)


def _current(versions: Mapping[tuple[str, str], list[Resource]], effects: Counter[str]) -> Received:
    found = Received({}, defaultdict(list), defaultdict(list), {}, effects)
    for (kind, name), known in versions.items():
        newest = max(known, key=lambda one: str(one.get("meta", {}).get("lastUpdated", "")))
        if kind == "Patient":
            found.patients[newest["identifier"][0]["value"]] = newest
        elif kind == "EpisodeOfCare":
            episode = _episode(name, newest)
            found.episodes[episode.subject].append(episode)
        else:
            answer = _answer(name, known, found)
            if answer is not None:
                found.answers[answer.subject].append(answer)
    return found


def _episode(name: str, resource: Resource) -> reference.Episode:
    return reference.Episode(
        id=name.rpartition("|")[2],
        subject=resource["patient"]["identifier"]["value"],
        organisation=name[0],
        t0=date.fromisoformat(resource["period"]["start"]),
        treatment=TREATMENTS[resource["status"]],
    )


def _answer(name: str, known: list[Resource], found: Received) -> reference.Answer | None:
    stated = [reference.AnswerVersion(one["status"], datetime.fromisoformat(one["authored"]), one) for one in known]
    current = reference.current(stated)
    if current is None:
        return None
    best, measured = current
    resource: Any = best.content
    instrument = resource["questionnaire"].rpartition("/")[2].partition("|")[0]
    items = {item["linkId"]: item["answer"][0] for item in resource.get("item", ())}
    links = {extension["url"].rpartition("/")[2]: extension for extension in resource.get("extension", ())}
    if instrument not in ("qbpds", "vas-pain"):
        found.codes[name] = {link: answer["valueCoding"]["code"] for link, answer in items.items()}
    return reference.Answer(
        id=name,
        subject=resource["subject"]["identifier"]["value"],
        organisation=name[0],
        instrument=instrument,
        status=best.status,
        measured=measured,
        items=_numbers(instrument, items),
        stated_episode=links[_last(EPISODE_LINK)]["valueReference"]["identifier"]["value"] if _last(EPISODE_LINK) in links else None,
        stated_moment=links["measurement-moment"]["valueCode"] if "measurement-moment" in links else None,
        tie=name,
    )


def _last(url: str) -> str:
    return url.rpartition("/")[2]


def _numbers(instrument: str, items: Mapping[str, Any]) -> tuple[int | None, ...]:
    if instrument == "vas-pain":
        return (items.get("vas-pain", {}).get("valueInteger"),)
    if instrument == "qbpds":
        given = [items.get(f"qbpds-{number:02d}") for number in range(1, 21)]
        return tuple(None if answer is None else int(answer["valueCoding"]["code"]) for answer in given)
    return (0,)


def placed(received: Received) -> dict[str, reference.Placed]:
    """Where every answer stands in the end (M5 to M8)."""
    found: dict[str, reference.Placed] = {}
    for subject, answers in received.answers.items():
        for name, one in reference.place(answers, received.episodes.get(subject, [])).items():
            belongs = one.moment is None or one.answer.instrument in SCHEDULE[one.moment]
            found[name] = one if belongs else reference.Placed(one.answer, "unscheduled", one.episode, one.moment)
    return found


def rows(received: Received, standing: Mapping[str, reference.Placed]) -> list[Row]:
    """Every episode that was not entered in error, with what counts for it."""
    scores: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    codes: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    responders = set()
    for name, one in standing.items():
        if one.counts != "counted" or one.episode is None or one.moment is None:
            continue
        if one.moment == "t4":
            responders.add(one.episode)
        if name in received.codes:
            codes[one.episode].update({(one.moment, link): code for link, code in received.codes[name].items()})
        elif one.answer.score is not None:
            scores[one.episode][one.answer.instrument, one.moment] = one.answer.score
    return [
        Row(
            episode=episode.id,
            year=episode.t0.year,
            treatment=episode.treatment,
            gender=received.patients[subject]["gender"],
            age=episode.t0.year - int(received.patients[subject]["birthDate"]),
            responder=episode.id in responders,
            scores=scores[episode.id],
            codes=codes[episode.id],
        )
        for subject, episodes in received.episodes.items()
        for episode in episodes
        if episode.treatment != "entered-in-error"
    ]
