"""Instruments, programmes and rules as pages for people, made from the contracts that the services obey.

The specification is the manual: nothing on these pages is written by hand, and every example is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from beklijf_domain.calendar import add_months
from beklijf_domain.exact import exact_text, scaled
from beklijf_domain.instrument import Example, Instrument, Item, Measure
from beklijf_domain.protocol import Moment, Protocol
from beklijf_domain.rule import Judgement, Rule, Threshold
from beklijf_domain.score import worked
from beklijf_shared.contracts import Contracts

WIDTH_CHARACTERS = 60
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
    form = f"Questionnaire `{instrument.questionnaire}`, versions {', '.join(instrument.scores)}"
    yield f"**{instrument.title}**, version {instrument.version}. {form}."
    yield f"Looks back over: {instrument.recall_period}. Licence: {instrument.licence}"
    yield f"Source: {instrument.citation}"
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


def unreachable(instrument: Instrument, measure: Measure) -> list[int]:
    """The whole numbers within the range of a sum, a count or a single value that no answers give."""
    if measure.formula not in ("sum", "count", "value") or measure.missing == "prorated":
        return []
    items = {item.link: item for item in instrument.items}
    reached = {0}
    for link in measure.links:
        values = {int(value > 0) for value in items[link].values} if measure.formula == "count" else set(items[link].values)
        reached = {total + value for total in reached for value in values}
    return [value for value in range(measure.low, measure.high + 1) if value not in reached]


def programmes(contracts: Contracts) -> str:
    """The page of all programmes."""
    lines = ["# Programmes", "", "Each is one file here; what stands below is made from them.", ""]
    for code in sorted(contracts.protocols):
        lines += [*protocol_lines(contracts.protocols[code], "##"), ""]
    return "\n".join(lines).rstrip() + "\n"


def protocol_lines(protocol: Protocol, heading: str = "#") -> Iterator[str]:
    """One programme: its moments, and their windows as a timeline."""
    yield f"{heading} {protocol.code}"
    yield ""
    yield f"**{protocol.title}**, version {protocol.version}; days are those of {protocol.time_zone}."
    yield f"Judged by {', '.join(protocol.rules) or 'no rule'}."
    yield f"Source: {protocol.citation}"
    yield ""
    yield "| moment | counted from | offset | days before and after | asked | compared with |"
    yield "|---|---|---|---|---|---|"
    for moment in protocol.moments:
        when = f"{moment.anchor} | {offset(moment)} | {moment.before}, {moment.after}"
        yield f"| `{moment.code}` {moment.title} | {when} | {', '.join(moment.instruments)} | {moment.baseline or ''} |"
    yield ""
    yield "```"
    yield from timeline(protocol)
    yield "```"


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


def gaps(protocol: Protocol, contracts: Contracts) -> Iterator[str]:
    """Judged instruments that are compared with a baseline at which they are not asked: their pairs would never have one."""
    for moment in protocol.moments:
        before = protocol.moment(moment.baseline) if moment.baseline else None
        for code in moment.instruments:
            known = contracts.instruments.get(code)
            if before is not None and known is not None and known.judged is not None and code not in before.instruments:
                yield f"{code} at {moment.code} is asked, and not at {before.code}, with which it is compared"


def rules(contracts: Contracts) -> str:
    """The page of all rules."""
    said = "Each is one file here; what stands below is made from them."
    lines = ["# Rules of change", "", f"{said} A programme names the rules that judge its pairs, side by side.", ""]
    lines += ["| rule | purpose | asks | meant for | programmes | source |", "|---|---|---|---|---|---|"]
    for code in sorted(contracts.rules):
        each = contracts.rules[code]
        used = ", ".join(protocol.code for protocol in contracts.protocols.values() if code in protocol.rules)
        asks = "; ".join(f"{name}: {judgement_text(judgement, each)}" for name, judgement in each.judgements.items())
        lines.append(f"| `{each.name}` {each.title} | {each.purpose} | {asks} | {each.population} | {used or 'none'} | {each.citation} |")
    return "\n".join(lines) + "\n"


def judgement_text(judgement: Judgement, rule: Rule) -> str:
    """What is asked of one instrument, with what is worse where that differs, the least baseline and the bands."""
    text = threshold_text(judgement.improvement)
    if judgement.deterioration != judgement.improvement:
        text += f" better, {threshold_text(judgement.deterioration)} worse"
    if judgement.minimal_baseline is not None:
        text += f", from a baseline of {exact_text(judgement.minimal_baseline)}"
    if rule.bands:
        text += ", bands " + ", ".join(band.category.code for band in rule.bands)
    return text


def threshold_text(threshold: Threshold) -> str:
    """A threshold in signs: >= 30 % and >= 5 points."""
    parts = []
    if threshold.relative is not None:
        parts.append(f"{threshold.operator} {exact_text(100 * threshold.relative)} %")
    if threshold.absolute is not None:
        parts.append(f"{threshold.operator} {exact_text(threshold.absolute)} points")
    return (" or " if threshold.any_of else " and ").join(parts)


def _grouped(items: Iterable[Item]) -> Iterator[str]:
    """The items, those with the same answers on one line."""
    together: dict[str, list[str]] = {}
    for item in items:
        together.setdefault(_answers(item), []).append(item.link)
    for answers, links in together.items():
        shown = links if len(links) <= 6 else [*links[:3], "…", links[-1]]
        yield f"- {', '.join(f'`{link}`' if link != '…' else link for link in shown)} ({len(links)}): {answers}"


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
    shown = [f"{code} {results[code]}" for code in example.results]
    return ", ".join(shown) or "not scorable"
