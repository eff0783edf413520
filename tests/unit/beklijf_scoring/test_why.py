"""Verdicts in sentences: the two scores, the change in the rule's own measures, what was needed, and what that means (M25, M26)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from beklijf_domain.formula import Value
from beklijf_scoring import telling, why
from beklijf_scoring.domain.change import judge_of
from beklijf_scoring.domain.derive import Pair
from beklijf_scoring.domain.facts import PairKey
from beklijf_scoring.queries import Known, Made
from beklijf_scoring.queries import Pair as Told
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.clock import NOON
from tests.lib.subjects import CONTRACTS, derived

MADE = Made(NOON, "0.1.0")
SENTENCES = [  # rule, instrument, baseline, follow-up, what is said after rule and moment
    ("imsr-30-percent", "vas-pain", 24, 16, "24 → 16: 33.3 %, needed 30 %; improved, 0.8 points more than needed."),
    ("imsr-30-percent", "vas-pain", 90, 63, "90 → 63: 30 %, needed 30 %; improved, 0 points more than needed."),
    ("imsr-30-percent", "vas-pain", 24, 32, "24 → 32: 33.3 % worse, needed 30 %; deteriorated, 15.2 points short of an improvement."),
    ("imsr-30-percent", "vas-pain", 0, 4, "not evaluable, because the baseline is zero."),
    ("ostelo-2008", "qbpds", 50, 31, "50 → 31: 19 points, needed 20 points; unchanged, 1 points short of an improvement."),
    (
        "qbpds-chronic-2010",
        "qbpds",
        50,
        41,
        "50 → 41: 18 % and 9 points, needed 18.1 % and 5 points; unchanged, 0.05 points short of an improvement.",
    ),
    ("rtms-bands", "nprs-24h", 10, 7, "10 → 7: 30 %, needed more than 30 %; unchanged (extend), 0 points more than needed."),
    ("qbpds-error-2010", "qbpds", 50, 34, "50 → 34: 16 points, needed more than 15.8 points; it exceeds measurement error."),
    ("qbpds-error-2022", "qbpds", 30, 42, "30 → 42: 12 points worse, needed more than 12 points; it may be measurement error alone."),
]


def known(rule: str, instrument: str, baseline: int, follow_up: int) -> Known:
    """An answer whose only pair was judged by one rule."""
    (placed,) = derived(episode_changed(), response_accepted()).answers
    start, end = Value("total", baseline, 0, None), Value("total", follow_up, 0, None)
    change = judge_of(CONTRACTS.instruments[instrument], [CONTRACTS.rules[rule]])(start, end)
    pair: Any = telling.mcic_changed("s1", Pair(PairKey("e1", instrument, "t1"), start, end, change.difference, change.verdicts))
    score: Any = telling.score_computed("s1", placed)
    told = (Told(pair, MADE, None, None),)
    return Known(score, MADE, (), response_accepted(), episode_changed(), "1.0.0", told, (), CONTRACTS.instruments["vas-pain"])


@pytest.mark.parametrize(("rule", "instrument", "baseline", "follow_up", "said"), SENTENCES)
def test_a_verdict_is_said_with_its_margin(rule: str, instrument: str, baseline: int, follow_up: int, said: str) -> None:
    told = why.sentences(known(rule, instrument, baseline, follow_up), CONTRACTS, "en")

    assert f"{CONTRACTS.rules[rule].title} (1.0.0) at t1: {said}" in told


def test_dutch_says_it_with_a_comma_and_the_dutch_name_of_the_rule() -> None:
    told = why.sentences(known("qbpds-chronic-2010", "qbpds", 50, 41), CONTRACTS, "nl")

    expected = "50 → 41: 18 % en 9 punten, nodig 18,1 % en 5 punten; onveranderd, 0,05 punten te weinig voor een verbetering."
    assert f"QBPDS bij chronische revalidatie: 5 punten en 18 % (1.0.0) op t1: {expected}" in told


def test_a_share_that_only_rounding_makes_enough_is_said_with_more_decimals() -> None:
    """200/9 and 155601/10000: 29.9795 % of the baseline, which one decimal would call 30."""
    before = Value("index", 2222, 2, None, "200/9")
    after = Value("index", 1556, 2, None, "155601/10000")
    odi = CONTRACTS.instruments["odi"]
    change = judge_of(odi, [CONTRACTS.rules["imsr-30-percent"]])(before, after)
    one = known("imsr-30-percent", "vas-pain", 24, 16)
    pair: Any = telling.mcic_changed("s1", Pair(PairKey("e1", "odi", "t1"), before, after, change.difference, change.verdicts))

    told = why.sentences(replace(one, pairs=(Told(pair, MADE, None, None),)), CONTRACTS, "en")

    assert next(each for each in told if "needed 30 %" in each).split(": ", 2)[2].startswith("29.98 %, needed 30 %; unchanged")
