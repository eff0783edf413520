"""Whatever is sent, reading either accepts it or refuses it with problems: it raises nothing else, and says nothing that was sent."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beklijf_intake import bundle, fhir, front_door
from beklijf_intake.domain.problem import Refused
from beklijf_intake.outcome import operation_outcome
from tests.lib.builders import consent, episode, patient, qbpds, vas
from tests.lib.reading import context

SECRET = "Jansen-von-der-Secret"
BUILT = [
    patient(deceasedDateTime="2020-01-01", link=[{"type": "replaced-by", "other": {"reference": "urn:x:1"}}]),
    episode(ended="2014-05-01", meta={"lastUpdated": "2014-03-03T10:00:00Z"}),
    consent(episode="e1"),
    vas("a", 50, authored="2014-03-03T10:00:00Z", moment="t0", episode="e1", text={"status": "generated", "div": "<div/>"}),
    qbpds("a", 50, authored="2014-03-03"),
]
BUNDLED = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {"fullUrl": f"urn:x:{n}", "resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for n, one in enumerate(BUILT)
    ],
}
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", SECRET, 0, -1, 2**31, 1.5, True, [], {}, [[]], [{}], [None], {"a": SECRET}, "0001-01-01", "9999-12-31",
     "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2014", "2014-03-03T10:00:00", {"reference": "urn:x:0"}, {"reference": SECRET},
     {"identifier": {"value": SECRET}},
     [{"linkId": SECRET}], [{"linkId": "vas-pain", "item": [{"linkId": "vas-pain"}]}], [{"valueCoding": {}}],
     [{"valueQuantity": {"value": 1}}],
     {"resourceType": "Bundle"}, "<div>", "|", "#", "urn:x:0", "Patient?identifier=|", 'W/"1"', "PUT"]
).map(deepcopy)  # fmt: skip
KEYS = st.sampled_from(
    ["id", "item", "answer", "identifier", "reference", "extension", "provision", "data", "period", "contained", "meta", "link", SECRET]
)
OFTEN = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def damaged(draw: st.DrawFn, whole: Any) -> dict[str, Any]:
    """A copy with a few values replaced, removed or added, anywhere."""
    resource: dict[str, Any] = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 4))):
        place: Any = resource
        for _ in range(draw(st.integers(0, 8))):
            inner = [child for child in (place.values() if isinstance(place, dict) else place) if isinstance(child, dict | list)]
            if not inner:
                break
            place = draw(st.sampled_from(inner))
        keys: list[Any] = [*place] if isinstance(place, dict) else [*range(len(place))]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "remove" if keys:
                del place[draw(st.sampled_from(keys))]
            case "replace" if keys:
                place[draw(st.sampled_from(keys))] = draw(VALUES)
            case _ if isinstance(place, dict):
                place[draw(KEYS)] = draw(VALUES)
            case _:
                place.append(draw(VALUES))
    return resource


def read(body: bytes) -> list[dict[str, Any]]:
    """The outcomes of reading this body as whatever it says it is."""
    try:
        resource = front_door.parse(body)
        if resource.get("resourceType") == "Bundle":
            return [operation_outcome(entry.problems) for entry in bundle.read_bundle(resource, body, context()) if entry.problems]
        fhir.read(resource, body, context())
    except Refused as caught:
        refused = caught
    else:
        return []
    assert refused.problems
    assert refused.status in (400, 405, 413, 422)
    return [operation_outcome(refused.problems)]


@OFTEN
@given(st.sampled_from([*BUILT, BUNDLED]).flatmap(damaged))
def test_damaged_resources_and_bundles(resource: dict[str, Any]) -> None:
    outcomes = read(json.dumps(resource).encode())

    assert SECRET not in json.dumps(outcomes)


@OFTEN
@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0123456789eE+-.truefalsn ', max_size=200).map(str.encode))
def test_any_bytes(body: bytes) -> None:
    read(body)


@OFTEN
@given(st.sampled_from([json.dumps(one).encode() for one in BUILT]), st.integers(0, 10_000), st.binary(max_size=4), st.integers(0, 4))
def test_bytes_changed_in_the_middle(body: bytes, at: int, put_in: bytes, cut_out: int) -> None:
    at %= len(body)

    read(body[:at] + put_in + body[at + cut_out :])
