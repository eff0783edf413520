"""P-02 for archives: killed at any moment and started again, an import goes on where it was. Nothing twice, nothing missing.

`BEKLIJF_TEST_LINES=100000` makes the last test the size of a year's archive.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.chaos.intake import SECONDS, Site, site
from tests.lib import builders
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

LINES = 1_600  # four blocks
BAD = 7
"""Every so-manieth line of an archive is refused."""


def archive(folder: Path, name: str, lines: int = LINES) -> Path:
    """Answers that are all different, with a spoilt line here and there."""
    file = folder / f"{name}.ndjson"
    with file.open("w") as stream:
        for number in range(lines):
            value = 120 if number % 100 == BAD else number % 101
            answer = builders.vas(f"{name}-{number}", value, of=f"p{number // 5}", authored="2014-03-03T10:00:00+01:00")
            stream.write(json.dumps(answer) + "\n")
    return file


def check(made: Site, address: str, name: str, lines: int = LINES, seconds: float = SECONDS) -> None:
    """What must hold when an import has ended, whatever happened on the way."""
    refused = lines // 100
    manifest = made.ended(address, seconds)
    said = [json.loads(line) for line in made.client.get(f"{address}/outcomes").text.splitlines()]
    receipt = made.client.get(manifest["receipt"]).json()

    assert manifest["sums"] == {"sent": lines, "accepted": lines - refused, "duplicate": 0, "refused": refused}
    assert {sum_: receipt[sum_] for sum_ in manifest["sums"]} == manifest["sums"]
    assert receipt["complete"] is True
    assert [one["line"] for one in said] == list(range(1, lines + 1))
    assert Counter(one["outcome"] for one in said) == {"created": lines - refused, "refused": refused}
    stored = f"SELECT count(*) FROM resource AS r JOIN version AS v ON v.resource = r.id WHERE r.value LIKE '{name}-%'"
    assert made.ask(stored) == lines - refused
    assert made.ask(f"{stored} AND EXISTS (SELECT FROM told AS t WHERE t.entity = r.id)") == lines - refused


@pytest.fixture(scope="module")
def made() -> Iterator[Site]:
    """One site for all, with its door open: each test starts the importer that it needs, and nothing is ever ended in order."""
    with site() as one:
        one.start("api")
        yield one


def test_an_archive_that_was_not_acknowledged_is_sent_again_and_taken_once(made: Site, tmp_path: Path) -> None:
    file = archive(tmp_path, "unanswered")
    made.again("api", crash="intake:import-kept-not-recorded:1")
    with pytest.raises(httpx.TransportError):
        made.hand_in(file)
    made.died("api", "intake:import-kept-not-recorded")
    made.again("api")
    made.again("importer")

    check(made, made.hand_in(file), "unanswered")


@pytest.mark.parametrize("point", ["shared-out", "all-stored"])
def test_the_importer_is_killed(made: Site, tmp_path: Path, point: str) -> None:
    made.again("importer", crash=f"intake:import-{point}:1")
    address = made.hand_in(archive(tmp_path, point))
    made.died("importer", f"intake:import-{point}")
    made.again("importer")

    check(made, address, point)


@pytest.mark.parametrize("point", ["before-commit", "after-commit"])
def test_a_worker_is_killed_and_the_importer_goes_on_by_itself(made: Site, tmp_path: Path, point: str) -> None:
    """Each worker stores one block and dies with the second; the next one begins where it was."""
    made.again("importer", crash=f"intake:import-{point}:2")

    check(made, made.hand_in(archive(tmp_path, point)), point)
    assert made.reached()[-1] == f"intake:import-{point}"


def test_everything_is_killed_in_the_middle(made: Site, tmp_path: Path) -> None:
    """The door, the importer and PostgreSQL, while the sums add up at every look."""
    lines = int(os.environ.get("BEKLIJF_TEST_LINES", "3000"))
    made.workers = 2
    made.again("importer")
    address = made.hand_in(archive(tmp_path, "middle", lines))

    for enough in (lines // 5, lines // 2):
        wait_until(partial(reached, made, address, enough), max(SECONDS, lines / 200), because="the import is on its way")
        sums = made.so_far(address)
        assert sums["sent"] == sums["accepted"] + sums["duplicate"] + sums["refused"]
        made.kill("importer")
        made.kill("api")
        made.postgres.kill()
        made.postgres.start()
        made.again("api")
        assert made.so_far(address)["sent"] >= sums["sent"]
        made.again("importer")

    check(made, address, "middle", lines, seconds=max(SECONDS, lines / 200))


def reached(made: Site, address: str, enough: int) -> bool:
    """Whether so many lines of an import are answered."""
    return bool(made.so_far(address)["sent"] >= enough)
