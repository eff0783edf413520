"""How an organisation's answers count (M7, M8, M39): kept by difference, equal to a recount, whatever came first."""

from __future__ import annotations

from itertools import permutations

import msgspec

from beklijf_shared import db, topics
from beklijf_shared.events import DataQuality, Event, ScoreComputed
from tests.integration.scoring.conftest import Service
from tests.lib.builders import episode_changed, response_accepted


def told_quality(service: Service, organisation: str = "o1", receipt: str = "all") -> DataQuality:
    with db.transaction(service.engine) as connection:
        body = connection.exec_driver_sql(
            "SELECT body FROM told WHERE topic = %(topic)s AND entity = %(entity)s",
            {"topic": topics.DATA_QUALITY.name, "entity": f"{organisation}/{receipt}"},
        ).scalar_one()
    return msgspec.json.decode(bytes(body), type=DataQuality)


def test_answers_are_counted_as_they_count(service: Service) -> None:
    service.apply(
        episode_changed(participation="withdrawn", participation_since="2014-10-01"),
        response_accepted("counted", 50),
        response_accepted("surplus", 50, measured="2014-03-04T09:00:00Z"),
        response_accepted("empty", None, measured="2014-05-03T09:00:00Z"),
        response_accepted("off", 50, measured="2014-04-01T09:00:00Z", stated_episode="e1"),
        response_accepted("waiting", 50, measured="2014-04-01T09:00:00Z"),
        response_accepted("late", 50, measured="2015-06-03T09:00:00Z"),
        response_accepted("lacking", 50, stated_episode="e1", stated_moment="t9"),
        response_accepted("far", 50, instrument="qbpds", measured="2014-04-01T09:00:00Z", stated_episode="e1", stated_moment="t2"),
        response_accepted("error", 50, status="entered-in-error"),
    )

    assert told_quality(service) == DataQuality(
        version=0,
        organisation="o1",
        counts={"retracted": 1, "waiting": 1, "after-end": 1, "off-window": 1, "unscheduled": 1, "surplus": 1, "counted": 3},
        not_scorable=1,
        moment_stated_off_window=1,
        episode_of_another_patient=0,
        counted_not_scorable=1,
    )
    assert service.counts() == service.recount()


def test_a_correction_moves_an_answer_from_one_count_to_another(service: Service) -> None:
    service.apply(response_accepted("r0", 50), response_accepted("r1", 60, organisation="o2"))
    before = service.counts()

    service.apply(episode_changed())

    assert before == {("o1", "waiting"): 1, ("o2", "waiting"): 1}
    assert service.counts() == service.recount() == {("o1", "counted"): 1, ("o2", "waiting"): 1}
    assert told_quality(service).counts["waiting"] == 0


WRONG_PATIENT: list[Event] = [
    episode_changed("e1", subject="s1"),
    episode_changed("e2", subject="s2"),
    response_accepted("r1", 50, subject="s1", stated_episode="e2"),
]


def test_an_episode_of_another_patient_is_not_linked_and_counted_whatever_comes_first(service: Service, another: Service) -> None:
    hashes = set()
    for order in permutations(WRONG_PATIENT):
        service.empty()
        for event in order:
            service.apply(event)
        hashes.add(service.state_hash())
        assert service.counts() == {("o1", "waiting"): 1, ("o1", "episode-of-another-patient"): 1}
        assert [(each.counts, each.episode) for each in service.told(ScoreComputed)] == [("waiting", None)]

    another.apply(*WRONG_PATIENT)

    assert hashes == {another.state_hash()}


def test_a_corrected_link_is_no_longer_counted(service: Service) -> None:
    service.apply(*WRONG_PATIENT)

    service.apply(response_accepted("r1", 50, subject="s1", stated_episode="e1", version=2))

    assert service.counts() == service.recount() == {("o1", "counted"): 1}


def test_an_episode_that_was_an_error_is_nobodys(service: Service) -> None:
    service.apply(*WRONG_PATIENT)

    service.apply(episode_changed("e2", subject="s2", treatment="entered-in-error", version=2))

    assert service.counts() == service.recount() == {("o1", "waiting"): 1}


def test_an_episode_that_comes_to_its_patient_finds_the_answers_that_wait(service: Service) -> None:
    service.apply(*WRONG_PATIENT)

    service.apply(episode_changed("e2", subject="s1", version=2))

    assert service.counts() == service.recount() == {("o1", "counted"): 1}
