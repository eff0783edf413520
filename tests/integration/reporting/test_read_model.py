"""The read model keeps the newest state of everything, however it comes; a batch costs the same number of statements whatever its size."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import event as listening

from beklijf_reporting import app, store, usecases
from beklijf_shared import commands, consume, db, dead_letters, envelope, migrations, topics
from beklijf_shared.bus import Polled
from beklijf_shared.events import FollowUpDue, IntakeTally
from beklijf_shared.telemetry import Logger
from tests.contract.examples import every, of, sent
from tests.integration.reporting.conftest import ReadModel
from tests.lib.builders import intake_tally
from tests.lib.clock import NOON
from tests.lib.snapshots import golden

TALLY = intake_tally(version=5, organisation="urn:ura:00000001", told=7, sent=10, duplicate=2, refused=1, refused_by_code={"invalid": 1})


def follow_up(episode: str, state: Any, target: str, version: int = 1) -> FollowUpDue:
    """One scheduled moment of an episode."""
    return FollowUpDue(
        version=version,
        episode=episode,
        cohort="imsr",
        organisation="o1",
        moment="t4",
        opens="2019-01-01",
        target=target,
        closes="2020-12-31",
        state=state,
    )


def tallies(model: ReadModel) -> list[IntakeTally]:
    with db.transaction(model.engine) as connection:
        return store.tallies(connection, 10)


def test_the_scripts_make_the_tables_that_the_code_knows(model: ReadModel) -> None:
    migrations.check("beklijf_reporting", model.url)


def test_newer_replaces_older(model: ReadModel) -> None:
    model.hear(TALLY)
    model.hear(msgspec.structs.replace(TALLY, version=6, sent=11, accepted=8))

    assert [(tally.version, tally.accepted) for tally in tallies(model)] == [(6, 8)]


def test_late_and_repeated_have_no_effect(model: ReadModel) -> None:
    model.hear(TALLY)

    rejected = model.hear(TALLY, msgspec.structs.replace(TALLY, version=4, accepted=0), TALLY)

    assert rejected == []
    assert tallies(model) == [TALLY]


def test_a_batch_in_any_order_leaves_the_newest(model: ReadModel) -> None:
    states = [msgspec.structs.replace(TALLY, version=version, sent=version, accepted=version - 3) for version in (7, 5, 9, 6, 8)]

    model.hear(*states)

    assert [(tally.version, tally.accepted) for tally in tallies(model)] == [(9, 6)]


def test_the_same_version_with_another_content_is_rejected(model: ReadModel) -> None:
    model.hear(TALLY)

    rejected = model.hear(msgspec.structs.replace(TALLY, accepted=6, duplicate=3))

    assert [one.reason for one in rejected] == ["conflict: this version was heard with another content"]
    assert tallies(model) == [TALLY]


def test_every_golden_message_for_reporting_is_taken(model: ReadModel) -> None:
    mine = [example for example in every() if "reporting" in example.topic.receivers]
    messages = [envelope.decode(sent(example)) for example in mine]

    with db.transaction(model.engine) as connection:
        rejected = [usecases.apply(connection, [message], NOON) for message in messages]

    assert len(messages) >= 8
    assert all(len(one) <= 1 for one in rejected)
    with db.transaction(model.engine) as connection:
        assert {held.topic for held in store.held(connection)} == {topic.name for topic in topics.received_by("reporting")}


@pytest.mark.parametrize("size", [50, 500])
def test_a_batch_takes_two_statements_whatever_its_size(model: ReadModel, size: int) -> None:
    statements: list[str] = []
    batch = [follow_up(f"episode-{number:04d}", "due", "2020-01-31") for number in range(size)]

    listening.listen(model.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    model.hear(*batch)

    assert len(statements) == 2


def test_the_worklist_begins_with_the_earliest_target_and_forgets_who_answered(model: ReadModel) -> None:
    model.hear(
        follow_up("e1", "overdue", "2019-12-01"),
        follow_up("e2", "overdue", "2019-06-30"),
        follow_up("e3", "due", "2019-01-01"),
        follow_up("e4", "overdue", "2019-09-15"),
    )
    model.hear(follow_up("e4", "answered", "2019-09-15", version=2))

    with db.transaction(model.engine) as connection:
        worklist = store.worklist(connection, "imsr", "overdue", most=10)

    assert [line.episode for line in worklist] == ["e2", "e1"]


def test_what_is_emptied_and_heard_again_under_other_versions_has_the_same_state_hash(model: ReadModel) -> None:
    def state_hash() -> str:
        with db.transaction(model.engine) as connection:
            return commands.state_hash(connection, app.SERVICE)

    told = [golden(), TALLY, follow_up("e1", "due", "2020-01-31")]
    empty = state_hash()
    model.hear(*told, follow_up("e2", "not-due", "2030-01-31"))
    before = state_hash()

    with db.transaction(model.engine) as connection:
        assert app.SERVICE.empty is not None
        app.SERVICE.empty(connection)
    emptied = state_hash()
    model.hear(*[msgspec.structs.replace(event, version=event.version + 1000) for event in reversed(told)])

    assert emptied == empty
    assert state_hash() == before
    assert before != empty


def test_a_poison_message_and_an_unknown_version_become_dead_letters_and_the_rest_goes_on(model: ReadModel) -> None:
    good = sent(of(topics.INTAKE_TALLY)[0])
    poison = Polled(good.topic, 0, 1, good.key, b"\xff\xfe", good.headers)
    later = [(name, b"beklijf.intake-tally.v2" if name == "ce_type" else value) for name, value in good.headers]
    unknown = Polled(good.topic, 0, 2, good.key, good.value, later)
    after = sent(of(topics.INTAKE_TALLY)[1])._replace(offset=3)

    consume.apply_batch(model.engine, usecases.apply, [good, poison, unknown, after], "incarnation", NOON, Logger("reporting", "test"))

    with db.transaction(model.engine) as connection:
        reasons = [(letter["offset"], letter["reason"]) for letter in dead_letters.listed(connection)]
    assert reasons == [(1, "not-json"), (2, "unknown-version: this topic carries beklijf.intake-tally.v1")]
    with db.transaction(model.engine) as connection:
        assert [(each.topic, each.entities) for each in store.held(connection)] == [(topics.INTAKE_TALLY.name, 2)]
