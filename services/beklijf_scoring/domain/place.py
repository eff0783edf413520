"""Where an answer belongs: its episode, its moment, and how it counts there (M5 to M8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from beklijf_domain.calendar import REGISTRY_TIME_ZONE, local_date
from beklijf_domain.protocol import Moment, Protocol, Window
from beklijf_domain.states import Counts
from beklijf_scoring.domain.facts import Answer, Episode

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Course:
    """One episode with its protocol laid over it: which windows it has, and when it left."""

    episode: Episode
    protocol: Protocol
    windows: Mapping[str, Window]
    ended: date | None


class Placed(NamedTuple):
    """One answer with its place. `day` is local to the programme; `waits_for` names a stated episode that is not this subject's."""

    answer: Answer
    counts: Counts
    day: date
    episode: str | None = None
    moment: str | None = None
    in_window: bool = False
    waits_for: str | None = None


def course_of(episode: Episode, protocol: Protocol, windows: Mapping[str, Window]) -> Course:
    """The course of an episode, with the windows that its t0 gives.

    Withdrawal and death end it (M16); an objection is no end, it takes the episode out of every figure.
    """
    left = episode.participation in ("withdrawn", "deceased") and episode.participation_since is not None
    ended = date.fromisoformat(episode.participation_since) if left and episode.participation_since else None
    return Course(episode, protocol, windows, ended)


def place(answer: Answer, courses: Mapping[str, Course]) -> Placed:
    """The place of one answer among the subject's episodes, the first that applies (M8); who is surplus, `compete` says."""
    if answer.retracted:
        return Placed(answer, "retracted", date.fromisoformat(answer.day))
    course = course_for(answer, courses)
    if course is None:
        return Placed(answer, "waiting", date.fromisoformat(answer.day), waits_for=answer.stated_episode)
    day = day_of(answer, course.protocol.time_zone)
    moment, scheduled, in_window = moment_for(answer, course, day)
    counts: Counts = "counted"
    if course.ended is not None and day > course.ended:
        counts = "after-end"
    elif moment is None:
        counts = "off-window"
    elif not scheduled:
        counts = "unscheduled"
    return Placed(answer, counts, day, course.episode.episode, moment, in_window)


def course_for(answer: Answer, courses: Mapping[str, Course]) -> Course | None:
    """The stated episode; else the one episode at the same organisation with a window of this instrument that fits (M7)."""
    if answer.stated_episode is not None:
        return courses.get(answer.stated_episode)
    fitting = [course for course in courses.values() if course.episode.organisation == answer.organisation and fits(answer, course)]
    return fitting[0] if len(fitting) == 1 else None


def fits(answer: Answer, course: Course) -> bool:
    """Whether a window of this episode for this instrument holds the day; with a stated moment, that moment's window."""
    day = day_of(answer, course.protocol.time_zone)
    for moment in course.protocol.moments:
        if answer.stated_moment is None or answer.stated_moment == moment.code:
            window = course.windows.get(moment.code)
            if window is not None and window.opens <= day <= window.closes and answer.instrument in moment.instruments:
                return True
    return False


def moment_for(answer: Answer, course: Course, day: date) -> tuple[str | None, bool, bool]:
    """The moment, whether the instrument is asked there, and whether the day lies in its window (M5).

    A stated moment holds however far off; one that the programme lacks, or that is not scheduled for this treatment year (M4), asks
    for nothing. Otherwise the nearest moment whose window holds the day; None when there is none.
    """
    if answer.stated_moment is not None:
        moment, window = course.protocol.moment(answer.stated_moment), course.windows.get(answer.stated_moment)
        if moment is None or window is None:
            return answer.stated_moment, False, False
        return moment.code, answer.instrument in moment.instruments, window.holds(day)
    nearest = nearest_of(course, day)
    if nearest is None:
        return None, False, False
    return nearest.code, answer.instrument in nearest.instruments, True


def nearest_of(course: Course, day: date) -> Moment | None:
    """The moment whose window holds the day; the one with the nearest target, should several do."""
    found: Moment | None = None
    distance = timedelta.max
    for moment in course.protocol.moments:
        window = course.windows.get(moment.code)
        if window is not None and window.opens <= day <= window.closes and abs(window.target - day) < distance:
            found, distance = moment, abs(window.target - day)
    return found


def compete(placed: Iterable[Placed]) -> list[Placed]:
    """Of several answers for one episode, moment and instrument one counts, the others are surplus (M6); never arrival decides."""
    result: list[Placed] = []
    rivals: dict[tuple[str | None, str | None, str], list[Placed]] = {}
    for each in placed:
        if each.counts == "counted":
            rivals.setdefault((each.episode, each.moment, each.answer.instrument), []).append(each)
        else:
            result.append(each)
    for group in rivals.values():
        winner = group[0] if len(group) == 1 else min(group, key=_precedence)
        result.extend(each if each is winner else each._replace(counts="surplus") for each in group)
    return result


def _precedence(placed: Placed) -> tuple[bool, bool, int, str, str]:
    """Stated before found, scorable before not, earliest measured, smaller identifier; smallest first (M6)."""
    answer = placed.answer
    return answer.stated_moment is None, not answer.scorable, answer.measured_microseconds, answer.tie_break, answer.response


def day_of(answer: Answer, time_zone: str) -> date:
    """The measured day in the programme's time zone (M2)."""
    if time_zone == REGISTRY_TIME_ZONE:
        return date.fromisoformat(answer.day)
    return local_date(EPOCH + timedelta(microseconds=answer.measured_microseconds), time_zone)
