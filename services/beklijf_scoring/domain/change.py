"""From two scores, or from a score alone, to verdicts (M25, M26): exact, several rules side by side, each with its margin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from beklijf_domain.exact import cut_decimals, exact_text, is_finite
from beklijf_domain.formula import Value
from beklijf_domain.instrument import Instrument
from beklijf_domain.protocol import Protocol
from beklijf_domain.rule import Cutoff, Judgement, Rule, Threshold
from beklijf_domain.states import Verdict

PAIRS_REMEMBERED = 32_768
"""Scores are small integers, so pairs of them come again and again; QBPDS and VAS have 10,201 each."""


class Judged(NamedTuple):
    """One rule's judgement of one pair. `margin`: score points beyond (positive) or short of (negative) enough improvement, or the
    cut-off of an acceptable state; None where the rule cannot evaluate the pair, and then `reason` says why. `band`: where the rule has
    bands, the one it lies in."""

    rule: str
    rule_version: str
    verdict: Verdict
    margin: str | None
    reason: str | None = None
    band: str | None = None


class Change(NamedTuple):
    """What happened between two scores. `difference` = follow-up - baseline (M26): exact, or cut as the score is where it has no end;
    None without a baseline, and then only rules of states judge."""

    difference: str | None
    verdicts: tuple[Judged, ...]


Judge = Callable[[Value | None, Value], Change]
"""(baseline or None, follow-up), both of the measure that rules judge, to what happened in between."""


def judges(
    instruments: Mapping[str, Instrument], protocols: Mapping[str, Protocol], rules: Mapping[str, Rule]
) -> dict[tuple[str, str], Judge]:
    """What judges the pairs of each instrument in each version of each programme: those of its rules that say something about it."""
    return {
        (version.name, code): judge_of(instrument, [rules[name] for name in version.rules])
        for protocol in protocols.values()
        for version in (protocol, *protocol.former)
        for code, instrument in instruments.items()
        if instrument.judged is not None
    }


def judge_of(instrument: Instrument, rules: Iterable[Rule]) -> Judge:
    """The judge of one instrument that has a measure to judge. It remembers pairs: its answer depends on the two scores only."""
    asked = [(rule, asks) for rule in rules if (asks := rule.cutoffs.get(instrument.code) or rule.judgement(instrument.code)) is not None]
    assert instrument.judged is not None
    scale, better = instrument.judged.scale, -1 if instrument.judged.direction == "high-is-worse" else 1

    @lru_cache(maxsize=PAIRS_REMEMBERED)
    def judge(baseline: Value | None, follow_up: Value) -> Change:
        end = follow_up.fraction
        if baseline is None:
            return Change(None, tuple(_state(rule, asks, end, scale) for rule, asks in asked if isinstance(asks, Cutoff)))
        start = baseline.fraction
        improvement = better * (end - start)
        verdicts = tuple(
            _state(rule, asks, end, scale) if isinstance(asks, Cutoff) else _judged(rule, asks, start, improvement, scale)
            for rule, asks in asked
        )
        return Change(_text(end - start, scale), verdicts)

    return judge


def _state(rule: Rule, cutoff: Cutoff, score: Fraction, scale: int) -> Judged:
    """Whether the score lies on the acceptable side of the cut-off; on the cut-off itself as the operator says."""
    margin = cutoff.score - score if cutoff.low_is_better else score - cutoff.score
    acceptable = margin >= 0 if cutoff.operator in ("<=", ">=") else margin > 0
    return Judged(rule.code, rule.version, "acceptable" if acceptable else "not-acceptable", _text(margin, scale))


def _text(number: Fraction, scale: int) -> str:
    """Exactly; what has no finite decimal text, such as a ninth, is cut half up to the decimals of the score. It was judged before."""
    return exact_text(number) if is_finite(number) else cut_decimals(number, scale)


def _judged(rule: Rule, judgement: Judgement, baseline: Fraction, improvement: Fraction, scale: int) -> Judged:
    """The verdict: improved if enough better, deteriorated if enough worse, otherwise unchanged (M25)."""
    reason = why_not_evaluable(judgement, baseline)
    if reason is not None:
        return Judged(rule.code, rule.version, "not-evaluable", None, reason)
    margin = margin_of(judgement.improvement, baseline, improvement)
    verdict: Verdict = "unchanged"
    if enough(judgement.improvement, margin):
        verdict = "improved"
    elif improvement < 0 and enough(judgement.deterioration, margin_of(judgement.deterioration, baseline, -improvement)):
        verdict = "deteriorated"
    return Judged(rule.code, rule.version, verdict, _text(margin, scale), None, _band_of(rule, baseline, improvement))


def _band_of(rule: Rule, baseline: Fraction, improvement: Fraction) -> str | None:
    """The first band whose share of the baseline the improvement reaches."""
    for band in rule.bands:
        if band.share is None or enough(Threshold(band.operator), improvement - band.share * baseline):
            return band.category.code
    return None


def why_not_evaluable(judgement: Judgement, baseline: Fraction) -> str | None:
    """A share of nothing cannot be judged, nor can a baseline below the rule's minimum; None: it can be judged."""
    if judgement.minimal_baseline is not None and baseline < judgement.minimal_baseline:
        return "baseline-below-minimum"
    if baseline == 0 and (judgement.improvement.relative is not None or judgement.deterioration.relative is not None):
        return "baseline-zero"
    return None


def enough(threshold: Threshold, margin: Fraction) -> bool:
    """Whether a margin passes: exactly enough is enough only for `>=`."""
    return margin >= 0 if threshold.operator == ">=" else margin > 0


def margin_of(threshold: Threshold, baseline: Fraction, distance: Fraction) -> Fraction:
    """How far a distance lies beyond the threshold, in score points; where the rule has two sides, the harder
    one if each must pass, the easier one if either is enough."""
    needed = []
    if threshold.relative is not None:
        needed.append(threshold.relative * baseline)
    if threshold.absolute is not None:
        needed.append(threshold.absolute)
    return distance - (min(needed) if threshold.any_of else max(needed))
