"""What was told and what was heard: versions that only grow, repeats without effect, conflicts that are noticed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from beklijf_shared import db, envelope, events, heard, outbox, progress, topics
from tests.integration.shared.conftest import Plumbed
from tests.lib import work_list
from tests.lib.clock import HandClock

QUALITY = events.DataQuality(
    version=0, organisation="00000001", counts={"counted": 1}, not_scorable=0, moment_stated_off_window=0, episode_of_another_patient=0
)
PLACE = (topics.DATA_QUALITY.name, "00000001/all")


def tell(plumbed: Plumbed, event: events.Event, clock: HandClock, *, counted: bool = False) -> None:
    with db.transaction(plumbed.engine) as connection:
        outbox.publish(connection, [(topics.DATA_QUALITY, event)], now=clock(), counted=counted)


def unsent(plumbed: Plumbed) -> list[outbox.Unsent]:
    with db.transaction(plumbed.engine) as connection:
        return outbox.take(connection, 10)


def message(version: int, counts: dict[str, int]) -> envelope.Message:
    event = msgspec.structs.replace(QUALITY, version=version, counts=counts)
    return envelope.of(topics.DATA_QUALITY, event, events.encode(event))


def test_telling_the_same_twice_leaves_one_line_to_send(plumbed: Callable[[], Plumbed], clock: HandClock) -> None:
    service = plumbed()

    tell(service, QUALITY, clock)
    tell(service, QUALITY, clock)

    assert [line.state.version for line in unsent(service) if line.state] == [1583150400000000]


def test_a_derived_version_is_at_least_the_clock_and_always_grows(plumbed: Callable[[], Plumbed], clock: HandClock) -> None:
    service = plumbed()

    tell(service, QUALITY, clock)
    tell(service, msgspec.structs.replace(QUALITY, not_scorable=1), clock)

    assert [line.state.version for line in unsent(service) if line.state] == [1583150400000001, 1583150400000001]


def test_what_is_received_is_counted(plumbed: Callable[[], Plumbed], clock: HandClock) -> None:
    service = plumbed()

    for number in range(3):
        tell(service, msgspec.structs.replace(QUALITY, not_scorable=number), clock, counted=True)

    assert {line.state.version for line in unsent(service) if line.state} == {3}


def test_known_digests_leave_out_what_did_not_change(plumbed: Callable[[], Plumbed], clock: HandClock) -> None:
    service = plumbed()
    tell(service, QUALITY, clock)

    with db.transaction(service.engine) as connection:
        known = outbox.digests(connection, [topics.DATA_QUALITY], ["00000001"])
        sent = outbox.publish(connection, [(topics.DATA_QUALITY, QUALITY)], now=clock(), known=known)

    assert list(known) == [PLACE]
    assert sent == 0


def test_republish_lists_every_state_again(plumbed: Callable[[], Plumbed], clock: HandClock) -> None:
    service = plumbed()
    tell(service, QUALITY, clock)
    with db.transaction(service.engine) as connection:
        work_list.delete(connection, [line.id for line in outbox.take(connection, 10)])

    with db.transaction(service.engine) as connection:
        again = outbox.republish(connection, [topics.DATA_QUALITY])

    assert again == 1
    assert len(unsent(service)) == 1


def test_a_batch_is_sorted_into_fresh_stale_duplicate_and_conflicting() -> None:
    before = {PLACE: heard.Stored("00000001", 5, message(5, {"counted": 5}).digest)}
    batch = [
        message(4, {}),
        message(5, {"counted": 5}),
        message(5, {"counted": 99}),
        message(7, {"counted": 7}),
        message(6, {"counted": 6}),
    ]

    sorting = heard.sort(batch, before)

    assert [one.version for one in sorting.fresh] == [7]
    assert [one.version for one in sorting.conflicting] == [5]
    assert (sorting.stale, sorting.duplicate) == (2, 1)


def test_two_bodies_of_one_version_in_one_batch_conflict_whatever_comes_first() -> None:
    first, second = message(1, {"counted": 1}), message(1, {"counted": 2})

    sorting = heard.sort([first, second], {})

    assert sorting.fresh == [first]
    assert sorting.conflicting == [second]


def test_an_older_version_never_overwrites(plumbed: Callable[[], Plumbed]) -> None:
    service = plumbed()

    with db.transaction(service.engine) as connection:
        heard.store(connection, [message(2, {"counted": 2})], {PLACE: b"facts"})
        heard.store(connection, [message(1, {"counted": 1})])
        found = heard.load(connection, [topics.DATA_QUALITY], ["00000001"])

    assert [(one.version, one.facts, one.body) for one in found] == [(2, b"facts", None)]


def test_offsets_only_grow_and_belong_to_one_incarnation(plumbed: Callable[[], Plumbed]) -> None:
    service = plumbed()

    with db.transaction(service.engine) as connection:
        progress.advance(connection, "one", "applied", {("topic", 0): 10}, backlog=True)
        progress.advance(connection, "one", "applied", {("topic", 0): 7})
        first_meeting, second_meeting = progress.meet(connection, "one"), progress.meet(connection, "one")
        offsets = progress.stored(connection, "one", "applied"), progress.stored(connection, "two", "applied")

    assert offsets == ({("topic", 0): 10}, {})
    assert (first_meeting, second_meeting) == (0, None)


def test_a_dead_letter_keeps_the_record_whole(plumbed: Callable[[], Plumbed]) -> None:
    from beklijf_shared import bus, dead_letters

    service = plumbed()
    record = bus.Polled("beklijf.data-quality.v1", 3, 17, b"key", b"\xff\xfe", (("ce_type", b"x"),))

    with db.transaction(service.engine) as connection:
        dead_letters.insert(connection, "one", [dead_letters.DeadLetter(record, "not-json")])
        dead_letters.insert(connection, "one", [dead_letters.DeadLetter(record._replace(), "again")])
        listed = dead_letters.listed(connection)
        shown = dead_letters.show(connection, listed[0]["id"])

    assert [row["reason"] for row in listed] == ["not-json"]
    assert shown is not None
    assert (shown.partition, shown.offset, shown.key, shown.value, shown.headers) == (3, 17, b"key", b"\xff\xfe", [("ce_type", b"x")])
