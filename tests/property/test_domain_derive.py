"""What scoring derives of a subject depends on what is known, never on the order in which it is handed in; and it obeys the rules."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from beklijf_scoring.domain.derive import Derived, Subject, derive
from beklijf_shared.events import EpisodeChanged, Event, ResponseAccepted
from tests.lib import reference
from tests.lib.histories import History, histories
from tests.lib.subjects import HEARING, KNOWLEDGE


def newest(history: History) -> list[Event]:
    """The newest version of everything."""
    found: dict[tuple[type[Event], str], Event] = {}
    for event in history.events:
        assert isinstance(event, EpisodeChanged | ResponseAccepted)
        name = type(event), event.episode if isinstance(event, EpisodeChanged) else event.response
        if name not in found or event.version > found[name].version:
            found[name] = event
    return list(found.values())


def derived_by_subject(events: list[Event]) -> dict[str, Derived]:
    """Every subject derived from its events in the order in which they are given."""
    subjects = {str(getattr(event, "subject")) for event in events}  # noqa: B009
    result = {}
    for subject in sorted(subjects):
        own = [event for event in events if getattr(event, "subject") == subject]  # noqa: B009
        episodes = [HEARING.episode(event) for event in own if isinstance(event, EpisodeChanged)]
        answers = [HEARING.answer(event) for event in own if isinstance(event, ResponseAccepted)]
        result[subject] = derive(Subject(episodes, answers), KNOWLEDGE)
    return result


def sets(derived: dict[str, Derived]) -> dict[str, tuple[object, object, object]]:
    """What was derived, without the order of the lists."""
    return {subject: (set(each.episodes), set(each.answers), set(each.pairs)) for subject, each in derived.items()}


@settings(max_examples=60, deadline=None)
@given(histories(), st.integers(0, 2**32))
def test_the_order_in_which_things_became_known_makes_no_difference(history: History, seed: int) -> None:
    events = newest(history)
    shuffled = random.Random(seed).sample(events, len(events))

    assert sets(derived_by_subject(shuffled)) == sets(derived_by_subject(events))


@settings(max_examples=150, deadline=None)
@given(histories())
def test_places_and_verdicts_are_those_of_the_plain_reference(history: History) -> None:
    derived = derived_by_subject(newest(history))
    expected = reference.place(history.answers(), history.episodes())
    known = reference.counted(history.answers(), history.episodes())
    placed = {each.answer.response: each for one in derived.values() for each in one.answers}

    assert {name: (each.counts, each.episode, each.moment) for name, each in placed.items()} == {
        name: (each.counts, each.episode, each.moment) for name, each in expected.items()
    }
    for pair in (pair for one in derived.values() for episode in one.episodes for pair in episode.pairs):
        follow_up = known[pair.key.episode, pair.key.moment, pair.key.instrument]
        baseline = known.get((pair.key.episode, "t0", pair.key.instrument))
        if follow_up.score is not None and baseline is not None and baseline.score is not None:
            rules = [reference.verdict(rule, pair.key.instrument, baseline.score, follow_up.score) for rule in reference.RULES]
            assert [judged.verdict for judged in pair.verdicts] == rules
        else:
            assert pair.verdicts == ()


@settings(max_examples=60, deadline=None)
@given(histories())
def test_one_answer_counts_for_a_moment_and_every_pair_has_its_follow_up(history: History) -> None:
    for one in derived_by_subject(newest(history)).values():
        counted = [each for each in one.answers if each.counts == "counted"]
        seats = Counter((each.episode, each.moment, each.answer.instrument) for each in counted)

        assert set(seats.values()) <= {1}
        assert {pair.key for pair in one.pairs} == {
            (episode, instrument, moment) for episode, moment, instrument in seats if moment != "t0"
        }
        assert sum(len(episode.results) for episode in one.episodes) == len(counted)
