"""One episode on one day: what it adds to every cell, what is asked of it, and when this changes without news (M16 to M19, M23, M27).

Only the protocol's data decide: no code knows a programme, an instrument or a moment by name. What was measured after the day, and
an end dated after it, are hidden (M9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from beklijf_cohorts.domain import membership
from beklijf_cohorts.domain.cells import GROUPS, NOT_ANSWERED, Plan, value_text
from beklijf_cohorts.domain.facts import Answered, Episode
from beklijf_cohorts.domain.keys import InstrumentKeys, Keys, MomentKeys, keys
from beklijf_domain.calendar import treatment_year
from beklijf_domain.crossing import Side
from beklijf_domain.protocol import Window
from beklijf_domain.states import PASSED, FollowUpState, Lasting

DERIVATION = "cells-2"
"""The version of this derivation: a change of what is counted, or how, gets a new one, and every cohort is counted anew."""

ONE_DAY = timedelta(days=1)
RESPONDERS, NON_RESPONDERS, NEITHER = GROUPS


class FollowUp(NamedTuple):
    """Where one scheduled moment of one episode stands in the worklist (M23)."""

    moment: str
    window: Window
    state: FollowUpState


class Derivation(NamedTuple):
    """What one episode comes to on one day. A follow-up that is not due has no row (M39 tells it only after another state)."""

    cells: tuple[str, ...] = ()
    """The keys of the cells that count this episode, each once, always in the same order."""
    follow_ups: tuple[FollowUp, ...] = ()
    next_change: date | None = None


NOTHING = Derivation()


def derive(episode: Episode, day: date, plan: Plan) -> Derivation:
    """The cells and follow-ups of an episode on a day, and the next day on which they change without news; pure.

    Raises OverflowError for a t0 whose windows lie outside the calendar.
    """
    if not membership.belongs(episode, plan.cohort):
        return NOTHING
    ended = episode.treatment_ended if plan.protocol.counts_from_end else None
    windows = _windows(plan, episode.t0, None if ended is None or ended > day else ended)  # what is dated after today is hidden (M9)
    answered = {(one.moment, one.instrument): one for one in episode.answers if one.day <= day}
    changes = _Changes(day)
    changes.hidden(episode)
    responded = {moment for moment, _ in answered}
    follow_ups = _follow_ups(episode, windows, responded, changes)
    box, year = membership.box(episode, day), treatment_year(episode.t0)
    if box is None:
        return Derivation((), follow_ups, changes.next)
    counted = [f"f|{year}|{box}"]
    if box != "objected":  # who objected is a count in the flow, and in no other figure (M16)
        counted += [f"u|{year}|{moment}|{state}" for moment, _, state in follow_ups]
    if box == "completed":
        states = _moments(episode, windows, responded, changes)
        _Counting(plan, day, windows, states, answered, counted).all(episode, year)
    return Derivation(tuple(counted), follow_ups, changes.next)


class _Changes:
    """Gathers the days after today on which something changes by itself; keeps the first."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.next: date | None = None

    def on(self, day: date | None) -> None:
        if day is not None and day > self.day and (self.next is None or day < self.next):
            self.next = day

    def hidden(self, episode: Episode) -> None:
        """What is known and dated after today comes to light on its own day (M9)."""
        self.on(episode.treatment_ended)
        self.on(episode.participation_since)
        for one in episode.answers:
            self.on(one.day)


@lru_cache(maxsize=16_384)
def _windows(plan: Plan, t0: date, ended: date | None) -> dict[str, Window]:
    """Programmes start on few different days: a month of arithmetic is done once per day, not once per episode."""
    return plan.protocol.windows(t0, ended)


def _moments(episode: Episode, windows: dict[str, Window], responded: set[str], changes: _Changes) -> dict[str, str]:
    """The state of every scheduled moment (M16 to M18)."""
    ended = membership.ended(episode, changes.day)
    return {code: _moment_state(window, code in responded, ended, changes) for code, window in windows.items()}


def _moment_state(window: Window, responded: bool, ended: date | None, changes: _Changes) -> str:
    if not responded and ended is not None and ended <= window.opens:
        return "ineligible"
    if not responded and changes.day < window.opens:
        changes.on(window.opens)
        return "not-due"
    if changes.day <= window.closes:
        changes.on(window.closes + ONE_DAY)
        return "responded" if responded else "awaiting"
    return "responded" if responded else "no-response"


def _follow_ups(episode: Episode, windows: dict[str, Window], responded: set[str], changes: _Changes) -> tuple[FollowUp, ...]:
    """The worklist of an episode (M23). Who has left is asked nothing any more, so every scheduled moment says so."""
    if membership.has_left(episode, changes.day):
        return tuple(FollowUp(code, window, "left") for code, window in windows.items())
    found = []
    for code, window in windows.items():
        state = "answered" if code in responded else _follow_up_state(window, changes)
        if state != "not-due":
            found.append(FollowUp(code, window, state))
    return tuple(found)


def _follow_up_state(window: Window, changes: _Changes) -> FollowUpState:
    if changes.day < window.opens:
        changes.on(window.opens)
        return "not-due"
    if changes.day <= window.target:
        changes.on(window.target + ONE_DAY)
        return "due"
    if changes.day <= window.closes:
        changes.on(window.closes + ONE_DAY)
        return "overdue"
    return "missed"


@dataclass(slots=True)
class _Counting:
    """Counts one completed episode into cells."""

    plan: Plan
    day: date
    windows: dict[str, Window]
    states: dict[str, str]
    answered: dict[tuple[str, str], Answered]
    counted: list[str]

    def all(self, episode: Episode, year: int) -> None:
        verdicts: dict[tuple[str, str], dict[str, str]] = {}
        for moment, instrument, rule, verdict in episode.verdicts:
            if rule in self.plan.rules:
                verdicts.setdefault((moment, instrument), {})[rule] = verdict
        made = keys(self.plan, year, self._group())
        if episode.birth_year is not None:
            self.counted.append(made.age + str(year - episode.birth_year))
        paired = {each.moment: self._count_moment(each, episode.sex, verdicts) for each in made.moments}
        for crossing in self.plan.cohort.crossed:
            self.counted.append(f"{made.crossed[crossing.figure]}{self._category(crossing.rows)}|{self._category(crossing.columns)}")
        if self.plan.lasting is not None:
            first, last, instruments = self.plan.lasting
            for code in instruments:
                if code in paired[first] and code in paired[last]:
                    self._lasting(made, code, verdicts.get((first, code), {}), verdicts.get((last, code), {}))

    def _group(self) -> str:
        """Responder, non-responder or neither, by the last moment (M18)."""
        return {"responded": RESPONDERS, "no-response": NON_RESPONDERS}.get(self.states.get(self.plan.last, ""), NEITHER)

    def _category(self, side: Side) -> str:
        """What was answered to the one question of an instrument at a moment."""
        answer = self.answered.get((side.moment, side.instrument)) if self.states.get(side.moment) == "responded" else None
        return answer.codes[0].code if answer is not None and answer.codes else NOT_ANSWERED

    def _count_moment(self, made: MomentKeys, sex: str, verdicts: dict[tuple[str, str], dict[str, str]]) -> list[str]:
        """Response, values and pairs of one moment; gives the instruments that have a pair."""
        moment, add = made.moment, self.counted.append
        state = self.states.get(moment, "not-scheduled")
        add(made.state + state)
        add(f"{made.by_sex}{sex}|{state}")
        responded = state == "responded"
        closed = responded and self.day > self.windows[moment].closes
        if closed:
            add(made.closed)
        # One counted answer makes the moment due (M16): what is not answered there is awaited until the window closes.
        silent = ("no-response" if closed else "awaiting") if responded else state
        paired = []
        for each in made.instruments:
            answer = self.answered.get((moment, each.instrument)) if responded else None
            add(each.response + (silent if answer is None else "responded"))
            if answer is not None and answer.scorable:
                for measure, integer, scale in answer.values:
                    add(each.values[measure] + value_text(integer, scale))
                for measure, code in answer.codes:
                    add(each.codes[measure] + code)
                if each.is_coded:
                    self._both(each, made.baseline, answer)
            if each.is_paired and self._pair(each, made.baseline, answer, silent):
                paired.append(each.instrument)
                for rule, verdict in verdicts.get((moment, each.instrument), {}).items():
                    add(each.verdict[rule] + verdict)
        return paired

    def _pair(self, made: InstrumentKeys, baseline_moment: str, answer: Answered | None, silent: str) -> bool:
        """The state of a pair with its baseline (M19) as far as no rule is asked; the follow-up is looked at first, and an
        unscorable baseline is no baseline. Says whether both sides are there."""
        baseline = self.answered.get((baseline_moment, made.instrument))
        if baseline is not None and not baseline.scorable:
            baseline = None
        if answer is not None and answer.scorable:
            self.counted.append(made.pair + ("no-baseline" if baseline is None else "paired"))
            if baseline is not None:
                self._changes(made, baseline, answer)
            return baseline is not None
        state = silent if answer is None else "not-scorable"
        self.counted.append(made.pair + state)
        if state in ("awaiting", "no-response", "not-scorable") and baseline is not None and _is_zero(baseline):
            self.counted.append(made.zero)
        return False

    def _changes(self, made: InstrumentKeys, baseline: Answered, answer: Answered) -> None:
        """Follow-up minus baseline, measure by measure (M26)."""
        before = {measure: (integer, scale) for measure, integer, scale in baseline.values}
        for measure, integer, scale in answer.values:
            if measure in before:
                base, base_scale = before[measure]
                finest = max(scale, base_scale)
                change = integer * 10 ** (finest - scale) - base * 10 ** (finest - base_scale)
                self.counted.append(made.changes[measure] + value_text(change, finest))

    def _both(self, made: InstrumentKeys, baseline_moment: str, answer: Answered) -> None:
        """The category before and now, measure by measure."""
        baseline = self.answered.get((baseline_moment, made.instrument))
        before = dict(baseline.codes) if baseline is not None else {}
        for measure, code in answer.codes:
            if measure in before:
                self.counted.append(f"{made.both[measure]}{before[measure]}|{code}")

    def _lasting(self, made: Keys, code: str, early: dict[str, str], late: dict[str, str]) -> None:
        """Improved, or in an acceptable state, at the first follow-up, at the last, at both or never, among episodes with a verdict at
        both (M27)."""
        for rule, before in early.items():
            after = late.get(rule)
            if after is not None and "not-evaluable" not in (before, after):
                self.counted.append(made.lasting[code, rule] + _lasting_state(before in PASSED, after in PASSED))


def _is_zero(answer: Answered) -> bool:
    """Whether everything measured was zero, of which no share can be taken (M25)."""
    for value in answer.values:  # noqa: SIM110 (asked for every pair without follow-up: a generator costs three times as much)
        if value.integer:
            return False
    return True


def _lasting_state(early: bool, late: bool) -> Lasting:
    if early:
        return "sustained" if late else "relapsed"
    return "late" if late else "never"
