"""The plain reference: what the figures must be, written from the rules of meaning (M1 to M39) alone, one subject at a time.

It imports no service and no shared rule, knows no database and no event, looks at everything anew for every question, and
knows the iMSR programme by heart. Where it and the services differ, one of them has read a rule wrongly.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Amsterdam")
MOMENTS = {"t0": (0, 42, 14), "t1": (2, 28, 35), "t2": (5, 45, 60), "t3": (15, 90, 120), "t4": (None, 214, 244)}  # M1
T4_MONTHS = {2012: 66, 2013: 54, 2014: 42, 2015: 30}
INSTRUMENTS = ("qbpds", "vas-pain")
RULES = ("relative", "absolute")
ABSOLUTE = {"qbpds": 20, "vas-pain": 15}
STATUS_ORDER = ("in-progress", "stopped", "completed", "amended", "entered-in-error")


@dataclass(frozen=True)
class Episode:
    """One treatment episode in its current version."""

    id: str
    subject: str
    organisation: str
    t0: date
    treatment: str
    participation: str = "following"
    since: date | None = None

    @property
    def ended(self) -> date | None:
        """The day on which it left the follow-up; an objection is no end but takes it out of everything (M15, M16)."""
        return self.since if self.participation in ("withdrawn", "deceased") else None


@dataclass(frozen=True)
class Answer:
    """One answer in its current version; `items` are its numbers as given, None where one was left open."""

    id: str
    subject: str
    organisation: str
    instrument: str
    status: str
    measured: datetime
    items: tuple[int | None, ...]
    stated_episode: str | None = None
    stated_moment: str | None = None
    tie: str = ""

    @property
    def day(self) -> date:
        """The day in the programme's time zone (M2)."""
        return self.measured.astimezone(ZONE).date()

    @property
    def score(self) -> int | None:
        """The sum, if nothing was left open (M24): one number for VAS, twenty for QBPDS."""
        return None if None in self.items else sum(item for item in self.items if item is not None)


@dataclass(frozen=True)
class AnswerVersion:
    """One version of an answer as it was sent; `content` stands for everything else that it says."""

    status: str
    authored: datetime
    content: object


def current(versions: Sequence[AnswerVersion]) -> tuple[AnswerVersion, datetime] | None:
    """The version that counts and the measured instant (M3, M11); None while there are drafts only. In order of arrival."""
    best = max(enumerate(versions), key=lambda one: (STATUS_ORDER.index(one[1].status), one[1].authored, one[0]))[1]
    if best.status in ("in-progress", "stopped"):
        return None
    real = [version.authored for version in versions if version.status in ("completed", "amended")]
    return best, min(real, default=best.authored)


def windows(t0: date) -> dict[str, tuple[date, date, date]]:
    """Opening day, target and closing day of every moment scheduled for this t0 (M1, M4)."""
    found = {}
    for moment, (offset, before, after) in MOMENTS.items():
        months = T4_MONTHS.get(t0.year) if offset is None else offset
        if months is not None:
            year, month = divmod(t0.month - 1 + months, 12)
            year, month = t0.year + year, month + 1
            target = date(year, month, min(t0.day, monthrange(year, month)[1]))
            found[moment] = (target - timedelta(before), target, target + timedelta(after))
    return found


def holding(episode: Episode, day: date) -> str | None:
    """The moment whose window holds the day."""
    return next((moment for moment, (opens, _, closes) in windows(episode.t0).items() if opens <= day <= closes), None)


def episode_of(answer: Answer, episodes: Iterable[Episode]) -> Episode | None:
    """The stated episode, else the one whose window holds the day (M7); None: it waits."""
    own = [one for one in episodes if one.subject == answer.subject and one.treatment != "entered-in-error"]
    if answer.stated_episode is not None:
        return next((one for one in own if one.id == answer.stated_episode), None)
    fitting = []
    for one in own:
        moment = holding(one, answer.day)
        if one.organisation == answer.organisation and moment is not None and answer.stated_moment in (None, moment):
            fitting.append(one)
    return fitting[0] if len(fitting) == 1 else None


@dataclass(frozen=True)
class Placed:
    """Where an answer stands, and how it counts (M8)."""

    answer: Answer
    counts: str
    episode: str | None = None
    moment: str | None = None


def judge(answer: Answer, episodes: Iterable[Episode]) -> Placed:
    """Everything of M8 that needs only this answer and the episodes: all but the competition."""
    if answer.status == "entered-in-error":
        return Placed(answer, "retracted")
    episode = episode_of(answer, episodes)
    if episode is None:
        return Placed(answer, "waiting")
    moment = answer.stated_moment or holding(episode, answer.day)
    if episode.ended is not None and answer.day > episode.ended:
        return Placed(answer, "after-end", episode.id, moment)
    if moment is None:
        return Placed(answer, "off-window", episode.id)
    return Placed(answer, "counted" if moment in windows(episode.t0) else "unscheduled", episode.id, moment)


def place(answers: Iterable[Answer], episodes: Sequence[Episode]) -> dict[str, Placed]:
    """Every answer by its id, the competition included (M5 to M8)."""
    placed = {answer.id: judge(answer, episodes) for answer in answers}

    def rivals(one: Placed) -> tuple[str | None, str | None, str]:
        return one.episode, one.moment, one.answer.instrument

    def rank(one: Placed) -> tuple[bool, bool, datetime, str]:
        return one.answer.stated_moment is None, one.answer.score is None, one.answer.measured, one.answer.tie

    competing = sorted((one for one in placed.values() if one.counts == "counted"), key=lambda one: tuple(map(str, rivals(one))))
    for _, group in groupby(competing, key=rivals):
        for loser in sorted(group, key=rank)[1:]:
            placed[loser.answer.id] = Placed(loser.answer, "surplus", loser.episode, loser.moment)
    return placed


def verdict(rule: str, instrument: str, baseline: int, follow_up: int) -> str:
    """M25, in whole numbers: 30 % of the baseline, or a fixed number of points; less is better in both instruments."""
    if rule == "relative" and baseline == 0:
        return "not-evaluable"
    gained, needed = (10 * (baseline - follow_up), 3 * baseline) if rule == "relative" else (baseline - follow_up, ABSOLUTE[instrument])
    return "improved" if gained >= needed else "deteriorated" if -gained >= needed else "unchanged"


Counted = Mapping[tuple[str, str, str], Answer]
"""(episode, moment, instrument) -> the answer that counts."""


def counted(answers: Iterable[Answer], episodes: Sequence[Episode], until: date = date.max) -> Counted:
    """The answers that count, those measured up to a day (M9: a data date only hides)."""
    return {
        (str(one.episode), str(one.moment), one.answer.instrument): one.answer
        for one in place(answers, episodes).values()
        if one.counts == "counted" and one.answer.day <= until
    }


def responded(episode: Episode, moment: str, known: Counted) -> bool:
    """Whether any instrument of the moment has a counted answer (M17)."""
    return any((episode.id, moment, instrument) in known for instrument in INSTRUMENTS)


def presence(episode: Episode, moment: str, instruments: Sequence[str], known: Counted, on: date) -> str:
    """M16 and M17: ineligible, not-due, awaiting, no-response or responded (to any of the instruments)."""
    opens, _, closes = windows(episode.t0)[moment]
    if any((episode.id, moment, instrument) in known for instrument in instruments):
        return "responded"
    if not responded(episode, moment, known):
        if episode.ended is not None and episode.ended <= on and episode.ended <= opens:
            return "ineligible"
        if on < opens:
            return "not-due"
    return "awaiting" if on <= closes else "no-response"


def pair_state(episode: Episode, instrument: str, moment: str, rule: str, known: Counted, on: date) -> str:
    """M19, the first that applies."""
    state = presence(episode, moment, (instrument,), known, on)
    if state != "responded":
        return state
    baseline, follow_up = known.get((episode.id, "t0", instrument)), known[episode.id, moment, instrument]
    if follow_up.score is None:
        return "not-scorable"
    if baseline is None or baseline.score is None:
        return "no-baseline"
    return verdict(rule, instrument, baseline.score, follow_up.score)


def follow_up_state(episode: Episode, moment: str, known: Counted, on: date) -> str:
    """M23: where a scheduled moment stands on a day."""
    opens, target, closes = windows(episode.t0)[moment]
    if episode.treatment not in ("in-treatment", "completed") or episode.participation == "objected":
        return "left"
    if responded(episode, moment, known):
        return "answered"
    if episode.ended is not None and episode.ended <= on:
        return "left"
    return "not-due" if on < opens else "due" if on <= target else "overdue" if on <= closes else "missed"


@dataclass(frozen=True)
class Figures:
    """A cohort's counts on a day, each by treatment year and moment first."""

    presence: Counter[tuple[int, str, str]]
    values: Counter[tuple[int, str, str, int]]
    pairs: Counter[tuple[int, str, str, str, str]]


def figures(answers: Iterable[Answer], episodes: Sequence[Episode], on: date) -> Figures:
    """The iMSR cohort: treatment completed, minus objected (M15, M21); values are of scorable answers."""
    known = counted(answers, episodes, until=on)
    found = Figures(Counter(), Counter(), Counter())
    for episode in episodes:
        if episode.treatment != "completed" or episode.participation == "objected":
            continue
        for moment in windows(episode.t0):
            place_ = (episode.t0.year, moment)
            found.presence[*place_, presence(episode, moment, INSTRUMENTS, known, on)] += 1
            for instrument in INSTRUMENTS:
                answer = known.get((episode.id, moment, instrument))
                if answer is not None and answer.score is not None:
                    found.values[*place_, instrument, answer.score] += 1
                for rule in RULES if moment != "t0" else ():
                    found.pairs[*place_, instrument, rule, pair_state(episode, instrument, moment, rule, known, on)] += 1
    return found
