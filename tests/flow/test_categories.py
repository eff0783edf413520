"""Answers by code through the use cases of intake, scoring and cohorts on their real tables: results without pairs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from beklijf_shared.events import EpisodeScored, McicChanged, Result, ScoreComputed
from tests.lib import builders, cells
from tests.lib.databases import Databases
from tests.lib.desk import Desk
from tests.lib.rooms import Room

NOW = datetime(2020, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def path(databases: Databases) -> Iterator[tuple[Desk, Room, Room]]:
    rooms = [Room(service, databases(service)) for service in ("intake", "scoring", "cohorts")]
    yield Desk(rooms[0]), rooms[1], rooms[2]
    for room in rooms:
        room.close()


def test_care_use_and_perceived_effect_arrive_as_they_were_answered(path: tuple[Desk, Room, Room]) -> None:
    desk, scoring, cohorts = path
    care = {"care-use-paramedical": "regular", "care-use-medication": "over-the-counter"}  # three questions are left open

    desk.accept(
        [
            [
                builders.patient(),
                builders.episode(status="finished", ended="2014-05-01"),
                builders.coded("care-use", "c0", care, authored="2014-03-03T09:00:00Z"),
                builders.coded("gpe-6", "g1", {"gpe-6": "much-better"}, authored="2014-05-03T09:00:00Z"),
                builders.coded("gpe-3", "g3", {"gpe-3": "same"}, authored="2014-05-03T09:00:00Z", episode="e1"),
                builders.coded("gpe-3", "g4", {"gpe-3": "worse"}, authored="2017-09-03T09:00:00Z"),
            ]
        ]
    )
    for sender, receiver in ((desk.room, scoring), (scoring, cohorts)):
        heard = [one for one in sender.sends() if receiver.service in one.topic.receivers]
        assert receiver.apply_messages(heard, NOW) == []

    (scored,) = scoring.told(EpisodeScored)
    assert [(one.instrument, one.moment, one.scorable, one.results) for one in scored.results] == [
        (
            "care-use",
            "t0",
            True,
            (Result(measure="care-use-paramedical", code="regular"), Result(measure="care-use-medication", code="over-the-counter")),
        ),
        ("gpe-6", "t1", True, (Result(measure="gpe-6", code="much-better"),)),
        ("gpe-3", "t4", True, (Result(measure="gpe-3", code="worse"),)),
    ]
    names = desk.names()
    assert {names[one.response]: (one.counts, one.algorithm) for one in scoring.told(ScoreComputed)} == {
        "c0": ("counted", "category/by-measure"),
        "g1": ("counted", "category/all-required"),
        "g3": ("unscheduled", "category/all-required"),  # inside t1's window, where it is not asked (M5)
        "g4": ("counted", "category/all-required"),
    }
    assert (scored.verdicts, scoring.told(McicChanged)) == ((), [])
    counted = cells.counted(cohorts.engine)
    assert {key for key in counted if key[0] in "vcdl" and "|age|" not in key} == set()  # age is counted, and is no answer
    assert [counted[f"i|2014|{at}|responded"] for at in ("t0|care-use", "t1|gpe-6", "t4|gpe-3")] == [1, 1, 1]
