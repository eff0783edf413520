"""The examples of the page for integrators, as they stand there: a refusal, its mending, conditions, a Bundle."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.intake.test_api import Door, door, running
from tests.lib.sources import ROOT

__all__ = ["door", "running"]

PAGE = (ROOT / "contracts/http/INTEGRATORS.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def section() -> str:
    return PAGE.split("## Writing, validating, Bundles\n")[1].split("\n## ")[0]


def shell(script: str, folder: Path, door: Door) -> str:
    environment = os.environ | {"FHIR": f"{str(door.client.base_url).rstrip('/')}/fhir", "TOKEN": "token-of-the-second-hospital"}
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.needs("curl")
def test_the_examples_do_what_the_page_says(door: Door, tmp_path: Path) -> None:
    said = shell("\n".join(BLOCK.findall(section())), tmp_path, door)

    outcomes = [json.loads(line) for line in re.findall(r'\{"resourceType":"OperationOutcome".*?\]\}(?=\{|\d|$)', said, re.MULTILINE)]
    assert [outcome["issue"][0]["code"] for outcome in outcomes[:2]] == ["value", "informational"]
    assert outcomes[0]["issue"][0]["expression"] == ["QuestionnaireResponse.item[0].answer[0].value"]
    assert '"valueInteger": 64' in said
    assert re.findall(r"(?:^|\})(2[0-9]{2})$", said, re.MULTILINE) == ["201", "200", "200"]
    bundle = json.loads(said[said.rindex('{"resourceType":"Bundle"') :])
    assert [entry["response"]["status"] for entry in bundle["entry"]] == ["201 Created", "201 Created"]
    rows = door.registry.rows("SELECT type, system, value, current FROM resource ORDER BY type, value")
    assert [(kind, value, current) for kind, _, value, current in rows] == [
        ("EpisodeOfCare", "e-1", 1), ("Patient", "p-1", 1), ("QuestionnaireResponse", "a-1", 2), ("QuestionnaireResponse", "a-2", 1),
    ]  # fmt: skip


def test_every_status_that_can_leave_is_in_the_table() -> None:
    sources = [*(ROOT / "services/beklijf_intake").rglob("*.py"), ROOT / "shared/beklijf_shared/connection.py"]
    said = {int(found) for path in sources for found in re.findall(r"[ (](4[0-9][0-9]|50[0-9])[,):]", path.read_text(encoding="utf-8"))}
    table = {int(found) for row in re.findall(r"^\| ([0-9, ]+) \|", section(), re.MULTILINE) for found in row.split(",")}

    assert {status for status in said if status in REGISTERED} <= table


REGISTERED = {400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 415, 422, 429, 431, 500, 501, 503, 507}
