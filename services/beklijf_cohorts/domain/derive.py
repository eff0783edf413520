"""One episode on one day: what it adds to every cell, what is asked of it, and when this changes without news (M16 to M19, M23, M27).

Only the protocol's data decide: no code knows a programme, an instrument or a moment by name. What was measured after the day, and
an end dated after it, are hidden (M9).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from beklijf_cohorts.domain import membership
from beklijf_cohorts.domain.cells import GROUPS, Asked, Plan, value_text
from beklijf_cohorts.domain.facts import Answered, Episode
from beklijf_domain.calendar import treatment_year
from beklijf_domain.protocol import Window
from beklijf_domain.states import FollowUpState, Lasting

DERIVATION = "cells-1"
"""The version of this derivation: a change of what is counted, or how, gets a new one, and every cohort is counted anew."""

ONE_DAY = timedelta(days=1)
RESPONDERS, NON_RESPONDERS, NEITHER = GROUPS


class FollowUp(NamedTuple):
    """Where one scheduled moment of one episode stands in the worklist (M23)."""

    moment: str
    window: Window
    state: FollowUpState


@dataclass(frozen=True, slots=True)
class Derivation:
    """What one episode comes to on one day. A follow-up that is not due has no row (M39 tells it only after another state)."""

    cells: dict[str, int] = field(default_factory=dict)
    follow_ups: tuple[FollowUp, ...] = ()
    next_change: date | None = None


NOTHING = Derivation()


def derive(episode: Episode, day: date, plan: Plan) -> Derivation:
    """The cells and follow-ups of an episode on a day, and the next day on which they change without news; pure.

    Raises OverflowError for a t0 whose windows lie outside the calendar.
    """
    if not membership.belongs(episode, plan.cohort):
        return NOTHING
    windows = _windows(plan, episode.t0)
    answered = {(one.moment, one.instrument): one for one in episode.answers if one.day <= day}
    changes = _Changes(day)
    changes.hidden(episode)
    responded = {moment for moment, _ in answered}
    follow_ups = _follow_ups(episode, windows, responded, changes)
    counted: dict[str, int] = {}
    box, year = membership.box(episode, day), treatment_year(episode.t0)
    if box is not None:
        counted[f"f|{year}|{box}"] = 1
        for follow_up in follow_ups:
            counted[f"u|{year}|{follow_up.moment}|{follow_up.state}"] = 1
    if box == "completed":
        states = _moments(episode, windows, responded, changes)
        _Counting(plan, year, day, windows, states, answered, counted).all(episode)
    return Derivation(counted, follow_ups, changes.next)


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
def _windows(plan: Plan, t0: date) -> dict[str, Window]:
    """Programmes start on few different days: a month of arithmetic is done once per day, not once per episode."""
    return plan.protocol.windows(t0)


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
    states = ((code, window, _follow_up_state(window, code in responded, changes)) for code, window in windows.items())
    return tuple(FollowUp(code, window, state) for code, window, state in states if state != "not-due")


def _follow_up_state(window: Window, responded: bool, changes: _Changes) -> FollowUpState:
    if responded:
        return "answered"
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


@dataclass(frozen=True, slots=True)
class _Counting:
    """Counts one completed episode into cells."""

    plan: Plan
    year: int
    day: date
    windows: dict[str, Window]
    states: dict[str, str]
    answered: dict[tuple[str, str], Answered]
    counted: dict[str, int]

    def all(self, episode: Episode) -> None:
        group = self._group()
        verdicts: dict[tuple[str, str], dict[str, str]] = {}
        for one in episode.verdicts:
            if one.rule in self.plan.rules:
                verdicts.setdefault((one.moment, one.instrument), {})[one.rule] = one.verdict
        paired = {asked.moment: self._count_moment(asked, group, verdicts) for asked in self.plan.asked}
        if self.plan.lasting is not None:
            first, last, instruments = self.plan.lasting
            for instrument in instruments:
                if instrument in paired[first] and instrument in paired[last]:
                    self._lasting(group, instrument, verdicts.get((first, instrument), {}), verdicts.get((last, instrument), {}))

    def _group(self) -> str:
        """Responder, non-responder or neither, by the last moment (M18)."""
        return {"responded": RESPONDERS, "no-response": NON_RESPONDERS}.get(self.states.get(self.plan.last, ""), NEITHER)

    def _count_moment(self, asked: Asked, group: str, verdicts: dict[tuple[str, str], dict[str, str]]) -> list[str]:
        """Response, values and pairs of one moment; gives the instruments that have a pair."""
        moment, counted, year = asked.moment, self.counted, self.year
        state = self.states.get(moment, "not-scheduled")
        counted[f"m|{year}|{moment}|{state}"] = 1
        responded = state == "responded"
        closed = responded and self.day > self.windows[moment].closes
        if closed:
            counted[f"m|{year}|{moment}|responded-closed"] = 1
        # One counted answer makes the moment due (M16): what is not answered there is awaited until the window closes.
        silent = ("no-response" if closed else "awaiting") if responded else state
        paired = []
        for instrument in asked.instruments:
            answer = self.answered.get((moment, instrument)) if responded else None
            counted[f"i|{year}|{moment}|{instrument}|{silent if answer is None else 'responded'}"] = 1
            if answer is not None and answer.scorable:
                for measure, integer, scale in answer.values:
                    counted[f"v|{year}|{group}|{instrument}|{measure}|{moment}|{value_text(integer, scale)}"] = 1
            if instrument in asked.paired and self._pair(asked, instrument, group, answer, silent):
                paired.append(instrument)
                for rule, verdict in verdicts.get((moment, instrument), {}).items():
                    counted[f"d|{year}|{group}|{instrument}|{moment}|{rule}|{verdict}"] = 1
        return paired

    def _pair(self, asked: Asked, instrument: str, group: str, answer: Answered | None, silent: str) -> bool:
        """The state of a pair with its baseline (M19) as far as no rule is asked; the follow-up is looked at first, and an
        unscorable baseline is no baseline. Says whether both sides are there."""
        baseline = self.answered.get((asked.baseline or "", instrument))
        if baseline is not None and not baseline.scorable:
            baseline = None
        if answer is None:
            state = silent
        elif not answer.scorable:
            state = "not-scorable"
        else:
            state = "no-baseline" if baseline is None else "paired"
        start = f"{self.year}|{group}|{instrument}|{asked.moment}"
        self.counted[f"p|{start}|{state}"] = 1
        if state in ("awaiting", "no-response", "not-scorable") and baseline and not any(value.integer for value in baseline.values):
            self.counted[f"z|{start}|zero"] = 1
        if answer is None or baseline is None or state != "paired":
            return False
        self._changes(baseline, answer, group)
        return True

    def _changes(self, baseline: Answered, answer: Answered, group: str) -> None:
        """Follow-up minus baseline, measure by measure (M26)."""
        before = {measure: (integer, scale) for measure, integer, scale in baseline.values}
        for measure, integer, scale in answer.values:
            if measure in before:
                base, base_scale = before[measure]
                finest = max(scale, base_scale)
                change = integer * 10 ** (finest - scale) - base * 10 ** (finest - base_scale)
                key = f"c|{self.year}|{group}|{answer.instrument}|{measure}|{answer.moment}|{value_text(change, finest)}"
                self.counted[key] = 1

    def _lasting(self, group: str, instrument: str, early: dict[str, str], late: dict[str, str]) -> None:
        """Improved at the first follow-up, at the last, at both or never, among episodes with a verdict at both (M27)."""
        for rule in early.keys() & late.keys():
            if "not-evaluable" not in (early[rule], late[rule]):
                how = _lasting_state(early[rule] == "improved", late[rule] == "improved")
                self.counted[f"l|{self.year}|{group}|{instrument}|{rule}|{how}"] = 1


def _lasting_state(early: bool, late: bool) -> Lasting:
    if early:
        return "sustained" if late else "relapsed"
    return "late" if late else "never"
