"""A sender's own list against what is held: missing there, missing here, different; line by line, for its own organisation only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from beklijf import cli, listing
from tests.integration.intake.test_api import AUTHORED, TOKEN, Door, door, running
from tests.lib import builders

__all__ = ["door", "running"]
ANSWERS = "https://example.org/answer"


def line(resource: dict[str, Any]) -> str:
    """One line of the list, in CSV."""
    named = resource["identifier"] if isinstance(resource["identifier"], dict) else resource["identifier"][0]
    return f"{resource['resourceType']},{named['system']}|{named['value']},{listing.digest(resource)}"


def reconcile(door: Door, *lines: str, **headers: str) -> list[dict[str, Any]]:
    """The lines of the answer."""
    answer = door.client.post("/fhir/$reconcile", content="\n".join(lines), headers={"Content-Type": "text/csv", **headers})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(text) for text in answer.text.splitlines()]


def test_a_list_is_answered_line_by_line(door: Door) -> None:
    same, first, second = (builders.vas(name, 40, authored=AUTHORED) for name in ("a1", "a2", "a3"))
    amended = builders.vas("a2", 50, authored=AUTHORED, status="amended")
    for one in (same, first, amended, second, builders.vas("a4", 40, authored=AUTHORED), builders.patient()):
        door.post(one)
    door.post(builders.vas("a5", 40, authored=AUTHORED, status="entered-in-error"))

    said = reconcile(
        door,
        "type,identifier,sha256",
        line(same),
        line(first),
        line(builders.vas("a3", 41, authored=AUTHORED)),
        line(builders.vas("a9", 40, authored=AUTHORED)),
        line(same),
        "Patient",
    )

    assert said == [
        {"line": 7, "result": "unreadable", "diagnostics": "A line has three texts: type, identifier, sha256."},
        {"line": 2, "result": "same"},
        {"line": 3, "result": "superseded"},
        {"line": 4, "result": "different"},
        {"line": 5, "result": "missing-there"},
        {"line": 6, "result": "listed-twice"},
        {"result": "missing-here", "type": "QuestionnaireResponse", "identifier": f"{ANSWERS}|a4"},
        {
            "summary": {
                "different": 1,
                "listed-twice": 1,
                "missing-here": 1,
                "missing-there": 1,
                "same": 1,
                "superseded": 1,
                "unreadable": 1,
            },
            "agrees": False,
        },
    ]


def test_another_organisation_sees_nothing_of_it(door: Door) -> None:
    door.post(builders.patient())

    assert reconcile(door, line(builders.patient()), **TOKEN)[0] == {"line": 1, "result": "missing-there"}
    assert reconcile(door, **TOKEN) == [{"summary": {}, "agrees": True}]


def test_only_lists_are_taken(door: Door) -> None:
    refused = door.client.post("/fhir/$reconcile", content="{}", headers={"Content-Type": "application/fhir+json"})

    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (415, "not-supported")


def test_the_operators_command_says_whether_it_agrees(door: Door, tmp_path: Path) -> None:
    files, list_ = tmp_path / "sent.ndjson", tmp_path / "list.csv"
    resources = [builders.patient(), builders.episode(), builders.vas("a1", 40, authored=AUTHORED)]
    files.write_text("\n".join(map(json.dumps, resources)))
    to = str(door.client.base_url.join("/fhir"))
    run = CliRunner().invoke

    listed = run(cli.app, ["manifest", str(files), "--out", str(list_)])
    before = run(cli.app, ["reconcile", str(list_), "--to", to])
    for one in resources:
        door.post(one)
    after = run(cli.app, ["reconcile", str(list_), "--to", to])

    assert (listed.exit_code, before.exit_code, after.exit_code) == (0, 1, 0), (after.output, after.exception)
    assert "3 missing there (in your list, not in the registry)" in before.output
    assert after.output == "3 the same\n"


def test_a_hundred_thousand_lines(door: Door) -> None:
    digest = "00" * 32
    door.post(builders.patient())

    def lines() -> Any:
        for number in range(100_000):
            yield f"Patient,{builders.PSEUDONYMS}|p{number},{digest}\n".encode()

    with door.client.stream("POST", "/fhir/$reconcile", content=lines(), headers={"Content-Type": "text/csv"}) as answer:
        *_, last = answer.iter_lines()

    assert json.loads(last) == {"summary": {"different": 1, "missing-there": 99_999}, "agrees": False}
