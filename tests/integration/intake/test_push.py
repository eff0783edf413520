"""`beklijf push` against a real door and a real importer: each way ends with the same receipt, and again with one of duplicates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from beklijf import archive
from beklijf.cli import app
from tests.lib import builders
from tests.lib.databases import Databases
from tests.lib.importing import Counter, counter, ndjson

pytestmark = pytest.mark.timeout(180)

AUTHORED = "2014-03-03T10:00:00+01:00"


@pytest.fixture(scope="module")
def running(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with counter(databases("intake"), tmp_path_factory.mktemp("spool")) as made:
        yield made


def files(folder: Path, name: str) -> Path:
    """Two years in NDJSON and one resource by itself; the second line of 2014 is refused."""
    (folder / "years").mkdir()
    answers = [builders.vas(f"{name}-{number}", value, of=f"{name}-p", authored=AUTHORED) for number, value in enumerate((10, 120, 30))]
    (folder / "years" / "2014.ndjson").write_bytes(ndjson(answers))
    (folder / "years" / "2015.ndjson").write_bytes(ndjson([builders.vas(f"{name}-9", 9, of=f"{name}-p", authored=AUTHORED)]))
    (folder / "years" / "patient.json").write_text(json.dumps(builders.patient(f"{name}-p"), indent=2))
    return folder / "years"


def pushed(running: Counter, folder: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["push", str(folder), "--to", f"{str(running.client.base_url).rstrip('/')}/fhir", *options])
    return result.exit_code, result.output


@pytest.mark.parametrize("way", ["bundle", "import", "single"])
def test_each_way_ends_with_a_receipt_and_says_what_was_refused(running: Counter, tmp_path: Path, way: str) -> None:
    folder, refused = files(tmp_path, way), tmp_path / "refused.ndjson"

    code, said = pushed(running, folder, "--way", way, "--outcomes", str(refused))

    (only,) = [json.loads(line) for line in refused.read_text().splitlines()]
    assert (code, "sent 5 = 4 accepted + 0 duplicate + 1 refused" in said) == (1, True), said
    assert (only["place"], only["status"]) == ("2014.ndjson:2", 422)
    assert any("above" in issue or "100" in issue for issue in only["issues"])


def test_refusals_may_be_allowed(running: Counter, tmp_path: Path) -> None:
    assert pushed(running, files(tmp_path, "allowed"), "--allow-refused")[0] == 0


def test_the_same_archive_again_is_the_same_submission(running: Counter, tmp_path: Path) -> None:
    folder = files(tmp_path, "again")

    first, second = (pushed(running, folder, "--way", "import") for _ in range(2))

    assert "sent 5 = 4 accepted + 0 duplicate + 1 refused" in first[1]
    assert "sent 5 = 4 accepted + 0 duplicate + 1 refused" in second[1]


def test_the_same_resources_by_another_way_are_duplicates(running: Counter, tmp_path: Path) -> None:
    folder = files(tmp_path, "twice")
    pushed(running, folder)

    _, said = pushed(running, folder, "--way", "import")

    assert "sent 5 = 0 accepted + 4 duplicate + 1 refused" in said


def test_a_resource_over_several_lines_becomes_one_line_and_nothing_else_changes(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_bytes(b'{\n  "a": 1.50,\r\n  "b": "x\\ny \xc3\xab"\n}\n')

    assert archive.one_line(file) == b'{"a":1.50,"b":"x\\ny \xc3\xab"}'


@pytest.mark.parametrize(("name", "there"), [("a b/ü.ndjson", "0001-_.ndjson"), ("2014.ndjson", "0001-2014.ndjson")])
def test_a_file_gets_a_name_that_is_allowed_there(name: str, there: str) -> None:
    given: Any = Path(name)

    assert archive.name_of(1, given) == there
