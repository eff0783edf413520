"""`python -m beklijf_intake mapping check|list|reread`: what a mapping makes of a sample, and what was read by which mapping."""

from __future__ import annotations

import argparse
import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beklijf_domain import mapping as definition
from beklijf_domain.calendar import zone
from beklijf_domain.document import Document
from beklijf_domain.mapping import FormMapping
from beklijf_intake import fhir, forms, front_door
from beklijf_intake.domain import likeness
from beklijf_intake.domain.likeness import Ours, Seen
from beklijf_intake.domain.mapping import Mapper, compile_mapping, compiled
from beklijf_intake.domain.problem import Refused as NotAccepted
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.rereading import reread
from beklijf_intake.settings import TIME_ZONE
from beklijf_intake.store import mappings as store
from beklijf_shared import clock, contracts, db
from beklijf_shared.commands import DATABASE_AWAY
from beklijf_shared.contracts import ContractError, Contracts
from beklijf_shared.settings import Settings

Said = dict[str, Any]
_INDEX = re.compile(r"\[\d+\]")
PROBLEMS_LISTED = 30


class Refused(Exception):
    """It could not be done at all; the text says why, for the operator."""


@dataclass(slots=True)
class Sample:
    """The answers of a sample that are of the mapped form, and what became of each line."""

    responses: list[Mapping[str, Any]] = field(default_factory=list)
    fit: int = 0
    of_other_forms: int = 0
    problems: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)
    """Where each problem was seen first."""

    def note(self, number: int, expression: str | None, sentence: str) -> None:
        """Counts a problem, wherever among repeated items it stands."""
        key = (_INDEX.sub("", expression or ""), sentence)
        self.problems[key] += 1
        self.lines.setdefault(key, number)


def run(arguments: Sequence[str]) -> tuple[list[str], int]:
    """The lines to print, and the exit code: 0 all fits, 1 something does not. Raises Refused."""
    options = _parser().parse_args(arguments)
    site = os.environ.get("BEKLIJF_CONTRACTS") or None
    try:
        known = contracts.load(site)
        said = _checked(options, known) if options.what == "check" else _held(known, again=options.what == "reread")
    except (ContractError, OSError) as error:
        raise Refused(str(error)) from error
    except db.DBAPIError as error:
        if not db.is_transient(error):
            raise
        raise Refused(DATABASE_AWAY) from error
    lines = [json.dumps(said, ensure_ascii=False)] if options.json else [*(_text(said) if options.what == "check" else _list_text(said))]
    return lines, 0 if said["agrees"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m beklijf_intake mapping", description="Forms of hospitals' own.")
    kinds = parser.add_subparsers(required=True, metavar="WHAT", dest="what")
    check = kinds.add_parser("check", help="what a mapping makes of a sample: what fits, what is missing, what is ambiguous")
    check.add_argument("file", metavar="FILE")
    check.add_argument("--sample", required=True, metavar="NDJSON", help="QuestionnaireResponses as the hospital sends them, one a line")
    kinds.add_parser("list", help="how many answers were read by which mapping, and whether it is the present one")
    kinds.add_parser("reread", help="read what a former version of a mapping read again, by the present one")
    for one in kinds.choices.values():
        one.add_argument("--json", action="store_true", help="a JSON object, for programs")
    return parser


def _held(known: Contracts, *, again: bool) -> Said:
    """The answers that count, by the mapping by which they were read, after reading them anew where that is asked. Needs the database."""
    names = {each.name for each in known.mappings.values()}
    done: Counter[str] = Counter()
    with db.opened(Settings.from_environment("intake").database_url) as engine:
        if again:
            with db.transaction(engine) as connection:
                former = store.counted(connection).keys() - names
            now = clock.from_environment()()
            done = reread(engine, former, _context(known.mappings, known), now)
        with db.transaction(engine) as connection:
            counted = store.counted(connection)
    listed = [{"mapping": name, "answers": counted.get(name, 0), "present": name in names} for name in sorted(names | counted.keys())]
    return {"read": done["read"], "kept": done["kept"], "mappings": listed, "agrees": True}


def _checked(options: argparse.Namespace, known: Contracts) -> Said:
    file = Path(options.file)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{file.name} is no TOML in UTF-8: {error}") from error
    mapping = definition.read(Document(str(file), content))
    contracts.check_mapping(mapping, known)
    mapper = compile_mapping(mapping, known.questionnaires[mapping.to])
    sample = _sampled(Path(options.sample), _context({mapping.code: mapping}, known, mapping.organisations[0]))
    seen = likeness.look(sample.responses)
    ours = [*likeness.ours_of(mapper.outline)]
    return {
        "mapping": mapping.name,
        "to": "|".join(mapping.to),
        "sample": {"answers": len(sample.responses), "fit": sample.fit, "of_other_forms": sample.of_other_forms},
        "fits": [
            {"theirs": link, "ours": one.item.link, "answered": seen[link].answers}
            for link, one in mapper.questions.items()
            if link in seen
        ],
        **_missing(mapper, seen, ours),
        "ambiguous": [*_ambiguous(mapper, seen, ours)],
        "problems": [
            {"expression": where, "sentence": sentence, "times": times, "line": sample.lines[where, sentence]}
            for (where, sentence), times in sample.problems.most_common(PROBLEMS_LISTED)
        ],
        "agrees": bool(sample.responses) and sample.fit == len(sample.responses),
    }


def _missing(mapper: Mapper, seen: Mapping[str, Seen], ours: Sequence[Ours]) -> Said:
    by_link = {one.link: one for one in ours}
    mapped = {one.item.link for one in mapper.questions.values()}
    open_links = likeness.unmapped(mapper, seen)
    left = [one for one in ours if one.link not in mapped]
    return {
        "unmapped_theirs": [
            {
                "theirs": link,
                "text": seen[link].text,
                "answers": seen[link].answers,
                "like": _names(likeness.items_like(link, seen[link], left)),
            }
            for link in open_links
        ],
        "unmapped_ours": [
            {"ours": one.link, "text": one.text, "like": _names(likeness.theirs_like(one, {link: seen[link] for link in open_links}))}
            for one in left
        ],
        "never_seen": [
            {"theirs": link, "ours": one.item.link, "like": _names(_instead(link, open_links))}
            for link, one in mapper.questions.items()
            if link not in seen
        ],
        "unmapped_values": [
            {
                "theirs": link,
                "value": value,
                "times": times,
                "like": _names(likeness.codes_like(value, seen[link].displays.get(value, ""), by_link[question.item.link])),
            }
            for link, question in mapper.questions.items()
            if link in seen
            for value, times in likeness.unmapped_values(question, seen[link])
        ],
    }


def _ambiguous(mapper: Mapper, seen: Mapping[str, Seen], ours: Sequence[Ours]) -> Iterator[Said]:
    for link, one in seen.items():
        if one.is_repeated and link not in mapper.mapping.ignored:
            yield {"theirs": link, "why": "it stands at several places of one response"}
    for link in likeness.unmapped(mapper, seen):
        found = likeness.items_like(link, seen[link], ours)
        if likeness.is_ambiguous(found):
            yield {"theirs": link, "why": f"it is as much like {found[0][1]} as like {found[1][1]}"}


def _instead(link: str, others: Sequence[str]) -> list[tuple[float, str]]:
    return sorted(((likeness.alike(link, other), other) for other in others if likeness.alike(link, other) >= likeness.ALIKE), reverse=True)


def _names(found: Sequence[tuple[float, str]]) -> list[str]:
    return [name for _, name in found]


def _context(mappings: Mapping[str, FormMapping], known: Contracts, organisation: str = "") -> ReadingContext:
    return ReadingContext(
        forms=forms.compiled(known),
        programmes=frozenset(known.protocols),
        moments=known.moment_codes,
        zone=zone(TIME_ZONE),
        now=clock.from_environment()(),
        organisation=organisation,
        mappings=compiled(mappings, known.questionnaires),
    )


def _sampled(file: Path, context: ReadingContext) -> Sample:
    """Every line as intake would read it; nothing is stored."""
    sample = Sample()
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                resource = front_door.parse(line.strip())
                if context.mapper(str(resource.get("questionnaire"))) is None:
                    sample.of_other_forms += 1
                    continue
                sample.responses.append(resource)
                fhir.read(resource, line.strip(), context, type="QuestionnaireResponse")
                sample.fit += 1
            except NotAccepted as refused:
                for problem in refused.problems:
                    if problem.severity != "warning":
                        sample.note(number, problem.expression, problem.sentence)
    return sample


def _text(said: Said) -> Iterator[str]:
    sample = said["sample"]
    yield f"{said['mapping']}: {sample['fit']} of {sample['answers']} answers fit {said['to']}"
    if sample["of_other_forms"]:
        yield f"{sample['of_other_forms']} lines are of another form, version or organisation"
    for one in said["fits"]:
        yield f"  fits       {one['theirs']} -> {one['ours']} (answered {one['answered']} times)"
    for one in said["never_seen"]:
        yield f"  missing    {one['theirs']} -> {one['ours']}: no answer of the sample has this item{_like(one)}"
    for one in said["unmapped_theirs"]:
        yield f"  missing    {one['theirs']} has {one['answers']} answers and is neither mapped nor ignored{_like(one)}"
    for one in said["unmapped_ours"]:
        yield f"  missing    nothing is mapped to our {one['ours']}{_like(one)}"
    for one in said["unmapped_values"]:
        yield f"  missing    {one['theirs']}: no line for the value {one['value']!r} ({one['times']} times){_like(one)}"
    for one in said["ambiguous"]:
        yield f"  ambiguous  {one['theirs']}: {one['why']}"
    for one in said["problems"]:
        yield f"  refused    {one['times']} times, first in line {one['line']}: {one['expression']}: {one['sentence']}"


def _like(one: Said) -> str:
    return f"; like: {', '.join(one['like'])}" if one["like"] else ""


def _list_text(said: Said) -> Iterator[str]:
    if said["read"] or said["kept"]:
        kept = f", {said['kept']} kept as they were: the present mapping refuses them" if said["kept"] else ""
        yield f"{said['read']} answers read again{kept}"
    for one in said["mappings"]:
        former = "" if one["present"] else ", read by a version that is no longer the present one"
        yield f"{one['mapping']}: {one['answers']} answers{former}"
