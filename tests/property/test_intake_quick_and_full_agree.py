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
