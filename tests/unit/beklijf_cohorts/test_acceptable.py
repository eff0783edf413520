"""For whom the state was acceptable: of the pairs that the other rules judge, and nobody is given away by subtraction."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from msgspec import structs

from beklijf_cohorts import hearing
from beklijf_cohorts.domain import disclosure, snapshot
from beklijf_cohorts.domain.cells import Plan
from beklijf_cohorts.domain.derive import derive
from beklijf_cohorts.domain.figures.source import Source
from beklijf_domain.rule import Cutoff, Rule
from beklijf_shared.events import EpisodeScored, PlacedVerdict, RuleVerdict
from tests.lib.scored import FOLLOW_UPS, Scores, scored
from tests.property.test_cohorts_disclosure import known_to_all
from tests.unit.beklijf_cohorts.test_snapshot import DAY, row

T0, T1, T4 = ("t0", "vas-pain"), ("t1", "vas-pain"), ("t4", "vas-pain")
CUTOFF = 30
NAME = "pass@1.0.0"
TOGETHER = ("pairs", "mcic", "acceptable", "lasting")
PASS = Rule("pass", "1.0.0", "x", "state", "x", "x", (), {}, "acceptable-state", cutoffs={"vas-pain": Cutoff("<=", Fraction(CUTOFF))})


@pytest.fixture(scope="module")
def judged(plan: Plan) -> Plan:
    """The iMSR population, judged by a cut-off too."""
    return replace(plan, rules={**plan.rules, NAME: PASS})


def episode(name: str, scores: Scores, **facts: str) -> EpisodeScored:
    """An episode as scoring tells it where a rule of states is among the rules."""
    told = scored(name, scores, **facts)
    by_moment = {(each.instrument, each.moment): each for each in told.verdicts}
    for moment in FOLLOW_UPS:
        score = scores.get((moment, "vas-pain"))
        if score is not None:
            verdict = RuleVerdict(
                rule="pass", rule_version="1.0.0", verdict="acceptable" if score <= CUTOFF else "not-acceptable", margin=None
            )
            key = ("vas-pain", moment)
            before = by_moment.get(key) or PlacedVerdict(instrument="vas-pain", moment=moment, change=None, verdicts=())
            by_moment[key] = structs.replace(before, verdicts=(*before.verdicts, verdict))
    return structs.replace(told, verdicts=tuple(by_moment.values()))


def cells(plan: Plan, episodes: list[EpisodeScored]) -> Counter[str]:
    total: Counter[str] = Counter()
    for event in episodes:
        total.update(derive(hearing.facts_of(event).episode, DAY, plan).cells)
    return total


FEW = [
    episode("a", {T0: 50, T1: 30, T4: 20}),
    episode("b", {T0: 20, T1: 40, T4: 30}),
    episode("c", {T1: 10, T4: 60}),  # no baseline
    episode("d", {T0: 80}),
    episode("e", {T0: 40, T1: None}),
    episode("f", {T0: 0, T1: 31}),
]


def test_the_pairs_of_the_other_rules_are_counted(judged: Plan) -> None:
    figures = snapshot.figures(judged, cells(judged, FEW), 1)

    found = row(figures, "acceptable", group="all", year="2014", instrument="vas-pain", moment="t1", rule=NAME)
    changes = row(figures, "mcic", group="all", year="2014", instrument="vas-pain", moment="t1", rule="ostelo-2008@1.0.0")
    assert (found["n"], found["acceptable"], found["not-acceptable"], found["share"]) == (3, 1, 2, "0.333333333333333")
    assert (changes["n"], row(figures, "pairs", year="2014", instrument="vas-pain", moment="t1")["no-baseline"]) == (3, 1)
    assert (found["worst"], found["best"]) == ("0.166666666666667", "0.666666666666667"), "c, d and e are no pairs"
    responders = row(figures, "acceptable", group="responders", year="2014", instrument="vas-pain", moment="t4", rule=NAME)
    assert (responders["n"], responders["acceptable"], "worst" in responders) == (2, 2, False)


def test_an_acceptable_state_lasts_or_does_not(judged: Plan) -> None:
    figures = snapshot.figures(judged, cells(judged, FEW), 1)

    found = row(figures, "lasting", group="all", year="2014", instrument="vas-pain", rule=NAME)
    assert [found[how] for how in ("n", "sustained", "relapsed", "late", "never")] == [2, 1, 0, 1, 0]


def test_rules_of_changes_stay_as_they_are(judged: Plan, plan: Plan) -> None:
    both, without = (snapshot.figures(each, cells(each, FEW), 1) for each in (judged, plan))

    def others(figures: tuple[snapshot.ShownFigure, ...]) -> list[object]:
        return [(each.name, line) for each in figures for line in each.rows if line.stratum.get("rule") != NAME]

    assert others(both) == others(without)
    assert {each.name for each in both} - {each.name for each in without} == {"acceptable"}


def test_a_follow_up_that_is_hidden_by_the_date_is_not_judged(judged: Plan) -> None:
    told = episode("a", {T0: 50, T1: 30})

    before = derive(hearing.facts_of(told).episode, hearing.facts_of(told).episode.t0, judged)

    assert not [key for key in before.cells if key.startswith("d|")]


def test_verdicts_from_before_the_rule_was_there_are_no_contradiction(judged: Plan) -> None:
    figures = snapshot.figures(judged, cells(judged, [FEW[0], scored("z", {T0: 50, T1: 30})]), 1)

    assert row(figures, "acceptable", group="all", year="2014", instrument="vas-pain", moment="t1", rule=NAME)["n"] == 1


@pytest.mark.parametrize("seed", range(12))
def test_nothing_hidden_follows_from_what_is_open(judged: Plan, seed: int) -> None:
    chance = random.Random(seed)
    made = []
    for number in range(60):
        year = chance.choice(("2013-03-03", "2014-03-03", "2015-03-03"))
        answered = [at for at in (T0, T1, T4) if chance.random() < (0.9 if at == T0 else 0.6)]
        made.append(episode(f"e{number}", {at: chance.choice((0, 20, 30, 31, 70, None)) for at in answered}, t0=year))
    source = Source(judged, cells(judged, made))
    tables = [table for figure in snapshot._raw(source) for table in figure.tables if figure.name in TOGETHER]

    protected = disclosure.protect(tables, 5)

    lines = tuple(line for table in tables for line in table.lines)
    counts = {name: count for table in tables for name, count in table.counts.items()}
    given_back = known_to_all(disclosure.Table(lines, counts), protected)
    assert not {name for name in given_back if counts[name]}
