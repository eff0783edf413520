"""A citizen service number, wherever it stands in a resource or around it, is refused, and no answer repeats it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beklijf_intake import bundle, fhir, front_door
from beklijf_intake.domain import bsn
from beklijf_intake.domain.problem import Refused
from beklijf_intake.outcome import operation_outcome
from tests.lib.builders import EPISODE_LINK, consent, episode, patient, qbpds, vas
from tests.lib.reading import context

NUMBER = "111222333"
SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">'
CLINIC = {"resourceType": "Organization", "id": "o", "name": "A clinic", "address": [{"line": ["Street 1"], "city": "Utrecht"}]}
NOTE = {"url": "https://example.org/note", "extension": [{"url": "text", "valueString": "a note"}, {"url": "n", "valueInteger": 1}]}
RICH: list[dict[str, Any]] = [
    patient(extension=[NOTE], meta={"tag": [{"system": "urn:x", "code": "a", "display": "b"}], "source": "urn:x:y"}, language="nl",
            link=[{"type": "seealso", "other": {"reference": "Patient/a", "display": "other"}}]),
    episode(ended="2014-05-01", extension=[NOTE], contained=[CLINIC],
            text={"status": "generated", "div": f"{XHTML}<p title='a'>An episode</p></div>"},
            careManager={"reference": "#o", "display": "manager"}),
    consent(episode="e1") | {"extension": [NOTE], "policyRule": {"text": "a rule"}, "organization": [{"display": "hospital"}]},
    vas("a", 50, authored="2014-03-03T10:00:00Z", moment="t0", episode="e1", contained=[CLINIC],
        author={"reference": "#o", "display": "by"}, text={"status": "generated", "div": f"{XHTML}Fifty</div>"}),
    qbpds("a", 50, authored="2014-03-03", extension=[NOTE, {"url": EPISODE_LINK, "valueReference": {"display": "an episode"}}]),
]  # fmt: skip
SHAPES = st.sampled_from([
    NUMBER, f"BSN {NUMBER}", f"patient-{NUMBER}", f"Patient/{NUMBER}", f"{XHTML}<b>{NUMBER}</b></div>", f"({NUMBER})", f"a\n{NUMBER}\tb",
    f"é{NUMBER}",
    "bsn 111 222 333", "burgerservicenummer: 111.222.333", f"{SYSTEM}|{NUMBER}", "urn:oid:2.16.840.1.113883.2.4.6.3", f"https://example.org/p%2F{NUMBER}",
])  # fmt: skip
OFTEN = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Place = tuple[Any, Any]


def places(value: Any) -> Iterator[Place]:
    """Every place of a value in this: the object or list, and the key or index."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, child in pairs:
        yield value, key
        if isinstance(child, dict | list):
            yield from places(child)


def is_own_identifier(place: Place) -> bool:
    """The value of an identifier of another system may look like one by chance, and is not put to the test."""
    container, key = place
    return isinstance(container, dict) and key == "value" and "system" in container


@st.composite
def hidden(draw: st.DrawFn, wholes: list[dict[str, Any]]) -> dict[str, Any]:
    """A resource with the number as some value, or as some name."""
    resource = deepcopy(draw(st.sampled_from(wholes)))
    found = [
        place
        for place in places(resource)
        if not is_own_identifier(place) and place[1] not in ("resourceType", "type", "entry", "resource")
    ]
    container, key = draw(st.sampled_from(found))
    said = draw(SHAPES)
    match draw(st.sampled_from(["value", "number", "name", "beside", "identifier", "extension"])):
        case "name" if isinstance(container, dict):
            container[said] = container.pop(key)
        case "number":
            container[key] = int(NUMBER)
        case "beside" if isinstance(container, dict):
            container["note"] = {"a": [{"b": said}]}
        case "identifier" if isinstance(container, dict):
            container["identifier"] = [{"system": SYSTEM, "value": NUMBER}]
        case "extension" if isinstance(container, dict):
            container["extension"] = [{"url": "https://example.org/x", "valueString": said}]
        case _:
            container[key] = said
    return resource


def digits_in(said: Any) -> bool:
    """Whether the number shows, in whatever grouping."""
    plain = json.dumps(said)
    return any(text in plain for text in (NUMBER, "111 222 333", "111.222.333"))


@OFTEN
@given(hidden(RICH))
def test_in_a_resource(resource: dict[str, Any]) -> None:
    body = json.dumps(resource).encode()

    refused = refusal(body)

    assert bsn.HELP in {problem.sentence for problem in refused.problems}
    assert refused.status in (400, 422)
    assert not digits_in(operation_outcome(refused.problems))


def refusal(body: bytes) -> Refused:
    """What reading says against it."""
    try:
        fhir.read(front_door.parse(body), body, context())
    except Refused as refused:
        return refused
    raise AssertionError("the number went through")


ENTRIES = [
    {"fullUrl": "urn:uuid:3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a01", "resource": patient("p9"),
     "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=https://example.org/pseudonym|p9"}},
    {"fullUrl": "https://example.org/EpisodeOfCare/e9", "resource": episode("e9", of="p9"), "link": [{"relation": "self", "url": "urn:x"}],
     "request": {"method": "PUT", "url": "EpisodeOfCare?identifier=https://example.org/episode|e9", "ifMatch": 'W/"1"'}},
]  # fmt: skip
BUNDLES = [{"resourceType": "Bundle", "type": kind, "id": "b", "link": [{"relation": "self", "url": "urn:x"}], "entry": ENTRIES}
           for kind in ("batch", "transaction")]  # fmt: skip


@OFTEN
@given(hidden(BUNDLES))
def test_in_a_bundle_and_its_envelope(whole: dict[str, Any]) -> None:
    body = json.dumps(whole).encode()

    try:
        entries = bundle.read_bundle(front_door.parse(body), body, context())
        problems = [problem for entry in entries for problem in entry.problems]
    except Refused as refused:
        problems = list(refused.problems)

    assert [problem for problem in problems if problem.severity == "error"]
    assert not digits_in(operation_outcome(problems))
