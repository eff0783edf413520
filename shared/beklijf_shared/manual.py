"""Instruments, programmes and rules as pages for people, made from the contracts that the services obey.

The specification is the manual: nothing on these pages is written by hand, and every example is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from beklijf_domain.calendar import add_months
from beklijf_domain.exact import exact_text, scaled
from beklijf_domain.instrument import Example, Instrument, Item, Measure
from beklijf_domain.protocol import Moment, Protocol, Window
from beklijf_domain.rule import Band, Judgement, Rule, Threshold
from beklijf_domain.score import worked
from beklijf_shared.contracts import Contracts

WIDTH_CHARACTERS = 60
POINTS = {"baseline": "the start of treatment", "end-of-treatment": "the end of treatment"}
LONGEST_TREATMENT_DAYS = 730
SHOWN_T0, SHOWN_END = date(2026, 1, 5), 2
"""The timeline is drawn for an episode that began on this day and whose treatment ended so many months later."""


def instruments(contracts: Contracts) -> str:
    """The page of all instruments."""
    known = [contracts.instruments[code] for code in sorted(contracts.instruments)]
    said = f"{len(known)} ship. Each is one file here; what stands below is made from them, and every example is checked."
    lines = ["# Instruments", "", said, ""]
    lines += ["| code | title | items | judged | licence |", "|---|---|---|---|---|"]
    for each in known:
        judged = each.judged.code if each.judged else "nothing"
        lines.append(f"| [`{each.code}`](#{each.code}) | {each.title} | {len(each.items)} | {judged} | {each.licence} |")
    for each in known:
        lines += ["", *instrument_lines(each, "##")]
    return "\n".join(lines) + "\n"


def instrument_lines(instrument: Instrument, heading: str = "#") -> Iterator[str]:
    """One instrument: what is asked, what it gives, what happens to missing items, where it comes from, and examples."""
    yield f"{heading} {instrument.code}"
    yield ""
    versions = ", ".join(f"every {each}.x" if each.isdigit() else each for each in instrument.scores)
    yield f"**{instrument.title}**, version {instrument.version} of its scoring."
    yield ""
    yield f"- Questionnaire: `{instrument.questionnaire}`, version {versions}"
    yield f"- Looks back over: {instrument.recall_period}"
    if instrument.reference_point is not None:
        yield f"- Asks for a change since: {POINTS[instrument.reference_point]}"
    yield f"- Licence: {instrument.licence}"
    yield f"- Source: {instrument.citation}"
    yield f"- Missing items: {instrument.missing_because}"
    if codes := ", ".join(f"`{each.code}` {coding.system} {coding.code}" for each in instrument.measures for coding in each.codings):
        yield f"- Verified codes: {codes}"
    yield ""
    yield "Items, in their order:"
    yield ""
    yield from _grouped(instrument.items)
    yield ""
    yield "| measure | how | range or groups | direction | missing items |"
    yield "|---|---|---|---|---|"
    for measure in instrument.measures:
        name = f"`{measure.code}`{' (judged)' if measure is instrument.judged else ''} {measure.labels['en']}"
        direction = measure.direction or "neither"
        yield f"| {name} | {how(measure)} | {span(measure)} | {direction} | {_missing(instrument, measure)} |"
    if instrument.examples:
        yield ""
        yield "| answers, in the order of the items | give | source |"
        yield "|---|---|---|"
        for example in instrument.examples:
            yield f"| `{' '.join(example.answers)}` | {_given(instrument, example)} | {example.source} |"


def how(measure: Measure) -> str:
    """The operation with what it works on."""
    if measure.expression is not None:
        return f"expression `{_in_a_cell(measure.expression.text)}` of {_links(measure)}, by {measure.expression.engine} (slower)"
    if measure.of:
        return f"{measure.formula} of {', '.join(measure.of)}"
    return f"{measure.formula} of {_links(measure)}"


def _links(measure: Measure) -> str:
    return ", ".join(measure.links if len(measure.links) <= 4 else (*measure.links[:2], "…", measure.links[-1]))


def _in_a_cell(text: str) -> str:
    """Text on one line, whose bars end no cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def span(measure: Measure) -> str:
    """The range, or the codes in their order."""
    if measure.categories:
        return ", ".join(category.code for category in measure.categories)
    if not measure.is_number:
        return "one digit for each item"
    low, high = (exact_text(scaled(end, measure.scale)) for end in (measure.low, measure.high))
    return f"{low} to {high}" + (f", {measure.scale} decimals" if measure.scale else "")


def programmes(contracts: Contracts) -> str:
    """The page of all programmes."""
    lines = ["# Programmes", "", "Each is one file here; what stands below is made from them.", ""]
    for code in sorted(contracts.protocols):
        lines += [*protocol_lines(contracts.protocols[code], contracts, "##"), ""]
    return "\n".join(lines).rstrip() + "\n"


def protocol_lines(protocol: Protocol, contracts: Contracts, heading: str = "#") -> Iterator[str]:
    """One programme: its versions, its moments, who is counted, and the windows as a timeline."""
    yield f"{heading} {protocol.code}"
    yield ""
    yield f"**{protocol.title}**, version {protocol.version}; days are those of {protocol.time_zone}."
    yield ""
    yield f"- Languages: {', '.join(protocol.languages)}"
    years = ", ".join(str(year) for year in protocol.years)
    yield f"- Treatment years: {years}; others are accepted, and lack what depends on the year"
    yield f"- Judged by: {', '.join(protocol.rules) or 'no rule'}"
    yield f"- Lasting: {_lasting(protocol)}"
    yield f"- Cohorts: {'; '.join(_cohorts(protocol, contracts)) or 'none yet'}"
    yield f"- Versions: {'; '.join(_versions(protocol))}"
    yield f"- Source: {protocol.citation}"
    yield ""
    yield "| moment | counted from | offset | days before and after | asked | compared with |"
    yield "|---|---|---|---|---|---|"
    for moment in protocol.moments:
        when = f"{moment.anchor} | {offset(moment)} | {moment.before}, {moment.after}"
        asked = ", ".join(_asked(code, contracts) for code in moment.instruments)
        yield f"| `{moment.code}` {moment.title} | {when} | {asked} | {moment.baseline or ''} |"
    yield ""
    yield "```"
    yield from timeline(protocol)
    yield "```"


def _asked(code: str, contracts: Contracts) -> str:
    """An instrument; where it asks for a change itself, since when."""
    known = contracts.instruments.get(code)
    return code if known is None or known.reference_point is None else f"{code} (change since {POINTS[known.reference_point]})"


def _lasting(protocol: Protocol) -> str:
    follow_ups = [moment.code for moment in protocol.moments if moment.baseline is not None]
    if len(follow_ups) < 2:
        return "not asked, for there are no two follow-ups"
    first, last = protocol.lasts or (follow_ups[0], follow_ups[-1])
    return (
        f"improved at {first} and still at {last} is sustained; {first} only: relapsed; {last} only: late; neither: never; for every rule"
    )


def _cohorts(protocol: Protocol, contracts: Contracts) -> Iterator[str]:
    for code, each in sorted(contracts.cohorts.items()):
        if each.programme == protocol.code:
            hidden = f"cells below {each.minimum_cell} hidden" if each.suppressed else "nothing hidden"
            years = ", ".join(str(year) for year in each.years)
            yield f"`{code}`, episodes that began in {years} under version {each.protocol_version}, {hidden}"


def _versions(protocol: Protocol) -> Iterator[str]:
    """Whom each version holds for: by day of start, and whom it took over on purpose."""
    for each in (protocol, *protocol.former):
        days = [f"from {each.since}" if each.since else "", f"before {each.until}" if each.until else ""]
        began = " ".join(day for day in days if day)
        yield f"{each.version} for " + (f"episodes that began {began}" if began else "every episode")
        for move in each.moved:
            days = [f"from {move.began_from}" if move.began_from else "", f"before {move.began_before}" if move.began_before else ""]
            whom = f"{len(move.episodes)} episodes" if move.episodes else f"those that began {' '.join(day for day in days if day)}"
            yield f"{each.version} took over {whom} ({move.reason})"


def placements(cases: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The cases of which episode and moment an answer belongs to, as a table."""
    yield "## Which moment an answer belongs to"
    yield ""
    yield "A stated moment holds; else the nearest moment whose window holds the day of the answer, in the programme's time zone; of two"
    yield "that are equally near, the earlier one. Of several answers for one moment that counts which states it, then which has a score,"
    yield "then which was measured first. The cases are in `contracts/placement/cases.toml`, for VAS pain in `imsr` unless they say"
    yield "otherwise; a test holds scoring to each of them."
    yield ""
    yield "| case | episodes (t0) | answers | place |"
    yield "|---|---|---|---|"
    for case in cases:
        sides = ("<br>".join(map(_facts, case[side])) or "none" for side in ("episodes", "answers", "places"))
        yield f"| {case['says']} | {' | '.join(sides)} |"


def _facts(facts: Mapping[str, Any]) -> str:
    """The facts of one episode, answer or place in a few words."""
    first = [str(facts[key]) for key in ("episode", "t0", "measured", "moment", "counts") if key in facts]
    others = [f"{key.replace('_', ' ')} {value}".removesuffix(" True") for key, value in facts.items() if str(value) not in first]
    return ", ".join([*first, *others])


def meetings(protocol: Protocol) -> Iterator[str]:
    """Windows of different anchors that meet when a treatment takes so few days; then the nearest target decides (M5)."""
    t0 = SHOWN_T0
    by_start = protocol.windows(t0)
    for moment in protocol.moments:
        if moment.anchor == "start":
            continue
        lengths = (
            days for days in range(LONGEST_TREATMENT_DAYS, -1, -1) if _meets(protocol.window(moment, t0, t0 + timedelta(days)), by_start)
        )
        longest = next(lengths, None)
        if longest is not None:
            window = protocol.window(moment, t0, t0 + timedelta(longest))
            others = ", ".join(code for code, each in by_start.items() if _meets(window, {code: each}))
            yield f"{moment.code} and {others} meet when a treatment takes {longest} days or less: the nearest target decides"


def _meets(window: Window | None, others: Mapping[str, Window]) -> bool:
    return window is not None and any(each.opens <= window.closes and window.opens <= each.closes for each in others.values())


def offset(moment: Moment) -> str:
    """How long after its anchor a moment lies."""
    if moment.days is not None:
        return f"{moment.days} days"
    if moment.months is not None:
        return f"{moment.months} months"
    return ", ".join(f"{year}: {months} months" for year, months in moment.months_by_year.items())


def timeline(protocol: Protocol) -> Iterator[str]:
    """The windows of one episode as bars on one line of time; `|` is the target. By treatment year where that matters."""
    years = protocol.years if any(moment.months_by_year for moment in protocol.moments) else (SHOWN_T0.year,)
    for year in years:
        t0 = SHOWN_T0.replace(year=year)
        windows = protocol.windows(t0, add_months(t0, SHOWN_END))
        first = min(window.opens for window in windows.values())
        days = max((max(window.closes for window in windows.values()) - first).days, 1)
        yield f"t0 = {t0}" + (f", treatment ended {add_months(t0, SHOWN_END)}" if protocol.counts_from_end else "")
        for code, window in windows.items():
            ends = (window.opens, window.target, window.closes)
            begin, target, end = (round((day - first).days * (WIDTH_CHARACTERS - 1) / days) for day in ends)
            bar = "".join("|" if place == target else "=" if begin <= place <= end else "." for place in range(WIDTH_CHARACTERS))
            yield f"{code:>10} {bar} {window.opens} to {window.closes}"


def rules(contracts: Contracts) -> str:
    """The page of all rules."""
    said = "Each is one file here; what stands below is made from them."
    lines = ["# Rules", "", f"{said} A programme names the rules that judge its pairs, side by side."]
    lines += ["A rule with `score` in front of its cut-off says when a state is acceptable to patients (PASS), whatever it was before.", ""]
    lines += ["| rule | purpose | asks | meant for | programmes | source |", "|---|---|---|---|---|---|"]
    for code in sorted(contracts.rules):
        each = contracts.rules[code]
        used = ", ".join(protocol.code for protocol in contracts.protocols.values() if code in protocol.rules)
        asks = "; ".join(asks_of(each))
        lines.append(f"| `{each.name}` {each.title} | {each.purpose} | {asks} | {each.population} | {used or 'none'} | {each.citation} |")
    for code in sorted(contracts.rules):
        lines += ["", *rule_lines(contracts.rules[code], contracts, "##")]
    return "\n".join(lines) + "\n"


def rule_lines(rule: Rule, contracts: Contracts, heading: str = "#") -> Iterator[str]:
    """One rule: what it asks of which instrument, for whom, from which source, and whom it judges."""
    used = sorted(protocol.code for protocol in contracts.protocols.values() if rule.code in protocol.rules)
    yield f"{heading} {rule.code}"
    yield ""
    yield f"**{rule.title}**, version {rule.version}; {rule.purpose}."
    yield ""
    for asked in asks_of(rule):
        name, _, text = asked.partition(": ")
        yield f"- `{name}`: {text}"
    yield f"- Meant for: {rule.population}"
    yield f"- Judges the pairs of: {', '.join(used) or 'no programme yet'}"
    yield f"- Source: {rule.citation}"


def asks_of(rule: Rule) -> Iterator[str]:
    """What a rule asks of each instrument that it names: `qbpds: >= 20 points`, `odi: score <= 22`."""
    for name, judgement in rule.judgements.items():
        yield f"{name}: {judgement_text(judgement, rule)}"
    for name, cutoff in rule.cutoffs.items():
        yield f"{name}: score {cutoff.operator} {exact_text(cutoff.score)}"


def judgement_text(judgement: Judgement, rule: Rule) -> str:
    """What is asked of one instrument, with what is worse where that differs, the least baseline and the bands."""
    text = threshold_text(judgement.improvement)
    if judgement.deterioration != judgement.improvement:
        text += f" better, {threshold_text(judgement.deterioration)} worse"
    if judgement.minimal_baseline is not None:
        text += f", from a baseline of {exact_text(judgement.minimal_baseline)}"
    if rule.bands:
        text += "; " + ", ".join(_band(band) for band in rule.bands)
    return text


def _band(band: Band) -> str:
    """Its code with its limit: continue > 30 %; the last takes everybody else."""
    return (
        f"{band.category.code} {band.operator} {exact_text(100 * band.share)} %" if band.share is not None else f"else {band.category.code}"
    )


def threshold_text(threshold: Threshold) -> str:
    """A threshold in signs: >= 30 % and >= 5 points."""
    parts = []
    if threshold.relative is not None:
        parts.append(f"{threshold.operator} {exact_text(100 * threshold.relative)} %")
    if threshold.absolute is not None:
        parts.append(f"{threshold.operator} {exact_text(threshold.absolute)} points")
    return (" or " if threshold.any_of else " and ").join(parts)


def _grouped(items: Iterable[Item]) -> Iterator[str]:
    """The items in their order, neighbours with the same answers on one line."""
    for answers, together in groupby(items, key=_answers):
        links = [f"`{item.link}`" for item in together]
        yield f"- {', '.join(links)} ({len(links)}): {answers}"


def _answers(item: Item) -> str:
    if item.categories:
        return ", ".join(category.code for category in item.categories)
    if item.codes is not None:
        return ", ".join(f"{code} = {value if item.worth is None else item.worth[value]}" for code, value in item.codes.items())
    recoded = "" if item.worth is None else f", counted as {_worth(item.worth)}"
    return f"{item.low} to {item.high}{recoded}"


def _worth(worth: Mapping[int, int]) -> str:
    return ", ".join(f"{answered} → {value}" for answered, value in worth.items())


def _missing(instrument: Instrument, measure: Measure) -> str:
    if instrument.missing_items == "all-required":
        return "all items are needed"
    if measure.missing == "none":
        return "all of its items are needed" if measure.links else "needs its measures"
    return f"{measure.missing}, at least {measure.least_answered} of {len(measure.links)}"


def _given(instrument: Instrument, example: Example) -> str:
    results = worked(instrument, example)
    shown = [f"{code} {_with_all_decimals(instrument, code, results[code])}" for code in example.results]
    return ", ".join(shown) or "not scorable"


def _with_all_decimals(instrument: Instrument, code: str, text: str) -> str:
    """A number with as many decimals as the measure has, as people print it: 0.390, not 0.39."""
    measure = instrument.measure(code)
    if measure is None or not measure.is_number or not measure.scale:
        return text
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<{measure.scale}}"
