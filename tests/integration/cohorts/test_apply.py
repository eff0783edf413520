"""Batches of events become counts, follow-ups and snapshots."""

from __future__ import annotations

import random

import pytest

from beklijf_shared import db, migrations
from tests.integration.cohorts.conftest import Cohorts, at
from tests.lib.scored import history, scored

VAS = {("t0", "vas-pain"): 50, ("t1", "vas-pain"): 30, ("t4", "vas-pain"): 45}


def test_migrations_make_the_tables_that_the_code_names(cohorts: Cohorts) -> None:
    migrations.check("beklijf_cohorts", cohorts.url)


def test_an_episode_is_counted_once_in_everything_it_belongs_to(cohorts: Cohorts) -> None:
    refused = cohorts.apply(scored("e1", VAS))
    cohorts.publish()

    assert refused == []
    assert cohorts.row("flow", year="2014") == {
        "registered": 1,
        "completed": 1,
        "in-treatment": 0,
        "stopped-early": 0,
        "objected": 0,
        "stopped-early-share": "0",
    }
    assert cohorts.row("trajectories", group="responders", year="2014", instrument="vas-pain", moment="t4")["mean"] == "45"
    assert cohorts.row("mcic", group="all", year="all", instrument="vas-pain", moment="t1", rule="imsr-30-percent@1.0.0")["improved"] == 1
    assert cohorts.row("lasting", group="all", year="all", instrument="vas-pain", rule="imsr-30-percent@1.0.0")["relapsed"] == 1
    assert cohorts.follow_ups() == {"e1/t0": "answered", "e1/t1": "answered", "e1/t2": "missed", "e1/t3": "missed", "e1/t4": "answered"}


def test_a_newer_state_replaces_the_older_one_and_nothing_is_counted_twice(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", VAS, version=1))
    cohorts.apply(scored("e1", {("t0", "vas-pain"): 60}, version=2))
    cohorts.apply(scored("e1", VAS, version=1), scored("e1", {("t0", "vas-pain"): 60}, version=2))
    cohorts.publish()

    row = cohorts.row("trajectories", group="all", year="all", instrument="vas-pain", moment="t0")
    assert (row["n"], row["sum"]) == (1, 60)
    assert cohorts.differences() == []


def test_the_same_version_with_another_content_is_refused(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", VAS, version=1))

    refused = cohorts.apply(scored("e1", {("t0", "vas-pain"): 60}, version=1))

    assert refused == ["conflict: this version was heard with another content"]
    assert cohorts.differences() == []


def test_a_day_that_is_in_no_calendar_is_refused_and_the_rest_is_applied(cohorts: Cohorts) -> None:
    refused = cohorts.apply(scored("e1", VAS, participation="withdrawn", participation_since="2014-02-31"), scored("e2", VAS))

    assert refused == ["impossible-date: a day or an instant is not in the calendar"]
    assert cohorts.cells()["f|2014|completed"] == 1


def test_an_episode_that_moves_to_another_subject_and_partition_stays_one(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", VAS, version=1, subject="s1"), partition=1)
    cohorts.apply(scored("e1", VAS, version=2, subject="s2"), partition=4)

    assert cohorts.cells()["f|2014|completed"] == 1
    assert cohorts.differences() == []


def test_an_episode_entered_in_error_leaves_every_figure_and_the_worklist(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", VAS, version=1, received="2018-02-01T10:00:00Z"), scored("e2", VAS, received="2018-01-01T10:00:00Z"))
    cohorts.apply(scored("e1", VAS, version=2, treatment="entered-in-error", received="2018-03-01T10:00:00Z"))
    cohorts.publish()

    assert cohorts.row("flow", year="all")["registered"] == 1
    assert set(cohorts.follow_ups().values()) == {"left", "answered", "missed"}
    assert {state for name, state in cohorts.follow_ups().items() if name.startswith("e1/")} == {"left"}
    assert cohorts.snapshot().data_time == "2018-01-01T10:00:00Z", "the data time falls back: nothing rests on e1 any more"


def test_a_corrected_t0_outside_the_cohort_takes_the_episode_out(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", VAS, version=1))
    cohorts.apply(scored("e1", VAS, version=2, t0="2010-03-03"))

    assert cohorts.cells() == {}
    assert set(cohorts.follow_ups().values()) == {"not-due"}


@pytest.mark.parametrize("seed", range(3))
def test_any_histories_in_any_batches_give_what_a_recount_gives(cohorts: Cohorts, seed: int) -> None:
    rnd = random.Random(seed)
    given = [history(rnd, f"e{number}", version) for number in range(60) for version in (1, 2, 3)]
    rnd.shuffle(given)
    while given:
        size = rnd.randrange(1, 40)
        cohorts.apply(*given[:size], partition=rnd.randrange(6))
        given = given[size:]

    assert cohorts.differences() == []
    assert cohorts.scalar("SELECT count(*) FROM cell WHERE n < 0") == 0


def test_a_batch_of_500_takes_as_many_statements_as_one_of_50(cohorts: Cohorts) -> None:
    rnd = random.Random(1)
    cohorts.apply(*(history(rnd, f"a{number}") for number in range(10)))
    counts = []
    for size in (50, 500):
        with db.transaction(cohorts.engine):  # the pool's own check is not the batch's
            pass
        before = statements(cohorts)
        cohorts.apply(*(history(rnd, f"{size}-{number}", 7) for number in range(size)))
        counts.append(statements(cohorts) - before)

    assert counts[0] == counts[1]
    assert counts[0] <= 11, "two more come from the loop: offsets and dead letters"


def statements(cohorts: Cohorts) -> int:
    return COUNTED[id(cohorts.engine)]


COUNTED: dict[int, int] = {}


@pytest.fixture(autouse=True)
def _count_statements(cohorts: Cohorts) -> None:
    from sqlalchemy import event

    COUNTED[id(cohorts.engine)] = 0

    def count(*_: object) -> None:
        COUNTED[id(cohorts.engine)] += 1

    event.listen(cohorts.engine, "before_cursor_execute", count)


def test_a_new_definition_is_counted_anew_from_what_was_heard(cohorts: Cohorts) -> None:
    cohorts.apply(scored("e1", VAS), scored("e2", {("t0", "vas-pain"): 20}))
    before = cohorts.cells()
    with db.transaction(cohorts.engine) as connection:
        connection.exec_driver_sql("UPDATE standing SET population = 'another'")

    cohorts.apply(scored("e3", VAS, t0="2015-02-02"))

    assert cohorts.cells() == before | {key: n for key, n in cohorts.cells().items() if "|2015|" in key}
    assert cohorts.differences() == []


def test_emptied_and_told_again_it_is_the_same(cohorts: Cohorts) -> None:
    rnd = random.Random(3)
    given = [history(rnd, f"e{number}") for number in range(80)]
    cohorts.apply(*given)
    cohorts.publish()
    before, snapshot = cohorts.state_hash(), cohorts.snapshot()

    cohorts.empty(kept=["imsr-k10-rested"])
    assert cohorts.cells() == {}
    rnd.shuffle(given)
    cohorts.apply(*given[:30])
    cohorts.publish()
    cohorts.apply(*given[30:])
    cohorts.clock.advance(seconds=5)
    cohorts.publish()

    assert cohorts.state_hash() == before
    assert cohorts.snapshot().version > snapshot.version, "a rebuilt service outranks what it published before"


def test_a_follow_up_that_is_no_longer_due_after_a_rebuild_is_told_so(cohorts: Cohorts) -> None:
    cohorts.clock.instant = at("2015-03-01")
    cohorts.apply(scored("e1", t0="2015-02-02"))
    assert cohorts.follow_ups() == {"e1/t0": "missed"}

    cohorts.empty(kept=[])
    cohorts.apply(scored("e1", t0="2015-06-02", version=2))

    assert cohorts.follow_ups() == {"e1/t0": "not-due"}
