"""A form of a hospital's own, from its file to the provenance of its score; and what the operator is told of a mapping."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from beklijf import cli
from beklijf_intake import fhir, front_door
from beklijf_intake.domain import mapping
from beklijf_intake.domain.register import Request
from beklijf_shared import contracts
from beklijf_shared.events import ScoreComputed
from tests.integration.intake.conftest import Registry
from tests.lib.builders import PSEUDONYMS
from tests.lib.clock import NOON
from tests.lib.databases import Databases
from tests.lib.reading import ORGANISATION, context
from tests.lib.rooms import Room
from tests.unit.beklijf_intake.test_mapping import CHANGE, PAIN, THEIRS, pain


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site's folder with two mappings."""
    folder = tmp_path / "site"
    (folder / "mappings").mkdir(parents=True)
    (folder / "mappings" / "north-pain.toml").write_text(PAIN)
    (folder / "mappings" / "north-change.toml").write_text(CHANGE)
    return folder


@pytest.fixture
def scoring(databases: Databases) -> Iterator[Room]:
    room = Room("scoring", databases("scoring"))
    yield room
    room.close()


def response(name: str, items: list[dict[str, Any]], form: str = f"{THEIRS}|7") -> dict[str, Any]:
    return {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": "https://ehr.example/answers", "value": name},
        "questionnaire": form,
        "status": "completed",
        "subject": {"identifier": {"system": PSEUDONYMS, "value": "p1"}},
        "authored": "2014-03-03T10:00:00+01:00",
        "item": items,
    }


def request(resource: dict[str, Any], site: Path) -> Request:
    """What the door makes of it on this site."""
    known = contracts.load(site)
    body = json.dumps(resource).encode()
    at = replace(context(), mappings=mapping.compiled(known.mappings, known.questionnaires))
    return Request(ORGANISATION, fhir.read(front_door.parse(body), body, at))


def test_the_mapping_is_in_the_provenance_of_the_score(registry: Registry, scoring: Room, site: Path) -> None:
    sent = response("a1", pain(valueDecimal=6.5))
    registry.one(request(sent, site))

    told = registry.told("response-accepted")["00000001/a1"]
    intake = Room("intake", str(registry.engine.url.render_as_string(hide_password=False)))
    scoring.apply_messages([message for message in intake.sends() if message.topic.name == "beklijf.response-accepted.v1"], NOON)
    (score,) = scoring.told(ScoreComputed)
    intake.close()

    assert (told["questionnaire_version"], told["mapping"], told["stated_moment"]) == ("1.0.0", "north-pain@2", "t1")
    assert told["answers"] == [{"link": "vas-pain", "integer": 65}]
    assert registry.rows("SELECT mapping FROM version") == ["north-pain@2"]
    assert [json.loads(bytes(body)) for body in registry.rows("SELECT body FROM version")] == [sent]
    assert (score.mapping, score.instrument, score.results[0].integer) == ("north-pain@2", "vas-pain", 65)


def test_two_mappings_of_one_form_are_refused_at_start(site: Path) -> None:
    (site / "mappings" / "again.toml").write_text(PAIN.replace("north-pain", "again"))

    with pytest.raises(contracts.ContractError, match="mappings/north-pain: versions: '7' of organisation 00000001 is mapped by again too"):
        contracts.load(site)


def test_how_many_answers_an_older_version_read_is_said(registry: Registry, site: Path) -> None:
    registry.one(request(response("a1", pain(valueInteger=5)), site))
    (site / "mappings" / "north-pain.toml").write_text(PAIN.replace('version = "2"', 'version = "3"'))

    done = command(site, "list", url=registry.engine.url.render_as_string(hide_password=False))

    assert done.stdout.splitlines() == [
        "north-change@1: 0 answers",
        "north-pain@2: 1 answers, read by a version that is no longer the present one",
        "north-pain@3: 0 answers",
    ]


def test_what_a_former_version_read_is_read_again_by_the_present_one(registry: Registry, site: Path) -> None:
    for name, value in (("a1", 5), ("a2", 6), ("a3", 10)):
        registry.one(request(response(name, pain(valueInteger=value)), site))
    before = registry.rows("SELECT entity, version FROM told WHERE topic = 'beklijf.response-accepted.v1' ORDER BY entity")
    new = PAIN.replace('version = "2"', 'version = "3"').replace('scale = "10"', 'scale = "9.5"').replace('moment = "t1"', 'moment = "t2"')
    (site / "mappings" / "north-pain.toml").write_text(new)
    url = registry.engine.url.render_as_string(hide_password=False)

    first, again = command(site, "reread", url=url), command(site, "reread", url=url)

    told = registry.told("response-accepted")
    said = {name: (one["answers"][0]["integer"], one["mapping"], one["stated_moment"]) for name, one in told.items()}
    assert said == {
        "00000001/a1": (50, "north-pain@2", "t1"),  # 47.5 is no whole number: kept
        "00000001/a2": (57, "north-pain@3", "t2"),
        "00000001/a3": (95, "north-pain@3", "t2"),
    }
    assert (first.returncode, first.stdout.splitlines()[0]) == (
        0,
        "2 answers read again, 1 kept as they were: the present mapping refuses them",
    )
    assert again.stdout.splitlines()[0] == "0 answers read again, 1 kept as they were: the present mapping refuses them"
    versions = dict(registry.rows("SELECT entity, version FROM told WHERE topic = 'beklijf.response-accepted.v1' ORDER BY entity"))
    assert sorted(versions[entity] - version for entity, version in before) == [0, 1, 1]
    assert sorted(registry.rows("SELECT mapping FROM version")) == ["north-pain@2", "north-pain@3", "north-pain@3"]


def command(site: Path, *arguments: str, url: str = "postgresql+psycopg://nowhere") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BEKLIJF_CONTRACTS": str(site), "BEKLIJF_DATABASE_URL": url, "BEKLIJF_PROFILE": "laptop"}
    environment |= {"BEKLIJF_KAFKA_PROFILE": "tansu"}
    line = [sys.executable, "-m", "beklijf_intake", "mapping", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment)


def change(name: str, code: str, display: str, *more: dict[str, Any]) -> dict[str, Any]:
    coding = {"system": "https://ehr.example/other", "code": code, "display": display}
    return response(name, [{"linkId": "Q7", "answer": [{"valueCoding": coding}]}, *more], f"{THEIRS}-change|1")


def sample(folder: Path, *resources: dict[str, Any]) -> Path:
    file = folder / "sample.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in resources))
    return file


def test_a_check_says_what_fits_what_is_missing_and_what_is_ambiguous(tmp_path: Path) -> None:
    file = tmp_path / "north-change.toml"
    file.write_text(CHANGE)
    remark = {"linkId": "remarks", "text": "Remarks", "answer": [{"valueString": "none"}]}
    twice = {"linkId": "Q7", "answer": [{"valueInteger": 1}]}
    lines = sample(
        tmp_path,
        change("a1", "1", "Much better"),
        change("a2", "9", "slightly worse"),
        change("a3", "1", "Much better", remark),
        change("a4", "1", "Much better", twice),
        response("a5", pain(valueInteger=5)),
    )

    found = CliRunner().invoke(cli.app, ["mapping", "check", str(file), "--sample", str(lines), "--json"])

    said = json.loads(found.output)
    assert found.exit_code == 1
    assert said["sample"] == {"answers": 4, "fit": 1, "of_other_forms": 1}
    assert said["fits"] == [{"theirs": "Q7", "ours": "gpe-6", "answered": 5}]
    assert said["unmapped_theirs"] == [{"theirs": "remarks", "text": "Remarks", "answers": 1, "like": []}]
    assert [(one["value"], one["like"][0]) for one in said["unmapped_values"]] == [("9", "slightly-worse")]
    assert said["ambiguous"] == [{"theirs": "Q7", "why": "it stands at several places of one response"}]
    assert [(one["line"], one["expression"]) for one in said["problems"]] == [
        (2, "QuestionnaireResponse.item.answer.value"),
        (3, "QuestionnaireResponse.item.linkId"),
        (4, "QuestionnaireResponse.item.linkId"),
    ]


def test_a_check_that_agrees_and_one_that_cannot_be_made(tmp_path: Path, site: Path) -> None:
    lines = sample(tmp_path, response("a1", pain(valueInteger=5)))
    (tmp_path / "north-pain.toml").write_text(PAIN)
    (tmp_path / "wrong.toml").write_text(PAIN.replace("[items.vas-pain]", "[items.vas]"))

    good = command(site, "check", str(tmp_path / "north-pain.toml"), "--sample", str(lines))
    wrong = command(site, "check", str(tmp_path / "wrong.toml"), "--sample", str(lines))

    assert good.stdout.splitlines() == [
        "north-pain@2: 1 of 1 answers fit https://w3id.org/beklijf/fhir/Questionnaire/vas-pain|1.0.0",
        "  fits       PAIN_CM -> vas-pain (answered 1 times)",
    ]
    assert (good.returncode, wrong.returncode) == (0, 2)
    assert "items.vas: our Questionnaire has no question with this linkId" in wrong.stderr
