"""Order, repeats, batches, several consumers and rebuilding make no difference: equal state hashes (design, section 3)."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from beklijf_shared import db
from beklijf_shared.events import Event
from tests.integration.scoring.conftest import Service, batches
from tests.lib.builders import episode_changed, response_accepted

DAYS = ("2014-03-03", "2014-05-03", "2014-08-03", "2015-06-03", "2017-09-03", "2014-04-01")


def history(subjects: int = 6) -> list[Event]:
    """A few patients with everything that can happen to them: amendments, retractions, moves, wrong links, corrected starts."""
    chance = random.Random(20261122)
    events: list[Event] = []
    for number in range(subjects):
        subject, name = f"s{number}", f"e{number}"
        events.append(episode_changed(name, subject=subject, version=1, t0="2014-03-01"))
        events.append(episode_changed(name, subject=subject, version=2))
        if number % 3 == 1:
            events.append(episode_changed(name, subject=subject, version=3, participation="withdrawn", participation_since="2015-01-01"))
        if number % 3 == 2:
            events.append(episode_changed(name, subject=f"s{number - 1}", version=3))
        for place, day in enumerate(DAYS):
            for instrument in ("vas-pain", "qbpds"):
                facts = {"instrument": instrument, "measured": f"{day}T09:00:00Z"}
                answer = f"r{number}-{place}-{instrument}"
                events.append(response_accepted(answer, chance.randrange(101), subject=subject, **facts))
                other = chance.choice([None, None, f"e{chance.randrange(subjects + 1)}"])
                status = chance.choice(["amended", "amended", "entered-in-error"])
                value = chance.choice([None, chance.randrange(101)])
                holder = chance.choice([subject, subject, f"s{chance.randrange(subjects)}"])
                events.append(response_accepted(answer, value, subject=holder, version=2, status=status, stated_episode=other, **facts))
    return events


@pytest.mark.parametrize(("seed", "size"), [(1, 1), (2, 7), (3, 1000)])
def test_order_repeats_and_batches_make_no_difference(service: Service, another: Service, seed: int, size: int) -> None:
    given, chance = history(), random.Random(seed)
    shuffled = given + chance.sample(given, 40)
    chance.shuffle(shuffled)

    service.apply(*given)
    for batch in batches(shuffled, size):
        another.apply(*batch)

    assert another.state_hash() == service.state_hash()
    assert another.counts() == another.recount()


def test_consumers_at_once_make_no_difference(service: Service, another: Service) -> None:
    given, chance = history(), random.Random(4)
    shuffled = given * 2
    chance.shuffle(shuffled)
    service.apply(*given)

    def work(batch: list[Event]) -> None:
        for _ in range(20):  # what the batch loop does: a deadlock or a lost race is tried again
            try:
                another.apply(*batch)
            except db.DBAPIError as error:
                if not db.is_transient(error):
                    raise
            else:
                return
        raise AssertionError("twenty deadlocks in a row")

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, batches(shuffled, 9)))

    assert another.state_hash() == service.state_hash()
    assert another.counts() == another.recount()


def test_emptied_and_told_again_it_is_the_same(service: Service) -> None:
    given = history()
    for batch in batches(given, 5):
        service.apply(*batch)
    before = service.state_hash()

    service.empty()
    for batch in batches(given[::-1], 11):
        service.apply(*batch)

    assert service.state_hash() == before
    assert service.counts() == service.recount()
