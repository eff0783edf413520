"""P-03: a request whose answer is lost is sent again, by each of the three safe ways, and is stored once and told once.

The line is cut where killing processes does not reach: between the commit and its answer, on either side of the door.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.chaos.intake import Site, site
from tests.lib.cut_line import cut_line
from tests.lib.persistent import Persistent

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

SEED = 20261122
ONE_OF_EACH = """
SELECT r.value FROM resource AS r WHERE r.value LIKE '{prefix}-%'
AND (SELECT count(*) FROM version AS v WHERE v.resource = r.id) = 1
AND (SELECT count(*) FROM told AS t WHERE t.entity = r.id AND t.version = 1) = 1
AND (SELECT count(*) FROM outbox AS o WHERE o.entity = r.id) = 1
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Site]:
    """One site; no relay runs, so that every event ever written stands in the outbox."""
    with site() as one:
        yield one


def check(made: Site, sender: Persistent, prefix: str) -> None:
    """One resource, one version, one event for each that was acknowledged, and nothing else."""
    assert sender.wrong == []
    assert sorted(made.names(ONE_OF_EACH.format(prefix=prefix))) == sorted(sender.acknowledged)
    assert made.ask(f"SELECT count(*) FROM resource WHERE value LIKE '{prefix}-%'") == len(sender.acknowledged)


def test_answers_lost_between_the_door_and_its_client(made: Site) -> None:
    made.start("api")
    with cut_line(made.port, Random(SEED), b"/fhir/QuestionnaireResponse") as (line, near):
        sender = Persistent(f"http://127.0.0.1:{near}")
        line.cutting.set()
        sender.push([f"near-{number}" for number in range(300)])

    assert min(line.cut["answer"], line.cut["request"]) > 0
    assert len(sender.stored_unanswered) > 100
    assert len(sender.acknowledged) == 300
    check(made, sender, "near")


def test_answers_lost_between_the_door_and_its_database(made: Site) -> None:
    """The door cannot know what became of a commit either, so it says 503 and the sender asks again."""
    with cut_line(made.postgres.port, Random(SEED), b"COMMIT") as (line, near):
        made.through = near
        made.again("api")
        sender = Persistent(str(made.client.base_url))
        line.cutting.set()
        sender.push([f"far-{number}" for number in range(300)], threads=8)
        line.cutting.clear()
        made.kill("api")

    assert min(line.cut["answer"], line.cut["request"]) > 0
    assert sender.statuses[503] > 0
    assert len(sender.stored_unanswered) > 50
    assert len(sender.acknowledged) == 300
    check(made, sender, "far")
