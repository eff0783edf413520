"""The plain reference of scoring, whole: everything that must be told of some patients, by the contracts of one world.

Written from the rules of meaning (M2, M5 to M8, M14, M16, M19, M24 to M26, M39) alone, one question at a time. It imports no service and
no shared rule; events are plain dictionaries, and what comes out is the content of every event that scoring must tell. It knows the
made-up contracts of `worlds` by heart. Where it and scoring differ, one of them has read a rule wrongly.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.lib.worlds import World

Facts = dict[str, Any]
MOMENTS = {"start": (0, 10, 10), "later": (3, 20, 20), "year": (12, 60, 60)}
LINKS = ("ache-1", "ache-2", "ache-3")


def told(events: Iterable[Facts], world: World) -> dict[str, Facts]:
    """By entity: the content of its event. Pairs that are no more are left out: whether they were told depends on the way (M39)."""
    newest: dict[str, Facts] = {}
    for event in sorted(events, key=lambda each: each["version"]):
        newest[event.get("response") or event["episode"]] = event
    episodes = [event for event in newest.values() if "programme" in event]
    answers = [place(event, episodes, world) for event in newest.values() if "response" in event]
    compete(answers, newest)
    found = {answer["response"]: answer for answer in answers}
    for episode in episodes:
        counted = [answer for answer in answers if (answer["counts"], answer["episode"]) == ("counted", episode["episode"])]
        pairs = {answer["moment"]: pair(answer, counted, world) for answer in counted if answer["moment"] != "start"}
        found[episode["episode"]] = whole(episode, counted, pairs, newest, world)
        found |= {f"{each['episode']}/ache/{each['moment']}": each for each in pairs.values()}
    return found


def version_of(episode: Facts, world: World) -> str:
    """The version of the programme: by the day on which the episode began."""
    return "2.0.0" if world.protocol and episode["t0"] >= "2015-01-01" else "1.0.0"


def windows(episode: Facts, world: World) -> dict[str, tuple[date, date, date]]:
    """Opening day, target, closing day (M1)."""
    found, t0 = {}, date.fromisoformat(episode["t0"])
    for moment, (nominal, before, after) in MOMENTS.items():
        months = nominal + (moment == "later" and version_of(episode, world) == "2.0.0")
        year, month = t0.year + (t0.month - 1 + months) // 12, (t0.month - 1 + months) % 12 + 1
        target = date(year, month, min(t0.day, monthrange(year, month)[1]))
        found[moment] = (target - timedelta(before), target, target + timedelta(after))
    return found


def holding(episode: Facts, day: date, world: World) -> list[str]:
    """The moments whose windows hold the day; they do not overlap."""
    return [moment for moment, (opens, _, closes) in windows(episode, world).items() if opens <= day <= closes]


def place(event: Facts, episodes: list[Facts], world: World) -> Facts:
    """What is told of one answer, but for the competition (M5, M7, M8)."""
    day = datetime.fromisoformat(event["measured"]).astimezone(ZoneInfo("Europe/Amsterdam")).date()
    answer = scored(event, world) | {"day": str(day), "episode": None, "moment": None, "in_window": False}
    if event["status"] == "entered-in-error":
        return answer | {"counts": "retracted"}
    stated, moment = event["stated_episode"], event["stated_moment"]
    own = [each for each in episodes if each["subject"] == event["subject"] and each["treatment"] != "entered-in-error"]
    if stated is None:
        own = [each for each in own if each["organisation"] == event["organisation"]]
        own = [each for each in own if (moment in holding(each, day, world) if moment else holding(each, day, world))]
    else:
        own = [each for each in own if each["episode"] == stated]
    if len(own) != 1:
        return answer | {"counts": "waiting"}
    (episode,) = own
    held = holding(episode, day, world)
    moment = moment or next(iter(held), None)
    since = episode["participation_since"] if episode["participation"] in ("withdrawn", "deceased") else None
    counts = "off-window" if moment is None else "counted" if moment in MOMENTS else "unscheduled"
    counts = "after-end" if since is not None and str(day) > since else counts
    return answer | {"counts": counts, "episode": episode["episode"], "moment": moment, "in_window": moment in held}


def scored(event: Facts, world: World) -> Facts:
    """What one answer is worth (M24); in the changed instrument the last item counts the other way round."""
    given = {answer["link"]: answer["integer"] for answer in event["answers"]}
    values = [10 - given[link] if world.instrument and link == LINKS[2] else given[link] for link in LINKS if link in given]
    reason = None if len(values) == 3 else "missing-items" if values else "no-answers"
    reason = "retracted" if event["status"] == "entered-in-error" else reason
    same = ("response", "subject", "organisation", "questionnaire_version")
    return {name: event[name] for name in same} | {
        "instrument": "ache",
        "instrument_version": "2.0.0" if world.instrument else "1.0.0",
        "algorithm": "sum/all-required",
        "moment_stated": event["stated_moment"] is not None,
        "scorable": reason is None,
        "not_scorable_reason": reason,
        "results": [] if reason else [{"measure": "total", "integer": sum(values)}],
        "receipts": [],
        "mapping": None,
        "questionnaire": None,
    }


def compete(answers: list[Facts], newest: dict[str, Facts]) -> None:
    """Of several for one moment of an episode one counts (M6)."""
    best: dict[tuple[str, str], Facts] = {}
    for answer in sorted(answers, key=lambda each: _rank(each, newest[each["response"]])):
        if answer["counts"] == "counted" and best.setdefault((answer["episode"], answer["moment"]), answer) is not answer:
            answer["counts"] = "surplus"


def _rank(answer: Facts, event: Facts) -> tuple[bool, bool, datetime, str]:
    return not answer["moment_stated"], not answer["scorable"], datetime.fromisoformat(event["measured"]), event["tie_break"]


def pair(follow_up: Facts, counted: list[Facts], world: World) -> Facts:
    """What is told of a follow-up and its baseline: verdicts, or the first reason for none (M19, M25, M26)."""
    start = next((answer["results"][0] for answer in counted if answer["moment"] == "start" and answer["scorable"]), None)
    end = follow_up["results"][0] if follow_up["scorable"] else None
    found = {name: follow_up[name] for name in ("episode", "subject", "instrument", "moment")}
    found |= {"baseline": start, "follow_up": end, "change": None, "verdicts": []}
    if start is None or end is None:
        return found | {"none_because": "not-scorable" if end is None else "no-baseline"}
    verdicts = judged(start["integer"], end["integer"], world)
    none = "not-evaluable" if all(each["verdict"] == "not-evaluable" for each in verdicts) else None
    return found | {"change": str(end["integer"] - start["integer"]), "verdicts": verdicts, "none_because": none}


def judged(baseline: int, follow_up: int, world: World) -> list[Facts]:
    """The verdicts of the rules of this world, in the order of their names. Less is better."""
    share = Decimal("0.5" if world.rule else "0.3") * baseline
    rules = [("points", "1.0.0", Decimal(7), False)] if world.rule else []
    found: list[Facts] = []
    for rule, version, needed, strictly in [*rules, ("share", "2.0.0" if world.rule else "1.0.0", share, world.rule)]:
        gained, named = baseline - follow_up, {"rule": rule, "rule_version": version}
        if rule == "share" and baseline == 0:
            found.append(named | {"verdict": "not-evaluable", "margin": None, "reason": "baseline-zero"})
            continue
        better, worse = (by > needed or (by == needed and not strictly) for by in (gained, -gained))
        verdict = "improved" if better else "deteriorated" if worse and gained < 0 else "unchanged"
        found.append(named | {"verdict": verdict, "margin": f"{gained - needed:f}".removesuffix(".0")})
    return found


def whole(episode: Facts, counted: list[Facts], pairs: dict[str, Facts], newest: dict[str, Facts], world: World) -> Facts:
    """What is told of an episode: its facts, the answers that count, the verdicts of its pairs, in the order of the moments."""
    order = sorted(counted, key=lambda each: list(MOMENTS).index(each["moment"]))
    events = [newest[each["response"]] for each in order]
    same = ("response", "instrument", "moment", "day", "scorable", "results")
    results = [
        {name: each[name] for name in same} | {"measured": event["measured"], "received": event["received"]}
        for each, event in zip(order, events, strict=True)
    ]
    judged = [pairs[each["moment"]] for each in order if each["moment"] in pairs]
    shown = ("instrument", "moment", "change", "verdicts")
    verdicts = [{name: each[name] for name in shown} for each in judged if each["change"] is not None]
    facts = {name: value for name, value in episode.items() if name != "version"}
    received = max([episode["received"], *(event["received"] for event in events)])
    return facts | {"protocol_version": version_of(episode, world), "received": received, "results": results, "verdicts": verdicts}
