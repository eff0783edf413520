"""Whatever an episode's history: it is in one box, in one state per moment, and nothing changes before the day that was announced."""

from __future__ import annotations

import random
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from beklijf_cohorts import hearing, usecases
from beklijf_cohorts.domain.derive import derive
from beklijf_shared import contracts
from tests.lib.scored import history

(PLAN,) = usecases.planned(contracts.load()).by_population.values()
SEEDS = st.integers(0, 2**32)
DAYS = st.dates(date(2011, 1, 1), date(2019, 12, 31))


@settings(max_examples=200)
@given(SEEDS, DAYS, st.integers(0, 400))
def test_nothing_changes_before_the_announced_day(seed: int, day: date, later: int) -> None:
    episode = hearing.facts_of(history(random.Random(seed), "e1")).episode
    first = derive(episode, day, PLAN)
    until = day + timedelta(days=later)

    if first.next_change is None or until < first.next_change:
        again = derive(episode, until, PLAN)
        assert (again.cells, again.follow_ups, again.next_change) == first
    assert first.next_change is None or first.next_change > day


@settings(max_examples=200)
@given(SEEDS, DAYS)
def test_an_episode_is_in_exactly_one_place_of_every_table(seed: int, day: date) -> None:
    cells = derive(hearing.facts_of(history(random.Random(seed), "e1")).episode, day, PLAN).cells
    places = [key.rpartition("|")[0] for key in cells if key[0] in "fip" or (key[0] == "m" and not key.endswith("responded-closed"))]

    assert len(places) == len(set(places))
    assert len(cells) == len(set(cells))
    if any(key.startswith("f|") and key.endswith("|completed") for key in cells):
        assert sum(key[0] == "m" for key in cells) - sum(key.endswith("responded-closed") for key in cells) == 5
        assert sum(key[0] == "i" for key in cells) == 14
        assert sum(key[0] == "p" for key in cells) == 8
