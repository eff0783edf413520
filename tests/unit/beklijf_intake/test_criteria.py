"""Conditions and references by identifier: which names they mean, and which versions (M13)."""

from __future__ import annotations

import pytest

from beklijf_intake.domain.reading.criteria import names_in, version_wanted
from beklijf_intake.domain.submission import Name


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("identifier=urn:x|1", (Name("urn:x", "1"),)),
        ("identifier=urn%3Ax%7C1", (Name("urn:x", "1"),)),
        ("identifier=urn:x|a|b", (Name("urn:x", "a|b"),)),
        ("identifier=urn:x|a\\,b", (Name("urn:x", "a,b"),)),
        ("identifier=urn:x|a\\\\", (Name("urn:x", "a\\"),)),
        ("identifier=urn:x|a b", (Name("urn:x", "a b"),)),
        ("identifier=urn:x|1,urn:y|2", (Name("urn:x", "1"), Name("urn:y", "2"))),
        ("identifier=urn:x|1,urn:x|1", (Name("urn:x", "1"),)),
    ],
)
def test_criteria_that_name_resources(query: str, names: tuple[Name, ...]) -> None:
    assert names_in(query) == names


@pytest.mark.parametrize(
    "query",
    ["", "identifier", "identifier=", "identifier=1", "identifier=|1", "identifier=urn:x|", "identifier=urn:x|1&_id=2", "_id=2", "name=x",
     "identifier=urn:x|1,", "identifier:exact=urn:x|1", "identifier=%ff|1", "identifier=" + ",".join(f"urn:x|{n}" for n in range(11))],
)  # fmt: skip
def test_what_does_not_name_resources(query: str) -> None:
    assert names_in(query) is None


@pytest.mark.parametrize(
    ("etag", "version"), [('W/"3"', 3), ('"3"', 3), (' W/"3" ', 3), ("*", 0), ("3", None), ('W/"abc"', None), ("", None)]
)
def test_versions_that_if_match_can_ask_for(etag: str, version: int | None) -> None:
    assert version_wanted(etag) == version
