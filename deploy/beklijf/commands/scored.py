"""instrument, protocol, rule: what the registry scores and judges by, as data; to look at, to check, and to begin a new one."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markdown import Markdown

from beklijf.commands.running import console
from beklijf.local.state import state_from_environment
from beklijf_domain import instrument as instruments
from beklijf_domain import reachable
from beklijf_domain.document import TO_FILL_IN, Document
from beklijf_domain.exact import cut_decimals, scaled
from beklijf_domain.instrument import Instrument, Measure
from beklijf_domain.score import given, scorer
from beklijf_shared import contracts, expressions, manual, skeleton
from beklijf_shared.clock import from_environment
from beklijf_shared.contracts import Contracts
from beklijf_shared.fhirpath_subset import STEPS_MAXIMUM

Kind = TypeVar("Kind")

instrument_app = typer.Typer(no_args_is_help=True, help="Instruments: what is asked, and what the answers are worth.")
protocol_app = typer.Typer(no_args_is_help=True, help="Programmes: when what is asked, and which rules judge it.")
rule_app = typer.Typer(no_args_is_help=True, help="Rules: when a change matters.")

TIMES = 20
"""How often each worked example is scored to see what an expression costs."""

Site = Annotated[
    Path | None, typer.Option("--contracts", help="A site's own folder of contracts; when left out, the one that `beklijf up` was given.")
]

TEMPLATE = """# {title}. Fill in what is marked, then run `beklijf instrument check {code}`.

code = "{code}"
version = "1.0.0"
title = "{title}"
questionnaire = "{base}/Questionnaire/{code}"
scores = ["1"]
judged = "total"                        # what rules judge; leave it out when nothing is judged
recall_period = "FILL IN: over which time people look back, such as: the last week"
licence = "FILL IN: under which licence the items may be used"
citation = "FILL IN: where the instrument and its scoring come from"

[[items]]
links = [{links}]
low = {low}
high = {high}

[[measures]]
code = "total"
en = "Total"
nl = "Totaal"
formula = "{formula}"
low = {least}
high = {most}
direction = "high-is-worse"

[missing_items]
rule = "all-required"
source = "FILL IN: what the developers ask for when an item is missing"

[[examples]]
answers = "{answers}"
source = "The most that can be answered"
results = {{ total = "{most}" }}
"""


def known(site: Path | None) -> Contracts:
    """The contracts that ship, with the site's own."""
    return contracts.load(site or state_from_environment().site())


@instrument_app.command("list")
def list_instruments(site: Site = None) -> None:
    """List the instruments."""
    for code, each in sorted(known(site).instruments.items()):
        console.print(f"{code:24} {each.version:8} {each.title}", highlight=False)


@instrument_app.command("show")
def show_instrument(code: str, site: Site = None) -> None:
    """Show one instrument: items, measures, missing items, licence, source, worked examples."""
    _page(manual.instrument_lines(_found(known(site).instruments, code, "instrument")))


@instrument_app.command("check")
def check_instrument(code: str, site: Site = None, page: Annotated[Path | None, typer.Option(help="Write its page here.")] = None) -> None:
    """Check an instrument with everything that names it; exit code 1 with file and key when it cannot hold."""
    loaded = known(site)
    each = _found(loaded.instruments, code, "instrument")
    console.print(
        f"{each.code} {each.version} holds: {len(each.items)} items, {len(each.measures)} measures, {len(each.examples)} examples"
    )
    for measure in each.measures:
        if never := reachable.unreached_values(each, measure):
            shown = ", ".join(str(value) for value in never[:10])
            console.print(f"note: no answers give {len(never)} of the values of {measure.code}: {shown}")
        for group in reachable.unreached_groups(each, measure):
            console.print(f"note: no answers lead to {group} of {measure.code}: groups before it take everybody, or its limits never meet")
        if measure.expression is not None:
            _expressed(each, measure)
    for other in loaded.instruments.values():
        if other.code != code and (both := sorted({item.link for item in each.items} & {item.link for item in other.items})):
            console.print(f"note: {len(both)} of its linkIds are those of {other.code} too: {', '.join(both[:5])}")
    if not each.examples:
        console.print("note: it has no worked examples; nobody can see whether it scores as its manual says")
    if page is not None:
        page.write_text("\n".join(manual.instrument_lines(each)) + "\n", encoding="utf-8")


@instrument_app.command("new")
def new_instrument(
    code: str,
    items: Annotated[int, typer.Option(help="How many items.", min=1, max=200)],
    into: Annotated[Path, typer.Option(help="The site's folder of contracts.")],
    title: str = "",
    low: Annotated[int, typer.Option(help="The least that an item counts for.")] = 0,
    high: Annotated[int, typer.Option(help="The most.")] = 4,
) -> None:
    """Begin an instrument: a file to fill in, and its Questionnaire with neutral text."""
    target = into / "instruments" / f"{code}.toml"
    if target.exists():
        raise FileExistsError(f"{target} is there already")
    links = [f"{code}-{number:02d}" for number in range(1, items + 1)]
    text = TEMPLATE.format(
        code=code,
        title=title or code,
        base=skeleton.BASE,
        links=", ".join(f'"{link}"' for link in links),
        low=low,
        high=high,
        formula="sum" if items > 1 else "value",
        least=low * items,
        most=high * items,
        answers=" ".join([str(high)] * items),
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    written = [target, *_questionnaire(instruments.read(Document(str(target), tomllib.loads(_as_begun(text)))), into)]
    console.print("wrote", *(str(path) for path in written), highlight=False)


@instrument_app.command("questionnaire")
def make_questionnaire(code: str, into: Annotated[Path, typer.Option(help="The site's folder of contracts.")]) -> None:
    """Write an instrument's Questionnaire anew from its file: after its items or answers changed, before a licensed text is put in."""
    source = into / "instruments" / f"{code}.toml"
    made = instruments.read(Document(str(source), tomllib.loads(_as_begun(source.read_text(encoding="utf-8")))))
    console.print("wrote", *(str(path) for path in _questionnaire(made, into)), highlight=False)


@instrument_app.command("text")
def begin_text(
    code: str,
    into: Annotated[Path, typer.Option(help="The site's folder of contracts.")],
    lang: Annotated[str, typer.Option(help="The language of the wording: en or nl.")] = "nl",
) -> None:
    """Begin the wording of an instrument whose text does not ship: a file with a place for every item and answer."""
    each = _found(known(into if into.exists() else None).instruments, code, "instrument")
    target = into / "texts" / f"{code}.toml"
    if target.exists():
        raise FileExistsError(f"{target} is there already")
    answers = dict.fromkeys(answer for item in each.items if not item.categories for answer in item.codes or ())
    lines = [f"# The wording of {each.title}. linkIds and codes stay; `beklijf instrument check {code}` says whether it fits.", ""]
    lines += [f'instrument = "{code}"', f'language = "{lang}"', f'licence = "{TO_FILL_IN} by which licence this wording is used here"', ""]
    lines += ["[items]", *(f'{item.link} = "{TO_FILL_IN} item {place}"' for place, item in enumerate(each.items, start=1))]
    lines += ["", "[answers]", *(f'"{answer}" = "{TO_FILL_IN} answer {answer}"' for answer in answers)] if answers else []
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    console.print("wrote", str(target), highlight=False)


@protocol_app.command("list")
def list_protocols(site: Site = None) -> None:
    """List the programmes."""
    for code, each in sorted(known(site).protocols.items()):
        console.print(f"{code:24} {each.version:8} {each.title}", highlight=False)


@protocol_app.command("show")
def show_protocol(code: str, site: Site = None) -> None:
    """Show one programme: moments, windows, instruments, rules."""
    loaded = known(site)
    _page(manual.protocol_lines(_found(loaded.protocols, code, "programme"), loaded))


@protocol_app.command("check")
def check_protocol(code: str, site: Site = None) -> None:
    """Check a programme (overlapping windows, instruments and rules that are not there) and draw its timeline."""
    loaded = known(site)
    each = _found(loaded.protocols, code, "programme")
    console.print(f"{each.code} {each.version} holds: {len(each.moments)} moments; those of one anchor overlap for no day of start")
    for line in manual.timeline(each):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for meeting in manual.meetings(each):
        console.print(f"note: {meeting}")
    for planned in each.planned:
        console.print(f"note: {planned} is asked and not here yet: answers to it are refused")


@rule_app.command("list")
def list_rules(site: Site = None) -> None:
    """List the rules, and which programmes they judge."""
    loaded = known(site)
    for code, each in sorted(loaded.rules.items()):
        used = ", ".join(protocol.code for protocol in loaded.protocols.values() if code in protocol.rules) or "no programme"
        console.print(f"{each.name:28} {each.purpose:20} {each.title} ({used})", highlight=False)


@rule_app.command("show")
def show_rule(code: str, site: Site = None) -> None:
    """Show one rule: what it asks of which instrument, for whom, from which source, and whom it judges."""
    loaded = known(site)
    _page(manual.rule_lines(_found(loaded.rules, code, "rule"), loaded))


@rule_app.command("check")
def check_rule(code: str, site: Site = None) -> None:
    """Check a rule, and say what it asks of each instrument."""
    each = _found(known(site).rules, code, "rule")
    console.print(f"{each.name} holds")
    for asked in manual.asks_of(each):
        console.print(f"  {asked}", highlight=False)


def _found(among: Mapping[str, Kind], code: str, kind: str) -> Kind:
    if code not in among:
        raise LookupError(f"there is no {kind} {code}; there are {', '.join(sorted(among))}")
    return among[code]


def _expressed(instrument: Instrument, measure: Measure) -> None:
    """What an expression costs here, and what trying it shows."""
    found = expressions.tried(instrument, measure)
    score, started = scorer(instrument), time.monotonic()
    for _ in range(TIMES):
        for example in instrument.examples:
            score(given(instrument, example))
    milliseconds = (time.monotonic() - started) * 1000 / (TIMES * len(instrument.examples))
    assert measure.expression is not None
    cost = f"{found.steps} of {STEPS_MAXIMUM} steps, {milliseconds:.1f} ms an answer here"
    console.print(f"slower: {measure.code} is computed by an expression ({measure.expression.engine}): {cost}", highlight=False)
    if found.without_effect:
        console.print(f"note: no answer that was tried to {', '.join(found.without_effect)} changes {measure.code}")
    if found.least is None or found.most is None:
        console.print(f"note: no answers that were tried give {measure.code} at all")
        return
    shown = f"{cut_decimals(found.least, measure.scale)} to {cut_decimals(found.most, measure.scale)}"
    if (found.least, found.most) != (scaled(measure.low, measure.scale), scaled(measure.high, measure.scale)):
        console.print(f"note: the answers that were tried give {shown}; what lies outside the stated range is no score", highlight=False)


def _page(lines: Iterator[str]) -> None:
    console.print(Markdown("\n".join(lines)), soft_wrap=False)  # lines of text are broken, and never cut off


def _as_begun(text: str) -> str:
    """A file that was begun, read for its items: what is still to be filled in stands in the Questionnaire as that."""
    return text.replace(TO_FILL_IN, "To be filled in:")


def _questionnaire(made: Instrument, into: Path) -> list[Path]:
    """Writes what FHIR needs to know of an instrument; gives the files."""
    written, published = [], from_environment()().date().isoformat()
    for resource in skeleton.resources(made, date=published, publisher="the site"):
        path = into / "fhir" / f"{resource['resourceType']}-{resource['id']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(resource, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written
