"""Whatever our tables accept as base FHIR R4, the library of FHIR models accepts too: the fast path is the stricter one.

Resources are grown from the tables themselves, every element of every type, with odd but plausible values; some are then
spoilt. The slow path is a different implementation, so what one forgets the other is unlikely to forget as well.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from beklijf_intake import fhir, front_door
from beklijf_intake.domain.primitives import PRIMITIVES
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.shape import Shape
from tests.lib import builders, corpus

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
PLAUSIBLE: dict[str, list[Any]] = {
    "base64Binary": ["AAAA", "YQ==", "YWI="],
    "boolean": [True, False],
    "canonical": ["https://example.org/Questionnaire/q|1.0", "urn:x", "#here"],
    "code": ["a", "nl-NL", "a b", "é"],
    "date": ["2014", "2014-03", "2014-02-28", "2012-02-29"],
    "dateTime": ["2014", "2014-03", "2014-02-28", "2014-03-03T10:00:00Z", "2014-03-03T10:00:00.123456+14:00", "0001-01-02T00:00:00Z"],
    "decimal": [0, -1, 1.5, 1e3, 12345678901234567, -0.00000001],
    "id": ["a", "A-1.b", "a" * 64],
    "instant": ["2014-03-03T10:00:00Z", "2014-03-03T23:59:59.5-13:59"],
    "integer": [0, -1, 2**31 - 1, -(2**31)],
    "markdown": ["*a*", "a\nb", " a "],
    "oid": ["urn:oid:1.2.3", "urn:oid:2.0"],
    "positiveInt": [1, 2**31 - 1],
    "string": ["a", " a", "a\u00a0b", "Zoë\t\r\n", "\U0001f600", "\u202e"],
    "time": ["00:00:00", "23:59:59.999"],
    "unsignedInt": [0, 2**31 - 1],
    "uri": ["https://example.org/é", "urn:x", "relative/path", "javascript:alert(1)"],
    "url": ["https://example.org/a", "mailto:a@example.org", "Patient/1"],
    "uuid": ["urn:uuid:3f1b8a52-6f0e-4d8c-9a54-0c9d7f6b1a01"],
    "xhtml": [DIV.format("a"), DIV.format('<p style="color: red">a &lt; b</p>')],
}
SPOILT = st.sampled_from(
    [None, "", " ", 0, 1, 1.5, True, [], {}, [[]], [None], {"id": "a"}, "2014-13-01", "2014-03-03T10:00:00", "1_0", "a  b", "\u00a0", 2**31,
     {"value": 1}, {"extension": [{"url": "a"}]}, {"extension": [{"url": "a", "valueCode": "b"}]}, [{"url": "a", "valueCode": "b"}],
     "a" * 65]
)  # fmt: skip
KINDS = {primitive: name for name, primitive in PRIMITIVES.items()}


@st.composite
def grown(draw: st.DrawFn, shape: Shape, depth: int = 3) -> dict[str, Any]:
    """An object of this type: all that is required, and a few of the other elements."""
    names = [name for name, field in shape.fields.items() if _may_grow(name, field, depth)]
    chosen = set(draw(st.lists(st.sampled_from(names), max_size=3))) | set(shape.required) if names else set(shape.required)
    for group in shape.required_choices:
        ways = [name for name, field in shape.fields.items() if field.choice == group and not field.sibling_of]
        chosen.add(draw(st.sampled_from([name for name in ways if shape.fields[name].primitive] or ways)))
    value: dict[str, Any] = {}
    groups: set[str] = set()
    for name in sorted(chosen):
        field = shape.fields[name]
        if field.choice and field.choice in groups:
            continue
        groups.add(field.choice)
        one = draw(_element(field, depth))
        value[name] = [one] if field.many else one
    if shape.name == "Extension":  # a value or extensions, not both (ext-1)
        value.pop("extension", None)
        value |= {} if groups - {""} else {"valueCode": "a"}
    _keep_rules(shape.name, value)
    return value if value.keys() - {"id"} else {"extension": [{"url": "https://example.org/x", "valueCode": "a"}]}


def _keep_rules(type_name: str, value: dict[str, Any]) -> None:
    """What R4 asks between the elements of one type."""
    if type_name == "Period" and "start" in value:
        value.pop("end", None)
    if type_name == "Ratio":
        given = value.get("numerator") or value.get("denominator")
        value |= (
            {"numerator": given, "denominator": given} if given else {"extension": [{"url": "https://example.org/x", "valueCode": "a"}]}
        )
    if type_name == "Expression":
        value.setdefault("expression", "a")
    for one, other, needed in [("data", "contentType", "text/plain"), ("value", "system", "phone"), ("code", "system", "urn:x")]:
        kinds = {"data": ("Attachment",), "value": ("ContactPoint",), "code": ("Quantity", "Age", "Count", "Distance", "Duration")}[one]
        if type_name in kinds and one in value:
            value.setdefault(other, needed)


def _may_grow(name: str, field: Any, depth: int) -> bool:
    if field.refusal or name in ("contained", "entry") or (field.shape is None and field.primitive is None):
        return False
    return depth > 0 or field.primitive is not None


def _element(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.shape is not None:
        return grown(field.shape, depth - 1)
    if field.codes:
        return st.sampled_from(sorted(field.codes))
    return st.sampled_from(PLAUSIBLE[KINDS.get(field.primitive, "xhtml")])


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    """A resource of one of the types that we read."""
    name = draw(st.sampled_from(fhir.READABLE))
    return {"resourceType": name} | draw(grown(fhir.shapes().of(name)))


@st.composite
def spoilt(draw: st.DrawFn, whole: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A resource with one value, somewhere, replaced or removed, or an element put where it may not belong."""
    resource = json.loads(json.dumps(draw(whole)))
    place: Any = resource
    for _ in range(draw(st.integers(0, 6))):
        inner = [child for child in (place.values() if isinstance(place, dict) else place) if isinstance(child, dict | list) and child]
        if not inner:
            break
        place = draw(st.sampled_from(inner))
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    if not keys:
        return resource
    key = draw(st.sampled_from(keys))
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            place[key] = draw(SPOILT)
        case "remove":
            del place[key]
        case "add" if isinstance(place, dict):
            place[
                draw(
                    st.sampled_from(
                        ["_status", "_value", "valueCode", "extension", "status__ext", "fhir_comments", "id", "text", "language"]
                    )
                )
            ] = draw(SPOILT)
    return resource


BUILT = st.sampled_from(
    [
        builders.patient(deceasedBoolean=False),
        builders.episode(ended="2014-05-01"),
        builders.consent(episode="e1"),
        builders.vas("a", 50, authored="2014-03-03T10:00:00Z", moment="t0", episode="e1"),
        builders.qbpds("a", 50, authored="2014-03-03"),
    ]
)
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def accepted_fast(body: bytes) -> bool:
    try:
        resource = front_door.parse(body)
    except Refused:
        return False
    return resource.get("resourceType") in fhir.READABLE and not fhir.check_shape(resource)


def accepted_slow(body: bytes) -> bool:
    try:
        get_fhir_model_class(json.loads(body)["resourceType"]).model_validate_json(body)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", ["string", "xhtml", "decimal", "dateTime", "uuid", "url", "code", "uri", "base64Binary", "oid", "time"])
def test_every_plausible_value_is_accepted_by_both(name: str) -> None:
    element = {"xhtml": "div"}.get(name) or "value" + name[0].upper() + name[1:]

    for value in PLAUSIBLE[name]:
        extension = {"url": "https://example.org/x", element: value}
        whole = {"text": {"status": "generated", "div": value}} if name == "xhtml" else {"extension": [extension]}
        body = json.dumps(builders.patient(**whole)).encode()

        assert accepted_fast(body), value
        assert accepted_slow(body), value


@MANY
@given(resources())
def test_what_grows_from_the_tables_is_accepted_by_both(resource: dict[str, Any]) -> None:
    body = json.dumps(resource).encode()

    assert accepted_fast(body), fhir.check_shape(resource)
    assert accepted_slow(body)


@MANY
@given(spoilt(resources()) | spoilt(BUILT) | spoilt(spoilt(BUILT)))
def test_what_the_fast_path_accepts_the_slow_path_accepts(resource: dict[str, Any]) -> None:
    body = json.dumps(resource).encode()

    fast = accepted_fast(body)

    event("accepted" if fast else "refused")
    assert not fast or accepted_slow(body)


def test_of_the_corpus_too_what_the_fast_path_accepts_the_slow_path_accepts() -> None:
    bodies = [(case.name, case.line.encode()) for case in corpus.cases()]
    accepted = [(name, body) for name, body in bodies if accepted_fast(body)]

    otherwise = [name for name, body in accepted if not accepted_slow(body)]

    assert otherwise == []
    assert len(bodies) > 2_000
    assert 1_000 < len(accepted) < len(bodies) - 400
