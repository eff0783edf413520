"""Instruments, moments and rules as the contracts have them: nothing on this page is written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from beklijf_domain import exact
from beklijf_domain.instrument import Instrument
from beklijf_domain.protocol import Moment, Protocol
from beklijf_domain.rule import Rule, Threshold
from beklijf_reporting import formats
from beklijf_reporting.charts import Chart, windows
from beklijf_reporting.language import Language
from beklijf_reporting.language import marked as _
from beklijf_reporting.pages.vocabulary import Names
from beklijf_shared.contracts import Contracts

DIRECTIONS = {"high-is-worse": _("high is worse"), "high-is-better": _("high is better"), None: _("neither end is better")}
FORMULAS = {
    "sum": _("sum of the items"),
    "value": _("the number itself"),
    "category": _("the answer itself"),
    "mean": _("mean of the items"),
    "count": _("number of items that apply"),
    "percent-of-maximum": _("percentage of the greatest possible sum"),
    "weighted-sum": _("weighted sum of the items"),
    "lookup": _("from a published table, by the raw sum"),
    "profile": _("the answers one after the other; 9 where one is missing"),
    "groups": _("group by limits of the scores"),
    "expression": _("by an expression of the site's own (FHIRPath)"),
}
STATES = {
    "<=": _("acceptable from {score} down"),
    "<": _("acceptable below {score}"),
    ">=": _("acceptable from {score} up"),
    ">": _("acceptable above {score}"),
}
MISSING = {
    "all-required": _("every item is needed; without one the answer counts as responded and has no score"),
    "by-measure": _("each question stands alone; a missing one leaves the others as they are"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One instrument, with the answers that can be given."""

    instrument: Instrument
    measures: tuple[tuple[str, str, str, str], ...]
    """What it measures, how, its range or answers, and its direction."""
    missing: str
    asked_at: tuple[str, ...]
    examples: tuple[tuple[str, tuple[tuple[str, str], ...], str], ...]
    """Worked examples: the answers, what they give by measure, and where the example comes from."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule, with what it asks of each instrument in words."""

    rule: Rule
    asks: tuple[tuple[str, str, str], ...]
    """The instrument, when improved, when worse."""


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme: its moments and the picture of their windows."""

    protocol: Protocol
    moments: tuple[tuple[Moment, str, str, str, str], ...]
    """The moment, its months, days before, days after, and its instruments."""
    chart: Chart


@dataclass(frozen=True, slots=True)
class InstrumentsPage:
    """Everything the template needs."""

    instruments: tuple[Asked, ...]
    rules: tuple[Judged, ...]
    programmes: tuple[Programme, ...]


def page(known: Contracts, names: Names) -> InstrumentsPage:
    """The page of the contracts."""
    return InstrumentsPage(
        instruments=tuple(_asked(each, known, names) for each in known.instruments.values()),
        rules=tuple(_judged(each, known, names) for each in known.rules.values()),
        programmes=tuple(_programme(each, names) for each in known.protocols.values()),
    )


def _asked(each: Instrument, known: Contracts, names: Names) -> Asked:
    said = names.language
    measures = []
    for measure in each.measures:
        low, high = (exact.exact_text(exact.scaled(end, measure.scale)) for end in (measure.low, measure.high))
        span = ", ".join(category.labels[said.code] for category in measure.categories)
        range_ = said(_("{low} to {high}"), low=formats.plain(low, said), high=formats.plain(high, said)) if measure.is_number else ""
        given = span or range_
        measures.append((measure.labels[said.code], said(FORMULAS[measure.formula]), given, said(DIRECTIONS[measure.direction])))
    moments = [moment for protocol in known.protocols.values() for moment in protocol.moments if each.code in moment.instruments]
    asked_at = tuple(names.of("moment", moment.code) for moment in moments)
    return Asked(each, tuple(measures), said(MISSING[each.missing_items]), asked_at, tuple(_examples(each, said)))


def _examples(each: Instrument, said: Language) -> Iterator[tuple[str, tuple[tuple[str, str], ...], str]]:
    for example in each.examples:
        results = []
        for code, result in example.results.items():
            measure = each.measure(code)
            assert measure is not None  # the contract was checked
            named = next((category.labels[said.code] for category in measure.categories if category.code == result), result)
            results.append((measure.labels[said.code], formats.plain(named, said) if measure.is_number else named))
        yield " ".join(example.answers), tuple(results), example.source


def _judged(rule: Rule, known: Contracts, names: Names) -> Judged:
    asks = []
    for code, cutoff in rule.cutoffs.items():
        text = names.language(STATES[cutoff.operator], score=names.language.number(_text(cutoff.score)))
        asks.append((names.of("instrument", code), text, ""))
    for instrument in known.instruments.values():
        judgement = rule.judgement(instrument.code)
        if instrument.judged is not None and judgement is not None:
            better = _threshold(judgement.improvement, names.language)
            asks.append((names.of("instrument", instrument.code), better, _threshold(judgement.deterioration, names.language)))
    return Judged(rule, tuple(asks))


def _threshold(threshold: Threshold, said: Language) -> str:
    """What must be reached, in words: at least 30 % of the baseline."""
    atleast = _("at least {amount}") if threshold.operator == ">=" else _("more than {amount}")
    parts = []
    if threshold.relative is not None:
        share = formats.percentage(_text(threshold.relative), 0)
        parts.append(said(atleast, amount=said(_("{share} % of the start score"), share=share)))
    if threshold.absolute is not None:
        parts.append(said(atleast, amount=said(_("{points} points"), points=said.number(_text(threshold.absolute)))))
    return said(_(" and ")).join(parts)


def _text(number: Fraction) -> str:
    return exact.exact_text(number)


def _programme(protocol: Protocol, names: Names) -> Programme:
    moments = []
    for moment in protocol.moments:
        by_year = ", ".join(f"{months} ({year})" for year, months in moment.months_by_year.items())
        asked = ", ".join(names.of("instrument", code) for code in moment.instruments)
        offset = by_year or str(moment.months if moment.days is None else names.language(_("{days} days"), days=moment.days))
        if moment.anchor == "end-of-treatment":
            offset = names.language(_("end of treatment + {offset}"), offset=offset)
        moments.append((moment, offset, str(moment.before), str(moment.after), asked))
    return Programme(protocol, tuple(moments), windows(protocol, names))
