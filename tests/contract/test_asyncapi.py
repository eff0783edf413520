"""The AsyncAPI document is valid by the official schema of AsyncAPI 3.0.0 and says what the code does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from beklijf_shared import documents, envelope, topics
from tests.lib.clock import NOON

OFFICIAL = Path(__file__).parent / "asyncapi-3.0.0.schema.json"
COMMITTED = documents.ROOT / "contracts" / "asyncapi.yaml"


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def official() -> Any:
    return jsonschema_rs.validator_for(json.loads(OFFICIAL.read_text(encoding="utf-8")))


def test_the_document_is_valid(document: Any, official: Any) -> None:
    assert [error.message for error in official.iter_errors(document)] == []


def test_the_official_schema_would_have_said_no(document: Any, official: Any) -> None:
    name, operation = next(iter(document["operations"].items()))
    wrong = document | {"operations": {name: operation | {"action": "shout"}}}

    assert not official.is_valid(wrong)


def test_our_yaml_reads_as_what_was_written(document: Any) -> None:
    assert document == documents.asyncapi()


def test_every_reference_leads_somewhere(document: Any) -> None:
    dangling = [reference for reference in references(document) if not leads_somewhere(reference, document)]

    assert dangling == []


def references(part: Any) -> list[str]:
    """Every `$ref` in a document."""
    if isinstance(part, list):
        return [found for item in part for found in references(item)]
    if not isinstance(part, dict):
        return []
    return [value for name, value in part.items() if name == "$ref"] + [found for value in part.values() for found in references(value)]


def leads_somewhere(reference: str, document: Any) -> bool:
    """Whether a reference names a part of the document or a file beside it."""
    if not reference.startswith("#/"):
        return (COMMITTED.parent / reference).is_file()
    part = document
    for step in reference.removeprefix("#/").split("/"):
        if step not in part:
            return False
        part = part[step]
    return True


def test_the_envelope_has_exactly_the_headers_that_are_promised(document: Any) -> None:
    promised = document["components"]["messageTraits"]["cloudEvent"]["headers"]

    for topic in topics.TOPICS:
        headers = {name: value.decode() for name, value in envelope.headers(topic, "an-entity", 7, NOON)}
        assert list(headers) == promised["required"]
        assert jsonschema_rs.is_valid(promised, headers)


def test_scoring_sends_and_receives_what_the_design_says(document: Any) -> None:
    operations = {name: operation["channel"]["$ref"].rpartition("/")[2] for name, operation in document["operations"].items()}

    sends = sorted(channel for name, channel in operations.items() if name.startswith("scoring-sends-"))
    receives = sorted(channel for name, channel in operations.items() if name.startswith("scoring-receives-"))

    assert sends == ["data-quality.v1", "episode-scored.v1", "mcic-changed.v1", "score-computed.v1"]
    assert receives == ["episode-changed.v1", "response-accepted.v1"]
