"""Verdicts on pairs (M25, M26, M39): both rules side by side, at their edges, exactly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from msgspec import structs

from beklijf_domain.document import Document
from beklijf_domain.formula import Value
from beklijf_domain.rule import read
from beklijf_scoring.domain.change import judge_of
from beklijf_shared.events import Answer
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.subjects import CONTRACTS, KNOWLEDGE, derived, pair

EPISODE = episode_changed()
AT_T1 = "2014-05-03T09:00:00Z"

# instrument, baseline, follow-up, change, 30 % relative with margin, Ostelo 2008 with margin
VERDICTS = [
    ("vas-pain", 90, 63, "-27", ("improved", "0"), ("improved", "12")),  # exactly 30 %: binary fractions say otherwise
    ("vas-pain", 90, 64, "-26", ("unchanged", "-1"), ("improved", "11")),
    ("vas-pain", 50, 35, "-15", ("improved", "0"), ("improved", "0")),  # both exactly
    ("vas-pain", 50, 36, "-14", ("unchanged", "-1"), ("unchanged", "-1")),
    ("vas-pain", 51, 36, "-15", ("unchanged", "-0.3"), ("improved", "0")),
    ("vas-pain", 3, 2, "-1", ("improved", "0.1"), ("unchanged", "-14")),
    ("vas-pain", 7, 5, "-2", ("unchanged", "-0.1"), ("unchanged", "-13")),
    ("vas-pain", 10, 7, "-3", ("improved", "0"), ("unchanged", "-12")),
    ("vas-pain", 10, 13, "3", ("deteriorated", "-6"), ("unchanged", "-18")),  # the same threshold the other way, inclusive
    ("vas-pain", 10, 12, "2", ("unchanged", "-5"), ("unchanged", "-17")),
    ("vas-pain", 50, 65, "15", ("deteriorated", "-30"), ("deteriorated", "-30")),
    ("vas-pain", 50, 64, "14", ("unchanged", "-29"), ("unchanged", "-29")),
    ("vas-pain", 50, 50, "0", ("unchanged", "-15"), ("unchanged", "-15")),
    ("vas-pain", 0, 0, "0", ("not-evaluable", None), ("unchanged", "-15")),  # zero: a share of nothing; points still say something
    ("vas-pain", 0, 15, "15", ("not-evaluable", None), ("deteriorated", "-30")),
    ("vas-pain", 0, 14, "14", ("not-evaluable", None), ("unchanged", "-29")),
    ("vas-pain", 100, 0, "-100", ("improved", "70"), ("improved", "85")),
    ("qbpds", 50, 30, "-20", ("improved", "5"), ("improved", "0")),
    ("qbpds", 50, 31, "-19", ("improved", "4"), ("unchanged", "-1")),
    ("qbpds", 3, 2, "-1", ("improved", "0.1"), ("unchanged", "-19")),
    ("qbpds", 70, 49, "-21", ("improved", "0"), ("improved", "1")),
    ("qbpds", 1, 1, "0", ("unchanged", "-0.3"), ("unchanged", "-20")),
]


@pytest.mark.parametrize(("instrument", "baseline", "follow_up", "change", "relative", "absolute"), VERDICTS)
def test_a_pair_is_judged_so(
    instrument: str, baseline: int, follow_up: int, change: str, relative: tuple[str, str | None], absolute: tuple[str, str | None]
) -> None:
    result = KNOWLEDGE.judges["imsr@1.0.0", instrument](number(baseline), number(follow_up))

    assert result.difference == change
    assert [(each.rule, each.verdict, each.margin) for each in result.verdicts] == [
        ("imsr-30-percent", *relative),
        ("ostelo-2008", *absolute),
    ]


def test_relative_verdicts_equal_whole_number_arithmetic_for_every_pair_of_scores() -> None:
    judge = KNOWLEDGE.judges["imsr@1.0.0", "vas-pain"]

    for b in range(1, 101):
        for f in range(101):
            expected = "improved" if 10 * (b - f) >= 3 * b else "deteriorated" if 10 * (f - b) >= 3 * b else "unchanged"
            assert judge(number(b), number(f)).verdicts[0].verdict == expected


def number(score: int) -> Value:
    return Value("total", score, 0, None)


RULES = [  # what the rule says, baseline, follow-up, verdict
    ({"kind": "relative", "operator": ">", "relative": {"every": "0.30"}}, 90, 63, "unchanged"),  # exactly 30 % is not more than 30 %
    ({"kind": "relative", "operator": ">", "relative": {"every": "0.30"}}, 90, 62, "improved"),
    (
        {"kind": "both", "operator": ">=", "relative": {"every": "0.30"}, "absolute": {"vas-pain": 15}},
        40,
        26,
        "unchanged",
    ),  # 35 %, 14 points
    (
        {"kind": "both", "operator": ">=", "relative": {"every": "0.30"}, "absolute": {"vas-pain": 15}},
        60,
        45,
        "unchanged",
    ),  # 25 %, 15 points
    ({"kind": "both", "operator": ">=", "relative": {"every": "0.30"}, "absolute": {"vas-pain": 15}}, 50, 35, "improved"),
    ({"kind": "both", "operator": ">=", "relative": {"every": "0.30"}, "absolute": {"vas-pain": 15}}, 0, 50, "not-evaluable"),
    ({"kind": "absolute", "operator": ">=", "absolute": {"vas-pain": "2.5"}}, 10, 8, "unchanged"),
    ({"kind": "absolute", "operator": ">=", "absolute": {"vas-pain": "2.5"}}, 10, 7, "improved"),
    (
        {
            "kind": "absolute",
            "operator": ">=",
            "absolute": {"vas-pain": 22},
            "deterioration": {"operator": ">=", "absolute": {"vas-pain": 3}},
        },
        50,
        53,
        "deteriorated",
    ),
    ({"kind": "relative", "operator": ">=", "relative": {"every": "0.30"}, "minimal_baseline": {"vas-pain": 15}}, 14, 0, "not-evaluable"),
    ({"kind": "relative", "operator": ">=", "relative": {"every": "0.30"}, "minimal_baseline": {"vas-pain": 15}}, 15, 0, "improved"),
]


@pytest.mark.parametrize(("says", "baseline", "follow_up", "verdict"), RULES)
def test_operator_kind_threshold_and_minimum_are_the_rules_own(
    says: dict[str, object], baseline: int, follow_up: int, verdict: str
) -> None:
    made = read(Document("rule", {"code": "x", "version": "1", "title": "x", "population": "x", "citation": "x"} | says))

    judge = judge_of(CONTRACTS.instruments["vas-pain"], [made])

    assert judge(number(baseline), number(follow_up)).verdicts[0].verdict == verdict


SHIPPED = [  # rule, instrument, baseline, follow-up -> verdict, margin, reason, band
    ("qbpds-chronic-2010", "qbpds", 50, 41, "unchanged", "-0.05", None, None),  # 9 points, 18.0 % of 50; 18.1 % is 9.05
    ("qbpds-chronic-2010", "qbpds", 50, 40, "improved", "0.95", None, None),
    ("qbpds-chronic-2010", "qbpds", 20, 16, "unchanged", "-1", None, None),  # 20 %, but 4 points
    ("qbpds-chronic-2010", "qbpds", 20, 15, "improved", "0", None, None),
    ("qbpds-chronic-2022", "qbpds", 20, 15, "unchanged", "-1", None, None),
    ("qbpds-chronic-2022", "qbpds", 0, 10, "not-evaluable", None, "baseline-zero", None),
    ("qbpds-error-2010", "qbpds", 50, 35, "unchanged", "-0.8", None, None),  # matters to the patient, and may yet be noise
    ("qbpds-error-2010", "qbpds", 50, 34, "improved", "0.2", None, None),
    ("qbpds-error-2022", "qbpds", 30, 42, "unchanged", "-24", None, None),  # exactly the MDC is not beyond it
    ("qbpds-error-2022", "qbpds", 30, 43, "deteriorated", "-25", None, None),
    ("rtms-bands", "nprs-24h", 10, 7, "unchanged", "0", None, "extend"),  # exactly 30 % is not more than 30 %
    ("rtms-bands", "nprs-24h", 9, 6, "improved", "0.3", None, "continue"),
    ("rtms-bands", "nprs-24h", 10, 9, "unchanged", "-2", None, "extend"),  # exactly 10 % is within 10 to 30 %
    ("rtms-bands", "nprs-1w", 8, 8, "unchanged", "-2.4", None, "stop"),
    ("rtms-bands", "nprs-1w", 0, 2, "not-evaluable", None, "baseline-zero", None),
]


@pytest.mark.parametrize(("rule", "instrument", "baseline", "follow_up", "verdict", "margin", "reason", "band"), SHIPPED)
def test_a_shipped_rule_judges_so(
    rule: str, instrument: str, baseline: int, follow_up: int, verdict: str, margin: str | None, reason: str | None, band: str | None
) -> None:
    judge = judge_of(CONTRACTS.instruments[instrument], [CONTRACTS.rules[rule]])

    (judged,) = judge(number(baseline), number(follow_up)).verdicts

    assert (judged.verdict, judged.margin, judged.reason, judged.band) == (verdict, margin, reason, band)


EITHER = {"kind": "either", "operator": ">=", "relative": {"every": "0.30"}, "absolute": {"vas-pain": 15}}


@pytest.mark.parametrize(
    ("baseline", "follow_up", "verdict", "margin"),
    [
        (80, 65, "improved", "0"),
        (20, 14, "improved", "0"),
        (80, 66, "unchanged", "-1"),
        (20, 15, "unchanged", "-1"),
        (20, 26, "deteriorated", "-12"),
    ],
)
def test_either_side_is_enough(baseline: int, follow_up: int, verdict: str, margin: str) -> None:
    made = read(Document("rule", {"code": "x", "version": "1", "title": "x", "population": "x", "citation": "x"} | EITHER))

    (judged,) = judge_of(CONTRACTS.instruments["vas-pain"], [made])(number(baseline), number(follow_up)).verdicts

    assert (judged.verdict, judged.margin) == (verdict, margin)


def test_better_and_worse_need_not_be_equally_far_away() -> None:
    comi = CONTRACTS.rules["comi-2009"].judgement("comi")
    assert comi is not None

    assert (comi.improvement.absolute, comi.deterioration.absolute) == (Fraction("2.2"), Fraction("0.3"))


def test_every_programme_is_judged_by_its_own_rules_in_its_own_order() -> None:
    judged = {
        programme: [each.rule for each in judge(number(50), number(20)).verdicts]
        for (programme, code), judge in KNOWLEDGE.judges.items()
        if code == "qbpds"
    }

    assert judged == {
        "imsr@1.0.0": ["imsr-30-percent", "ostelo-2008"],
        "ichom-lbp@1.0.0": ["imsr-30-percent", "ostelo-2008"],
        "ndpr@1.0.0": [
            "imsr-30-percent",
            "ostelo-2008",
            "qbpds-chronic-2010",
            "qbpds-chronic-2022",
            "qbpds-error-2010",
            "qbpds-error-2022",
            "pass-qbpds-2020",
        ],
        "kngf-lbp@1.0.0": [
            "imsr-30-percent",
            "ostelo-2008",
            "qbpds-chronic-2010",
            "qbpds-chronic-2022",
            "qbpds-error-2010",
            "qbpds-error-2022",
            "pass-qbpds-2020",
        ],
    }


STATES = [  # rule, instrument, operator where it is another, score, verdict, margin
    ("pass-odi-2016", "odi", None, Value("index", 2200, 2, None), "acceptable", "0"),  # the cut-off itself
    ("pass-odi-2016", "odi", None, Value("index", 2222, 2, None, "200/9"), "not-acceptable", "-0.22"),  # 10 of 45, shown as 22.22
    ("pass-odi-2016", "odi", None, Value("index", 2000, 2, None), "acceptable", "2"),
    ("pass-odi-2016", "odi", "<", Value("index", 2200, 2, None), "not-acceptable", "0"),  # exactly 22 is not below 22
    ("pass-qbpds-2020", "qbpds", None, Value("total", 39, 0, None), "acceptable", "0.3"),
    ("pass-qbpds-2020", "qbpds", None, Value("total", 40, 0, None), "not-acceptable", "-0.7"),
    ("pass-qbpds-2020", "qbpds", None, Value("total", 0, 0, None), "acceptable", "39.3"),
]


@pytest.mark.parametrize(("rule", "instrument", "operator", "score", "verdict", "margin"), STATES)
def test_a_state_is_judged_so_with_a_baseline_and_without(
    rule: str, instrument: str, operator: Any, score: Value, verdict: str, margin: str
) -> None:
    shipped = CONTRACTS.rules[rule]
    if operator is not None:
        shipped = replace(shipped, cutoffs={instrument: replace(shipped.cutoffs[instrument], operator=operator)})
    judge = judge_of(CONTRACTS.instruments[instrument], [shipped])

    for baseline in (None, Value("index", 0, 0, None), Value("index", 90, 0, None)):
        (judged,) = judge(baseline, score).verdicts
        assert (judged.rule, judged.verdict, judged.margin, judged.reason) == (rule, verdict, margin, None)


@pytest.mark.parametrize(("operator", "score", "verdict", "margin"), [(">=", 7, "acceptable", "0"), (">", 7, "not-acceptable", "0")])
def test_where_high_is_better_the_acceptable_side_is_the_upper_one(operator: str, score: int, verdict: str, margin: str) -> None:
    high_is_better = replace(CONTRACTS.instruments["vas-pain"].measures[0], direction="high-is-better")
    says = {"kind": "state", "purpose": "acceptable-state", "operator": operator, "cutoff": {"vas-pain": 7}}
    made = read(Document("rule", {"code": "x", "version": "1", "title": "x", "population": "x", "citation": "x"} | says))

    (judged,) = judge_of(replace(CONTRACTS.instruments["vas-pain"], judged=high_is_better), [made])(None, number(score)).verdicts

    assert (judged.verdict, judged.margin) == (verdict, margin)


def test_without_a_baseline_the_state_is_judged_and_the_change_is_not() -> None:
    qbpds = {"questionnaire": "https://w3id.org/beklijf/fhir/Questionnaire/qbpds"}
    answers = tuple(Answer(link=f"qbpds-{number:02d}", code="1") for number in range(1, 21))
    follow_up = structs.replace(response_accepted("r1", measured="2014-03-05T09:00:00Z"), **qbpds, answers=answers, stated_moment="end")
    episode = structs.replace(EPISODE, programme="ndpr", treatment="completed", treatment_ended="2014-03-05")

    found = pair(episode, structs.replace(follow_up, stated_episode=episode.episode))

    assert (found.none_because, found.baseline, found.change) == ("no-baseline", None, None)
    assert [(each.rule, each.verdict, each.margin) for each in found.verdicts] == [("pass-qbpds-2020", "acceptable", "19.3")]


NONE_BECAUSE = [  # baseline, follow-up (None: empty form, "absent": no form), why there is no verdict
    (50, None, "not-scorable"),
    ("absent", None, "not-scorable"),  # the first reason that applies
    ("absent", 20, "no-baseline"),
    (None, 20, "no-baseline"),  # an unscorable baseline is no baseline
    (50, 20, None),
    (0, 20, None),  # one rule cannot evaluate it, the other can
]


@pytest.mark.parametrize(("baseline", "follow_up", "because"), NONE_BECAUSE)
def test_a_pair_without_verdict_says_why(baseline: int | str | None, follow_up: int | None, because: str | None) -> None:
    before = [] if baseline == "absent" else [response_accepted("r0", baseline)]

    result = pair(EPISODE, *before, response_accepted("r1", follow_up, measured=AT_T1))

    assert result.none_because == because


def test_a_pair_that_was_told_says_when_its_follow_up_is_gone() -> None:
    told = pair(EPISODE, response_accepted("r0", 50), response_accepted("r1", 20, measured=AT_T1))
    retracted = response_accepted("r1", 20, measured=AT_T1, status="entered-in-error", version=2)

    result = derived(EPISODE, response_accepted("r0", 50), retracted, published=[told.key])

    assert [(each.key.moment, each.none_because, each.verdicts) for each in result.pairs] == [("t1", "no-follow-up", ())]


def test_a_pair_that_was_told_says_when_its_episode_was_an_error() -> None:
    told = pair(EPISODE, response_accepted("r0", 50), response_accepted("r1", 20, measured=AT_T1))

    result = derived(episode_changed(treatment="entered-in-error", version=2), published=[told.key])

    assert [each.none_because for each in result.pairs] == ["retracted-episode"]


def test_every_follow_up_moment_is_compared_with_t0() -> None:
    days = {"t1": "2014-05-03", "t2": "2014-08-03", "t3": "2015-06-03", "t4": "2017-09-03"}
    follow_ups = [response_accepted(moment, 20, measured=f"{day}T09:00:00Z") for moment, day in days.items()]

    result = derived(EPISODE, response_accepted("r0", 60), *follow_ups)

    assert [(each.key.moment, each.change) for each in result.pairs] == [("t1", "-40"), ("t2", "-40"), ("t3", "-40"), ("t4", "-40")]
