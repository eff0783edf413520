"""What the quick lane recognises, the full way reads to the same submission, digest and all; what it does not, it leaves alone.

Responses to every shipped Questionnaire are spoilt as text, because that is where the quick lane could be fooled: keys given twice,
numbers that are not exact, white space, escapes, values of another type.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from beklijf_intake import fhir, front_door, receive
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.submission import Submission
from tests.lib import builders
from tests.lib.reading import context

CONTEXT = context()
AUTHORED = "2014-03-03T10:00:00+01:00"
CARE_USE = {"care-use-paramedical": "none", "care-use-specialist": "none", "care-use-imaging": "no", "care-use-medication": "none"}
PLAIN = (
    builders.qbpds("a", 50, authored=AUTHORED),
    builders.qbpds("a", [0, 5, None, *[3] * 17], authored="2014-03-03", moment="t0", episode="e1"),
    builders.vas("a", 50, authored=AUTHORED, meta={"lastUpdated": "2014-03-03T10:00:00Z"}),
    builders.coded("gpe-3", "a", {"gpe-3": "better"}, authored=AUTHORED),
    builders.coded("care-use", "a", CARE_USE, authored=AUTHORED, status="in-progress"),
)
TOKENS = re.compile(rb'"[^"]*"|-?[0-9]+|[\[\]{}:,]|true')
BITS = st.sampled_from(
    [b'"linkId":"qbpds-01",', b'"code":"5",', b'"code" :"5",', b'"\\u0063ode":"5",', b'"answer":[],', b'"id":"a",', b'"text":"a",', b'":x"',
     b" ", b"\n", b"\t", b",", b"[", b"]", b"{", b"}", b"\\", b"-", b"-0", b"0", b"1.0", b"1e1", b"50", b"true", b"null", b'"a"', b'""',
     b'"display":"Level 0",', b'"display":" ",', b'"display":"111222333",', b'"valueInteger":50', b'"valueInteger":50,',
     b'"valueInteger":-0', b'"valueDecimal":5', b'"contained":[],', b'"meta":{"versionId":"1"},', b'"status":"completed",', b"\xff",
     b'"extension":[{"url":"a","valueInteger":1}],', b'"extension":[{"url":"a","valueString":"#b"}],', b'"_status":{"id":"a"},']
)  # fmt: skip


def full(body: bytes) -> Submission | None:
    try:
        return fhir.read(front_door.parse(body), body, CONTEXT, type="QuestionnaireResponse")
    except Refused:
        return None


def quickly(body: bytes) -> Submission | None:
    return receive._quickly(body, CONTEXT)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A plain response with up to three of its tokens replaced, doubled, dropped, swapped, or followed by something else."""
    resource: dict[str, Any] = draw(st.sampled_from(PLAIN))
    body = json.dumps(resource, separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (",", " : ")]))).encode()
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
        tokens = list(TOKENS.finditer(body))
        at = draw(st.sampled_from(tokens))
        other = draw(BITS | st.sampled_from([one[0] for one in tokens]) | st.sampled_from([one[0] + b"," for one in tokens]))
        start, end = draw(st.sampled_from([(at.start(), at.end()), (at.end(), at.end()), (at.start(), at.start())]))
        body = body[:start] + other + body[end:]
    return body


@pytest.mark.parametrize("resource", PLAIN, ids=["qbpds", "partial", "vas", "gpe", "care-use"])
def test_what_is_sent_plainly_is_recognised(resource: dict[str, Any]) -> None:
    body = json.dumps(resource).encode()

    assert quickly(body) == full(body) is not None


@settings(max_examples=1500, deadline=None)
@given(spoilt())
def test_what_is_recognised_is_read_as_the_full_way_reads_it(body: bytes) -> None:
    found = quickly(body)

    event("recognised" if found else "left to the full way")
    assert found is None or found == full(body)


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ('"code":"5"', '"code":"4","code":"5"'),  # a key twice
        ('"code":"5"', '"code" :"4","code":"5"'),
        ('"code":"5"', '"code":"5","display":"111222333"'),  # a BSN
        ('"status":"completed"', '"status":"completed","status":"completed"'),
        ('"status":"completed"', '"status":"completed","basedOn":[]'),
        ('"value":"a"', '"value":":a"'),  # a text that looks like the end of a key
        ('"value":"a"', '"value":"\\u0061"'),
        ('"linkId":"qbpds-02"', '"linkId":"qbpds-01"'),
        ('"linkId":"qbpds-02"', '"linkId":"qbpds-21"'),
    ],
)
def test_what_is_not_plain_is_left_to_the_full_way(there: str, instead: str) -> None:
    body = json.dumps(builders.qbpds("a", 50, authored=AUTHORED), separators=(",", ":"))
    assert there in body

    assert quickly(body.replace(there, instead, 1).encode()) is None


@pytest.mark.parametrize("number", ["-0", "1.0", "1e1", "101", "-1", "true", '"50"', "50000000000000000000", "1E400"])
def test_a_number_that_is_not_plainly_right_is_left_to_the_full_way(number: str) -> None:
    body = json.dumps(builders.vas("a", 50, authored=AUTHORED)).replace("50", number)

    assert quickly(body.encode()) is None


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("resource", PLAIN, ids=["qbpds", "partial", "vas", "gpe", "care-use"])
def test_items_that_were_sent_before_are_known_by_their_text(resource: dict[str, Any], separators: tuple[str, str]) -> None:
    """The items last, as programs write them: read once by value, then by text."""
    last = {name: value for name, value in resource.items() if name != "item"} | {"item": resource["item"]}
    body = json.dumps(last, separators=separators).encode()
    again = body.replace(b'"value":%s"a"' % separators[1][1:].encode(), b'"value":%s"other"' % separators[1][1:].encode())
    parts = receive._parts(again)
    assert parts is not None

    first = quickly(body)
    known = receive._known_items(again, *parts, CONTEXT)

    assert again != body
    assert first == full(body)
    assert known == full(again) is not None


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        (b'"status":"completed"', b'"status":"completed","status":"completed"'),
        (b'"status":"completed"', b'"status":"completed","basedOn":[]'),
        (b'"value":"a"', b'"value":"a","value":"b"'),
        (b'"value":"p1"', b'"value":"111222333","system":"http://fhir.nl/fhir/NamingSystem/bsn"'),
        (b'"item":[{', b'"item":[],"item":[{'),
        (b'"item":[{', b'"extension":[{"url":"a","item":[{'),
        (b'{"linkId":"qbpds-02"', b'{"linkId":"qbpds-01"'),
        (b'{"linkId":"qbpds-02"', b'{},{"linkId":"qbpds-02"'),
        (b'{"linkId":"qbpds-02"', b'1,{"linkId":"qbpds-02"'),
        (b'{"linkId":"qbpds-02"', b' {"linkId":"qbpds-02"'),
        (b"}]}", b"}],}"),
        (b"}]}", b"}]}]}"),
    ],
)
def test_known_items_excuse_nothing_else(there: bytes, instead: bytes) -> None:
    body = json.dumps(builders.qbpds("a", 50, authored=AUTHORED), separators=(",", ":")).encode()
    assert quickly(body) is not None
    assert there in body
    at = body.rindex(there) if there == b"}]}" else body.index(there)
    spoilt = body[:at] + instead + body[at + len(there) :]

    found = quickly(spoilt)

    assert found is None or found == full(spoilt)


def test_a_text_is_remembered_only_for_the_item_that_it_is() -> None:
    """Separators of two kinds in one body, so that the parts do not fall together with the items."""
    items = json.dumps(builders.qbpds("a", 50, authored=AUTHORED)["item"], separators=(",", ":")).replace("},{", "}, {", 1)
    top = {name: value for name, value in builders.qbpds("a", 50, authored=AUTHORED).items() if name != "item"}
    body = f'{json.dumps(top, separators=(",", ":"))[:-1]},"item":{items}}}'.encode()

    for _ in range(2):
        assert quickly(body) == full(body) is not None


def test_a_form_that_an_organisation_maps_is_left_to_the_full_way(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(builders.vas("a", 50, authored=AUTHORED)).encode()
    assert quickly(body) is not None

    monkeypatch.setattr(type(CONTEXT), "mapper", lambda *_: object())

    assert quickly(body) is None
