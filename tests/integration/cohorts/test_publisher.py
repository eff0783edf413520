"""The day turns, the tick derives again, snapshots follow, and every one of them adds up, also in mid-push."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import msgspec

from beklijf_cohorts import publisher, store, usecases
from beklijf_shared import db, events, progress
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger
from tests.integration.cohorts.conftest import Cohorts, at
from tests.lib.events import message
from tests.lib.scored import history, scored
from tests.lib.wait import wait_until


def test_the_day_turns_and_only_what_changes_with_it_is_derived_again(cohorts: Cohorts) -> None:
    cohorts.clock.instant = at("2015-02-01")
    cohorts.apply(scored("e1", t0="2015-02-02", treatment="in-treatment"), scored("e2", t0="2012-02-02"))
    cohorts.publish()
    assert cohorts.follow_ups()["e1/t0"] == "due"

    cohorts.clock.instant = at("2015-02-03")
    cohorts.publish()

    assert cohorts.follow_ups()["e1/t0"] == "overdue"
    assert cohorts.snapshot().data_date == "2015-02-03"
    assert cohorts.row("follow-ups", year="2015", moment="t0")["overdue"] == 1
    assert cohorts.scalar("SELECT derived_on::text FROM episode WHERE entity = 'e1'") == "2015-02-03"
    assert cohorts.scalar("SELECT derived_on::text FROM episode WHERE entity = 'e2'") == "2015-02-01"
    assert cohorts.differences() == []


def test_a_year_of_days_gives_what_one_look_at_its_end_gives(cohorts: Cohorts) -> None:
    rnd = random.Random(4)
    cohorts.clock.instant = at("2014-06-01")
    cohorts.apply(*(history(rnd, f"e{number}") for number in range(60)))
    for _ in range(24):
        cohorts.clock.instant += timedelta(days=rnd.randrange(1, 40))
        cohorts.publish()
    told, cells = cohorts.follow_ups(), cohorts.cells()
    gone = {name for name, state in told.items() if state == "not-due"}

    with db.transaction(cohorts.engine) as connection:
        connection.exec_driver_sql("DELETE FROM told")
        connection.exec_driver_sql("DELETE FROM standing")
    cohorts.apply()

    assert cohorts.cells() == cells
    assert cohorts.follow_ups() == {name: state for name, state in told.items() if name not in gone}


def test_a_day_never_goes_back(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1"))
    cohorts.clock.advance(days=-10)
    cohorts.publish()

    assert cohorts.snapshot().data_date == "2020-03-02"


def test_nothing_is_published_when_nothing_changed(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", {("t0", "vas-pain"): 50}))
    cohorts.publish()
    before = cohorts.snapshot().version

    cohorts.clock.advance(seconds=60)
    cohorts.apply(scored("e1", {("t0", "vas-pain"): 50}))
    cohorts.publish()

    assert cohorts.snapshot().version == before


def test_data_time_is_of_what_the_figures_rest_on(cohorts: Cohorts) -> None:
    cohorts.apply(
        scored("e1", received="2018-01-05T10:00:00.25Z"), scored("e2", received="2018-01-09T10:00:00Z"), scored("x", t0="2010-01-01")
    )
    cohorts.publish()
    assert cohorts.snapshot().data_time == "2018-01-09T10:00:00Z"

    cohorts.apply(scored("e2", treatment="entered-in-error", version=2, received="2018-02-01T10:00:00Z"))
    cohorts.publish()

    assert cohorts.snapshot().data_time == "2018-01-05T10:00:00.250000Z"


def test_m38_a_suppressed_cohort_rests_until_enough_episodes_changed(cohorts: Cohorts) -> None:
    scores = {("t0", "vas-pain"): 50}
    cohorts.apply(*(scored(f"e{number}", scores) for number in range(9)))
    cohorts.publish()
    assert cohorts.scalar("SELECT count(*) FROM told WHERE entity = 'imsr-k10-rested'") == 0

    cohorts.apply(scored("e9", scores))
    cohorts.publish()
    first = cohorts.snapshot("imsr-k10-rested").version
    cohorts.clock.advance(seconds=60)
    cohorts.apply(*(scored(f"e{number}", {}, version=2) for number in range(9)))
    cohorts.publish()
    assert cohorts.snapshot("imsr-k10-rested").version == first
    assert cohorts.row("flow", "imsr-k10-rested", year="2014")["registered"] == 10

    cohorts.apply(scored("e9", {}, version=2))
    cohorts.publish()

    assert cohorts.snapshot("imsr-k10-rested").version > first


def test_m38_a_rebuild_publishes_nothing_of_a_suppressed_cohort_that_did_not_change(cohorts: Cohorts) -> None:
    given = [scored(f"e{number}", {("t0", "vas-pain"): 50}) for number in range(30)]
    cohorts.apply(*given)
    cohorts.publish()
    before = cohorts.snapshot("imsr-k10-rested").version

    cohorts.empty(kept=["imsr-k10-rested"])
    cohorts.clock.advance(seconds=60)
    for start in (0, 15):
        cohorts.apply(*given[start : start + 15])
        cohorts.publish()

    assert cohorts.snapshot("imsr-k10-rested").version == before
    assert cohorts.snapshot("imsr").version > before


def test_k_hides_in_one_cohort_what_the_other_shows(cohorts: Cohorts) -> None:
    cohorts.apply(*(scored(f"e{number}", {("t0", "vas-pain"): 50}) for number in range(12)), scored("x", t0="2015-01-05"))
    cohorts.publish()

    assert cohorts.row("flow", year="2015")["registered"] == 1
    assert cohorts.row("flow", "imsr-k10", year="2015")["registered"] == "suppressed"
    assert cohorts.scalar("SELECT count(DISTINCT population) FROM cell") == 1


def test_every_snapshot_adds_up_while_batches_are_applied(cohorts: Cohorts) -> None:
    """Two push side by side; neither goes on to its next batch before somebody has looked at a snapshot since the one before."""
    cohorts.apply(history(random.Random(8), "e0"))
    cohorts.publish()
    done = threading.Event()
    looks: list[tuple[int, ...]] = []

    def push(share: int) -> None:
        rnd = random.Random(share)
        for version in range(2, 7):
            given = [message(history(rnd, f"{share}-{number}", version), partition=share) for number in range(40)]
            for start in range(0, 40, 8):
                with db.transaction(cohorts.engine) as connection:
                    usecases.apply(connection, given[start : start + 8], cohorts.clock(), cohorts.plans)
                enough = len(looks) + 1
                wait_until(lambda enough=enough: len(looks) >= enough or reading.done(), because="somebody looks")  # type: ignore[misc]

    def read() -> None:
        while not done.is_set():
            cohorts.hurry()
            cohorts.publishing.step()  # raises DoesNotAddUp if any identity of any figure fails
            found = {name: int(value or 0) for name, value in cohorts.row("flow", year="all").items() if name != "stopped-early-share"}
            assert found.pop("registered") == sum(found.values())
            looks.append(tuple(found.values()))

    with ThreadPoolExecutor() as pool:
        reading = pool.submit(read)
        writing = [pool.submit(push, share) for share in range(2)]
        wait(writing)
        done.set()

    assert [each.exception() for each in writing] == [None, None]
    assert reading.exception() is None
    assert len(set(looks)) > 2, "it was read in mid-push"
    assert cohorts.differences() == []


def test_settled_is_a_fact_about_what_is_stored_now(cohorts: Cohorts) -> None:
    status = Status("cohorts", "publisher")
    cohorts.apply(scored("e1"))
    assert cohorts.publishing.report(status)["settled"] is False

    cohorts.publish()
    assert cohorts.publishing.report(status)["settled"] is True

    cohorts.apply(scored("e2"))
    assert cohorts.publishing.report(status)["settled"] is False
    cohorts.publish()
    cohorts.clock.advance(days=1)
    assert cohorts.publishing.report(status)["settled"] is False, "a new day has come and was not looked at"


def test_while_a_consumer_has_a_backlog_snapshots_are_a_second_apart(cohorts: Cohorts) -> None:
    with db.transaction(cohorts.engine) as connection:
        progress.meet(connection, "broker")
        progress.advance(connection, "broker", "applied", {("beklijf.episode-scored.v1", 0): 5}, backlog=True)
    cohorts.apply(scored("e1"))
    cohorts.publishing.step()
    first = cohorts.snapshot().version

    cohorts.clock.advance(seconds=1)
    cohorts.apply(scored("e2"))
    cohorts.publishing.step()
    assert cohorts.snapshot().version == first
    assert cohorts.publishing.report(Status("cohorts", "publisher"))["settled"] is False

    with db.transaction(cohorts.engine) as connection:
        progress.calm(connection)
    cohorts.publish()
    assert cohorts.snapshot().version > first


def test_two_publishers_one_works_and_the_other_takes_over(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1"))
    stops = [threading.Event(), threading.Event()]
    statuses = [Status("cohorts", "publisher"), Status("cohorts", "publisher")]
    log = Logger("cohorts", "publisher")
    threads = [
        threading.Thread(target=publisher.run, args=(cohorts.engine, cohorts.plans, cohorts.clock, status, stop, log))
        for status, stop in zip(statuses, stops, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: [status.report().get("settled") for status in statuses].count(True) == 1, because="one of them works")
        active = [bool(status.report()["settled"]) for status in statuses].index(True)

        stops[active].set()
        threads[active].join()
        cohorts.apply(scored("e2"))

        wait_until(lambda: cohorts.row("flow", year="all")["registered"] == 2, because="the other one has taken over")
    finally:
        for stop in stops:
            stop.set()
        for thread in threads:
            thread.join()


def test_snapshots_reach_the_outbox_once_each(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1"))
    cohorts.publish()

    assert cohorts.scalar("SELECT count(*) FROM outbox WHERE topic = 'beklijf.cohort-snapshot.v1'") == 2
    with db.transaction(cohorts.engine) as connection:
        bodies = [body for _, _, body in store.snapshots(connection)]
    assert all(msgspec.json.decode(body, type=events.CohortSnapshot).derivation == "cells-2" for body in bodies)
