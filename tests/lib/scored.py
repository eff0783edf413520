"""`episode-scored` events as scoring would tell them: answers by moment and instrument, verdicts by the two iMSR rules."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal

from beklijf_domain.calendar import add_months
from beklijf_shared import events

OFFSETS = {"t1": 2, "t2": 5, "t3": 15}
LONG_TERM = {2012: 66, 2013: 54, 2014: 42, 2015: 30}
ENOUGH = {"qbpds": 20, "vas-pain": 15}
INSTRUMENTS = ("qbpds", "vas-pain")
MOMENTS = ("t0", "t1", "t2", "t3", "t4")
FOLLOW_UPS = MOMENTS[1:]

Scores = Mapping[tuple[str, str], int | None]
"""(moment, instrument) -> score; None is a counted answer that is not scorable."""


def target(t0: date, moment: str) -> date:
    """The middle of a moment's window (M1)."""
    months = 0 if moment == "t0" else LONG_TERM.get(t0.year, 60) if moment == "t4" else OFFSETS[moment]
    return add_months(t0, months)


def scored(
    episode: str = "e1",
    scores: Scores | None = None,
    *,
    version: int = 1,
    t0: str = "2014-03-03",
    days: Mapping[tuple[str, str], str] | None = None,
    **facts: Any,
) -> events.EpisodeScored:
    """An episode that was completed and is followed. Each answer lies on its target day unless `days` says otherwise."""
    given: dict[str, Any] = {
        "subject": f"s-{episode}",
        "organisation": "o1",
        "programme": "imsr",
        "protocol_version": "1.0.0",
        "sex": "female",
        "birth_year": 1970,
        "treatment": "completed",
        "treatment_ended": "2014-05-01",
        "participation": "following",
        "participation_since": None,
        "received": "2018-01-01T10:00:00Z",
    }
    start, scores = date.fromisoformat(t0), scores or {}
    results = tuple(
        _result(episode, at, score, (days or {}).get(at) or target(start, at[0]).isoformat()) for at, score in sorted(scores.items())
    )
    pairs = tuple(
        _pair(scores, moment, instrument) for moment in FOLLOW_UPS for instrument in INSTRUMENTS if _is_pair(scores, moment, instrument)
    )
    return events.EpisodeScored(version=version, episode=episode, t0=t0, results=results, verdicts=pairs, **(given | facts))


def _result(episode: str, at: tuple[str, str], score: int | None, day: str) -> events.PlacedResult:
    moment, instrument = at
    return events.PlacedResult(
        response=f"{episode}-{moment}-{instrument}",
        instrument=instrument,
        moment=moment,
        day=day,
        measured=f"{day}T09:00:00Z",
        received=f"{day}T10:00:00Z",
        scorable=score is not None,
        results=() if score is None else (events.Result(measure=instrument, integer=score),),
    )


def _is_pair(scores: Scores, moment: str, instrument: str) -> bool:
    return scores.get(("t0", instrument)) is not None and scores.get((moment, instrument)) is not None


def _pair(scores: Scores, moment: str, instrument: str) -> events.PlacedVerdict:
    before, after = scores["t0", instrument], scores[moment, instrument]
    assert before is not None
    assert after is not None
    return events.PlacedVerdict(
        instrument=instrument,
        moment=moment,
        change=str(after - before),
        verdicts=(
            events.RuleVerdict(rule="imsr-30-percent", rule_version="1.0.0", verdict=_relative(before, after), margin=None),
            events.RuleVerdict(rule="ostelo-2008", rule_version="1.0.0", verdict=_absolute(before, after, ENOUGH[instrument]), margin=None),
        ),
    )


def _relative(before: int, after: int) -> Literal["improved", "unchanged", "deteriorated", "not-evaluable"]:
    if before == 0:
        return "not-evaluable"
    if 10 * (before - after) >= 3 * before:
        return "improved"
    return "deteriorated" if 10 * (after - before) >= 3 * before else "unchanged"


def _absolute(before: int, after: int, enough: int) -> Literal["improved", "unchanged", "deteriorated"]:
    if before - after >= enough:
        return "improved"
    return "deteriorated" if after - before >= enough else "unchanged"


def history(rnd: random.Random, episode: str, version: int = 1) -> events.EpisodeScored:
    """Any episode, told at any time: every treatment, participation, missing and unscorable answer comes up."""
    t0 = date(rnd.choice((2011, 2012, 2013, 2014, 2015, 2015)), 1, 1) + timedelta(days=rnd.randrange(365))
    scores: dict[tuple[str, str], int | None] = {}
    for at in ((moment, instrument) for moment in MOMENTS for instrument in INSTRUMENTS):
        if (at[0] != "t4" or t0.year in LONG_TERM) and rnd.random() < 0.7:
            scores[at] = None if rnd.random() < 0.05 else rnd.choice((0, 20, 30, 30, 40, 55, 70, 100))
    participation = rnd.choice(("following",) * 7 + ("withdrawn", "deceased", "objected"))
    return scored(
        episode,
        scores,
        version=version,
        t0=t0.isoformat(),
        subject=f"s-{episode}-{rnd.randrange(2)}",
        treatment=rnd.choice(("completed",) * 7 + ("in-treatment", "stopped-early", "entered-in-error")),
        treatment_ended=(t0 + timedelta(days=60)).isoformat(),
        participation=participation,
        participation_since=None if participation == "following" else (t0 + timedelta(days=rnd.choice((10, 100, 400, 2400)))).isoformat(),
        received=f"2018-01-{rnd.randrange(1, 29):02}T10:00:00.{rnd.randrange(10**6):06}Z",
    )
