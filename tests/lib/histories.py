"""Histories drawn by Hypothesis: every version of a few episodes and answers, as events, and what they amount to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from beklijf_shared.events import EpisodeChanged, Event, ResponseAccepted
from tests.lib import builders, reference

T0_DAYS = (date(2012, 12, 31), date(2013, 2, 28), date(2014, 3, 3), date(2014, 4, 20), date(2015, 11, 30))
"""Ends of months, and two that lie so close that an answer may fit both episodes."""
MOMENTS = (None, None, None, None, None, None, None, "t0", "t1", "t2", "t3", "t4")
TREATMENTS = ("completed", "completed", "completed", "completed", "completed", "in-treatment", "stopped-early", "entered-in-error")
PARTICIPATIONS = ("following", "following", "following", "following", "following", "withdrawn", "deceased", "objected")
DAYS_TO_THE_END = (10, 32, 33, 60, 200, 500, 1500)
"""32 days after t0 the window of t1 opens: ends before, on and after that day."""
STATUSES = ("completed", "completed", "completed", "amended", "amended", "amended", "entered-in-error")
TODAY = date(2020, 3, 2)


@dataclass(frozen=True)
class History:
    """All versions of everything, in no particular order; the newest of each is what counts."""

    events: tuple[Event, ...]

    def episodes(self) -> list[reference.Episode]:
        """The newest version of every episode, in the words of the reference."""
        return [_episode(event) for event in _newest(self.events, EpisodeChanged, "episode")]

    def answers(self) -> list[reference.Answer]:
        """The newest version of every answer."""
        return [_answer(event) for event in _newest(self.events, ResponseAccepted, "response")]


def _newest(events: tuple[Event, ...], kind: type[Event], name: str) -> list[Any]:
    newest: dict[str, Event] = {}
    for event in events:
        if isinstance(event, kind):
            known = newest.get(getattr(event, name))
            if known is None or event.version > known.version:
                newest[getattr(event, name)] = event
    return [newest[key] for key in sorted(newest)]


def _episode(event: EpisodeChanged) -> reference.Episode:
    since = None if event.participation_since is None else date.fromisoformat(event.participation_since)
    t0 = date.fromisoformat(event.t0)
    return reference.Episode(event.episode, event.subject, event.organisation, t0, event.treatment, event.participation, since)


def _answer(event: ResponseAccepted) -> reference.Answer:
    instrument = event.questionnaire.rsplit("/", 1)[1]
    given = {answer.link: answer for answer in event.answers}
    links = (builders.VAS_LINK,) if instrument == "vas-pain" else builders.QBPDS_LINKS
    items = tuple(_number(given[link].integer, given[link].code) if link in given else None for link in links)
    measured = datetime.fromisoformat(event.measured)
    stated = (event.stated_episode, event.stated_moment)
    return reference.Answer(
        event.response, event.subject, event.organisation, instrument, event.status, measured, items, *stated, event.tie_break
    )


def _number(integer: int | None, code: str | None) -> int:
    return integer if integer is not None else int(str(code))


def rarely(draw: st.DrawFn) -> bool:
    """True in about one case of eight; never in the simplest history."""
    return draw(st.integers(0, 7)) == 7


@st.composite
def episodes(draw: st.DrawFn, name: str) -> list[EpisodeChanged]:
    """One to three versions of one episode; its start, its fate and even its patient may change."""
    organisation = "o2" if rarely(draw) else "o1"
    t0, found = draw(st.sampled_from(T0_DAYS)), []
    for version in range(1, 1 + draw(st.integers(1, 3))):
        t0 = draw(st.sampled_from(T0_DAYS)) if rarely(draw) else t0
        found.append(_episode_version(draw, name, version, organisation, t0))
    return found


def _episode_version(draw: st.DrawFn, name: str, version: int, organisation: str, t0: date) -> EpisodeChanged:
    participation = draw(st.sampled_from(PARTICIPATIONS))
    since = None if participation == "following" else (t0 + timedelta(draw(st.sampled_from(DAYS_TO_THE_END)))).isoformat()
    treatment = draw(st.sampled_from(TREATMENTS))
    return builders.episode_changed(
        name,
        version=version,
        subject="s2" if rarely(draw) else "s1",
        organisation=organisation,
        t0=t0.isoformat(),
        treatment=treatment,
        treatment_ended=None if treatment == "in-treatment" else (t0 + timedelta(60)).isoformat(),
        participation=participation,
        participation_since=since,
        received=f"2016-01-01T00:00:0{version}Z",
    )


@st.composite
def answers(draw: st.DrawFn, name: str, known: list[EpisodeChanged]) -> list[ResponseAccepted]:
    """One to three versions of one answer. Measured instants and instruments do not change (M3); nearly all else may.

    An episode that is stated is one of the same hospital (intake looks nowhere else), or one that nobody knows.
    """
    instrument = draw(st.sampled_from(reference.INSTRUMENTS))
    about = draw(st.sampled_from(known))
    t0 = date.fromisoformat(about.t0)
    moment = draw(st.sampled_from(("t0", "t0", "t1", "t1", "t2", "t3", "t4")))
    opens, target, closes = reference.windows(t0)[moment]
    day = draw(st.sampled_from((target, target, target, opens, closes, opens - timedelta(1), closes + timedelta(1))))
    hour = draw(st.sampled_from((0, 9, 9, 23)))
    measured = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    organisation = about.organisation
    nameable = [None] * 6 + ["e9", *sorted({episode.episode for episode in known if episode.organisation == organisation})]
    return [
        builders.response_accepted(
            name,
            draw(st.sampled_from((None, 0, 1, 10, 30, 35, 50, 70, 100))),
            version=version,
            instrument=instrument,
            subject="s2" if rarely(draw) else "s1",
            organisation=organisation,
            status=draw(st.sampled_from(STATUSES)),
            measured=measured.isoformat().replace("+00:00", "Z"),
            received=f"2016-02-01T00:00:0{version}Z",
            stated_episode=draw(st.sampled_from(nameable)),
            stated_moment=draw(st.sampled_from(MOMENTS)),
        )
        for version in range(1, 1 + draw(st.integers(1, 3)))
    ]


@st.composite
def pairs(draw: st.DrawFn, episode: EpisodeChanged) -> list[ResponseAccepted]:
    """What most patients send: a baseline and one to three follow-ups of one instrument, each once, in the middle of its window."""
    instrument = draw(st.sampled_from(reference.INSTRUMENTS))
    moments = ["t0", *draw(st.lists(st.sampled_from(("t1", "t2", "t3", "t4")), min_size=1, max_size=3, unique=True))]
    windows = reference.windows(date.fromisoformat(episode.t0))
    return [
        builders.response_accepted(
            f"{episode.episode}-{moment}",
            draw(st.sampled_from((0, 10, 35, 50, 70, 100))),
            instrument=instrument,
            subject=episode.subject,
            organisation=episode.organisation,
            stated_episode=episode.episode if draw(st.booleans()) else None,
            measured=f"{windows[moment][1]}T10:00:00Z",
        )
        for moment in moments
    ]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to three episodes of two patients at two hospitals, and up to ten answers."""
    found: list[EpisodeChanged] = []
    for number in range(1, 1 + draw(st.sampled_from((1, 1, 2, 3)))):
        found += draw(episodes(f"e{number}"))
    given: list[ResponseAccepted] = []
    for number in range(1, 1 + draw(st.integers(0, 7))):
        given += draw(answers(f"r{number}", found))
    newest = {event.episode: event for event in found}
    for event in newest.values():
        given += draw(st.just([]) if rarely(draw) else pairs(event))
    return History((*found, *given))


@st.composite
def deliveries(draw: st.DrawFn, history: History) -> list[list[Event]]:
    """The events of a history in any order, some of them twice, cut into batches."""
    events = list(draw(st.permutations(history.events)))
    again = draw(st.lists(st.sampled_from(history.events), max_size=5))
    for event in again:
        events.insert(draw(st.integers(0, len(events))), event)
    size = draw(st.sampled_from((1, 2, 5, 500)))
    return [events[start : start + size] for start in range(0, len(events), size)]
