"""Random histories over HTTP against a model that is plain dictionaries: created, amended, retracted, merged, refused by Consent; by every
verb, repeated, late, on a version that is no longer current. After each request the answer is what the model says; in the end so is what
is read, listed, searched and told (M10 to M15).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.intake.test_api import FHIR, Door, door, running
from tests.lib import builders, fhir_histories, reference_fhir
from tests.lib.builders import Resource
from tests.lib.located import id_of
from tests.lib.reading import ORGANISATION

__all__ = ["door", "running"]

RANK = {"in-progress": 0, "stopped": 0, "completed": 1, "amended": 2, "entered-in-error": 3}
WAYS = ("post", "post", "upsert", "update", "match", "stale", "none", "batch", "transaction")
TYPES = ("Patient", "EpisodeOfCare", "Consent", "QuestionnaireResponse")
Key = tuple[str, str, str]


def key_of(resource: Resource) -> Key:
    """Type, and the one identifier."""
    given_ = resource["identifier"]
    one = given_[0] if isinstance(given_, list) else given_
    return resource["resourceType"], one["system"], one["value"]


def content(resource: Resource) -> Resource:
    """What makes two messages the same (M11)."""
    return {name: value for name, value in resource.items() if name not in ("id", "meta")}


def rank(resource: Resource) -> Any:
    """What orders the versions of one resource, before their arrival does (M11, M14)."""
    if resource["resourceType"] == "QuestionnaireResponse":
        return RANK[resource["status"]], datetime.fromisoformat(resource["authored"])
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


@dataclass
class Model:
    """All that was stored, by identifier, in order of arrival."""

    versions: dict[Key, list[Resource]] = field(default_factory=dict)

    def known(self, resource: Resource) -> list[Resource]:
        """The versions there are."""
        return self.versions.setdefault(key_of(resource), [])

    def current(self, resource: Resource) -> int:
        """The number of the version that counts."""
        known = self.known(resource)
        return max(range(len(known)), key=lambda place: (rank(known[place]), place)) + 1

    def takes(self, resource: Resource, *, only_if_none: bool = False) -> str:
        """What becomes of a message."""
        known = self.known(resource)
        if only_if_none and known:
            return "ignored"
        if any(content(one) == content(resource) and rank(one) == rank(resource) for one in known):
            return "repeated"
        known.append(resource)
        if self.current(resource) != len(known):
            return "outranked"
        return "created" if len(known) == 1 else "updated"

    @property
    def everything(self) -> list[Resource]:
        """All versions of all resources."""
        return [one for known in self.versions.values() for one in known]


@dataclass
class Sender:
    """Sends in one of many ways, and says what it was told: an outcome, or the status of a refusal."""

    door: Door
    model: Model
    ids: dict[Key, str] = field(default_factory=dict)

    def send(self, resource: Resource, way: str) -> tuple[str, str]:
        """What was answered, and what the model says."""
        type_, system, value = key = key_of(resource)
        if key not in self.ids and way in ("update", "match", "stale"):
            way = "upsert"
        if way in ("batch", "transaction"):
            return self._bundle(resource, way), self.model.takes(resource)
        named, headers, place = f"identifier={system}|{value}", {}, type_
        if way in ("update", "match", "stale"):
            place, resource = f"{type_}/{self.ids[key]}", {**resource, "id": self.ids[key]}
        if way == "match":
            headers["If-Match"] = f'W/"{self.model.current(resource)}"'
        elif way == "stale":
            headers["If-Match"] = f'W/"{len(self.model.known(resource)) + 1}"'
        elif way == "none":
            headers["If-None-Exist"] = named
        elif way == "upsert":
            place = f"{type_}?{named}"
        ask = self.door.client.post if way in ("post", "none") else self.door.client.put
        answer = ask(f"/fhir/{place}", content=json.dumps(resource), headers={**FHIR, **headers})
        if way == "stale":
            return str(answer.status_code), "412"
        return self._told(key, answer), self.model.takes(resource, only_if_none=way == "none")

    def _told(self, key: Key, answer: httpx.Response) -> str:
        assert answer.is_success, answer.text
        assert self.ids.setdefault(key, id_of(answer)) == id_of(answer)
        return str(answer.headers["Beklijf-Outcome"])

    def _bundle(self, resource: Resource, kind: str) -> str:
        entry = {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        sent = json.dumps({"resourceType": "Bundle", "type": kind, "entry": [entry]})
        answer = self.door.client.post("/fhir", content=sent, headers=FHIR)
        response = answer.json()["entry"][0]["response"]
        id_ = response["location"].split("/")[1]
        assert self.ids.setdefault(key_of(resource), id_) == id_
        return str(response["extension"][0]["valueCode"])


@st.composite
def courses(draw: st.DrawFn) -> list[tuple[Resource, str]]:
    """What a hospital sends, in any order, some of it twice, each message in a way of its own."""
    history = draw(fhir_histories.sent())
    again = draw(st.lists(st.sampled_from(history), max_size=6))
    return [(resource, draw(st.sampled_from(WAYS))) for resource in draw(st.permutations([*history, *again]))]


@given(course=courses())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_answer_and_everything_that_is_read_is_what_the_model_says(door: Door, course: list[tuple[Resource, str]]) -> None:
    door.registry.empty()
    model = Model()
    sender = Sender(door, model)

    for resource, way in course:
        told, expected = sender.send(resource, way)
        assert (way, told) == (way, expected)

    for key, known in model.versions.items():
        check_read(door, sender.ids.get(key, ""), known, model)
    for type_ in TYPES:
        check_found(door, type_, model)
    check_told(door, model.everything)


def check_read(door: Door, id_: str, known: Sequence[Resource], model: Model) -> None:
    """One resource: the version that counts, its number, and all versions, the last to arrive first."""
    if not known:
        assert id_ == ""
        return
    type_, number = known[0]["resourceType"], model.current(known[0])
    read = door.client.get(f"/fhir/{type_}/{id_}")
    listed = door.client.get(f"/fhir/{type_}/{id_}/_history?_count=100").json()["entry"]

    assert (content(read.json()), read.headers["etag"]) == (content(known[number - 1]), f'W/"{number}"')
    assert [content(entry["resource"]) for entry in listed] == [content(one) for one in reversed(known)]


def check_found(door: Door, type_: str, model: Model) -> None:
    """A search finds each resource once, in the version that counts."""
    counting = [known[model.current(known[0]) - 1] for key, known in model.versions.items() if key[0] == type_ and known]
    found = door.client.get(f"/fhir/{type_}?_count=500").json().get("entry", [])
    by_patient: list[Resource] = []
    if type_ != "Patient":
        query = f"patient:identifier={builders.PSEUDONYMS}|p1&_count=500"
        by_patient = door.client.get(f"/fhir/{type_}?{query}").json().get("entry", [])
    about = [one for one in counting if (one.get("patient") or one.get("subject") or {}).get("identifier", {}).get("value") == "p1"]

    assert in_order(entry["resource"] for entry in found) == in_order(counting)
    assert in_order(entry["resource"] for entry in by_patient) == in_order(about)


def in_order(resources: Any) -> list[Resource]:
    """The contents, by identifier."""
    return [content(one) for one in sorted(resources, key=key_of)]


def check_told(door: Door, stored: Sequence[Resource]) -> None:
    """What scoring is told of answers and episodes: merges followed, refusals and deaths dated (M3, M14, M15)."""
    answers, episodes = door.registry.told("response-accepted"), door.registry.told("episode-changed")

    assert {name: (one["subject"], one["status"], one["stated_episode"], one["stated_moment"]) for name, one in answers.items()} == {
        ours(one.id): (one.subject, one.status, one.stated_episode and ours(one.stated_episode), one.stated_moment)
        for one in reference_fhir.answers(stored)
    }
    assert {name: datetime.fromisoformat(one["measured"]) for name, one in answers.items()} == {
        ours(one.id): one.measured for one in reference_fhir.answers(stored)
    }
    fields = ("subject", "t0", "treatment", "participation", "participation_since")
    assert {name: tuple(one[each] for each in fields) for name, one in episodes.items()} == {
        ours(one.id): (one.subject, one.t0.isoformat(), one.treatment, one.participation, one.since and one.since.isoformat())
        for one in reference_fhir.episodes(stored)
    }


def ours(name: str) -> str:
    return f"{ORGANISATION}/{name}"
