"""A hospital's own list: the digest as it is published is the one that intake makes (M11), whatever a resource holds."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beklijf import listing
from beklijf_intake import bundle as bundle_of_intake
from beklijf_intake import fhir, front_door
from tests.lib import builders
from tests.lib.fhir_histories import sent
from tests.lib.reading import context

AUTHORED = "2014-03-03T10:00:00+01:00"
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]))
    | st.just("tab\tnew\nline")
)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12)
numbers = st.sampled_from(["0", "-0", "1.50", "1.5", "1e2", "1E+2", "-0.0", "12345678901.5", "1.5e-3"])


def both(text: str) -> tuple[str, str]:
    """The digest of one text by the operator's command and by intake."""
    mine = json.loads(text, parse_float=listing._decimal, parse_int=listing._integer)
    return listing.digest(mine), fhir.digest(front_door.parse(text.encode())).hex()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    resource=st.dictionaries(st.sampled_from(["resourceType", "id", "meta", "ä", "Z", "a", "\U0001f600", "\ufb33"]), trees, max_size=6),
    number=numbers,
)
def test_the_published_digest_is_intakes(resource: dict[str, Any], number: str) -> None:
    text = json.dumps(resource | {"number": 4711}, ensure_ascii=False).replace("4711", number)

    mine, theirs = both(text)

    assert mine == theirs


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=sent())
def test_so_it_is_for_what_hospitals_send(history: list[dict[str, Any]]) -> None:
    assert all(mine == theirs for mine, theirs in (both(json.dumps(one)) for one in history))


def test_the_example_of_the_integrators_page() -> None:
    resource = {"resourceType": "Patient", "id": "1", "identifier": [{"value": "p-1", "system": "https://hospital.example/pseudonym"}]}

    text = '{"identifier":[{"system":"https://hospital.example/pseudonym","value":"p-1"}],"resourceType":"Patient"}'
    assert listing.digest(resource) == hashlib.sha256(text.encode()).hexdigest()


def test_files_become_a_list(tmp_path: Path) -> None:
    ndjson, bundle = tmp_path / "a.ndjson", tmp_path / "b.json"
    ndjson.write_text("\n".join(json.dumps(one) for one in (builders.patient(), builders.vas("a1", 40, authored=AUTHORED))) + "\n")
    inner = builders.vas("a2", 40, authored=AUTHORED) | {"subject": {"reference": "urn:uuid:1"}}
    entries = [
        {"fullUrl": f"urn:uuid:{number}", "resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
        for number, one in enumerate((builders.patient(), inner), start=1)
    ]
    whole = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}).encode()
    bundle.write_bytes(whole)
    target = io.StringIO()

    count = listing.write(listing.lines_of([ndjson, bundle]), target)

    lines = target.getvalue().splitlines()
    assert count == 4
    assert lines[0] == "type,identifier,sha256"
    assert [line.rsplit(",", 1)[0] for line in lines[1:]] == [
        "Patient,https://example.org/pseudonym|p1",
        "QuestionnaireResponse,https://example.org/answer|a1",
        "Patient,https://example.org/pseudonym|p1",
        "QuestionnaireResponse,https://example.org/answer|a2",
    ]
    assert lines[1] == lines[3]
    entries_read = bundle_of_intake.read_bundle(front_door.parse(whole), whole, context())
    digests = [entry.submission.received.digest.hex() for entry in entries_read if entry.submission is not None]
    assert [line.rsplit(",", 1)[1] for line in lines[3:]] == digests


def test_what_has_no_name_cannot_be_listed(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text('{"resourceType": "Patient", "identifier": []}\n')

    with pytest.raises(listing.NotListableError, match=r"^a.ndjson:1: needs one identifier with system and value$"):
        list(listing.lines_of([file]))
