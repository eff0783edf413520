"""`python -m beklijf_intake questionnaire ...`: what a site's forms are, what is checked of each and what is not. Asks no database."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beklijf_intake import definitions, fhir, forms
from beklijf_intake.domain.questionnaire import Form, FormNotUsable, compile_form
from beklijf_intake.settings import CANONICAL_BASE
from beklijf_shared import contracts
from beklijf_shared.contracts import ContractError, Contracts

Resource = dict[str, Any]
Said = dict[str, Any]

KINDS = ("Questionnaire", "ValueSet", "CodeSystem")
EXPRESSIONS = ("calculatedExpression", "enableWhenExpression", "answerExpression", "constraint", "targetConstraint", "cqf-expression")


class Refused(Exception):
    """It could not be done at all; the text says why, for the operator."""


def run(arguments: Sequence[str]) -> tuple[list[str], int]:
    """Runs one of check, list and show: the lines to print, and the exit code (0: all is usable, 1: something is not). Raises Refused."""
    options = _parser().parse_args(arguments)
    site = os.environ.get("BEKLIJF_CONTRACTS") or None
    try:
        found = [*_checked(options.files, site)] if options.what == "check" else _known(site, getattr(options, "canonical", None))
    except (ContractError, FormNotUsable) as error:
        raise Refused(str(error)) from error
    if not found:
        raise Refused("no such Questionnaire is here")
    short = options.what == "list"
    lines = [line for one in found for line in ([json.dumps(one, ensure_ascii=False)] if options.json else text(one, short=short))]
    return lines, 0 if all(one["usable"] for one in found) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m beklijf_intake questionnaire", description="The forms of this site.")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, for programs")
    kinds = parser.add_subparsers(required=True, metavar="WHAT", dest="what")
    check = kinds.add_parser(
        "check", help="what would be checked of these Questionnaires; value sets and code systems may stand beside them"
    )
    check.add_argument("files", nargs="+", metavar="FILE")
    kinds.add_parser("list", help="the forms that are loaded: a line each")
    kinds.add_parser("show", help="one form, item by item").add_argument("canonical", help="<address>|<version>")
    for one in kinds.choices.values():
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="a JSON object a line, for programs")
    return parser


def _known(site: str | None, canonical: str | None) -> list[Said]:
    known = contracts.load(site)
    compiled = forms.compiled(known)
    return [
        appraisal(form, _instrument(known, form)) | {"title": known.questionnaires[key].get("title")}
        for key, form in compiled.items()
        if canonical is None or "|".join(key) == canonical
    ]


def _checked(files: Sequence[str], site: str | None) -> Iterator[Said]:
    """What is to be said of each file: a Questionnaire at length, what stands beside it in a line."""
    given = [(file, _read(Path(file))) for file in files]
    known = contracts.load(site)
    beside = [resource for _, resource in given if isinstance(resource, dict) and not _faults(resource)]
    around = forms.surroundings([*known.resources, *beside])
    new: list[Resource] = []
    for file, resource in given:
        faults = [resource] if isinstance(resource, str) else _faults(resource) or _clashes(resource, file, new, known, site)
        if isinstance(resource, dict) and not faults:
            new.append(resource)
        said: Said = {"file": file, "usable": not faults, "faults": faults}
        if isinstance(resource, dict):
            names = ("resourceType", "url", "version", "title")
            said |= {name: resource.get(name) for name in names} | {"known": not faults and _is_known(resource, known)}
            if not faults and resource["resourceType"] == "Questionnaire":
                instrument = known.instrument_of(resource["url"], resource["version"])
                said |= appraisal(compile_form(resource, around, instrument), None if instrument is None else instrument.code)
        yield said | {"text": [*text(said, short=False)]}


def appraisal(form: Form, instrument: str | None) -> Said:
    """What is checked of a form and what is not, item by item; `instrument` is the one that scores it."""
    items = [
        {"linkId": one.link, "type": one.type, "checked": [*one.checked], "unchecked": [note._asdict() for note in one.unchecked]}
        for one in form.appraisals
    ]
    return {
        "resourceType": "Questionnaire",
        "url": form.url,
        "version": form.version,
        "usable": True,
        "faults": [],
        "instrument": instrument,
        "items": items,
        "value_sets_not_at_hand": sorted({note.reason for _, note in forms.not_at_hand(form)}),
        "expressions": sorted({link for link, note in form.unchecked if note.part in EXPRESSIONS}),
    }


def text(said: Said, *, short: bool) -> Iterator[str]:
    """The same for people."""
    name = f"{said.get('url')}|{said.get('version')}" if said.get("url") else said["file"]
    if said["faults"]:
        yield f"{name}: cannot be used"
        yield from (f"  {fault}" for fault in said["faults"])
    elif "items" not in said:
        yield f"{name}: {said['resourceType']}, at hand"
    else:
        questions = [one for one in said["items"] if one["linkId"]]
        partly = [one for one in said["items"] if one["unchecked"]]
        scored = f"scored by {said['instrument']}" if said["instrument"] else "kept, and scored by no instrument"
        counted = "1 item" if len(questions) == 1 else f"{len(questions)} items"
        yield f"{name}: {counted}, {len(partly)} checked in part; {scored}"
        if not short:
            yield from _at_length(said)


def _at_length(said: Said) -> Iterator[str]:
    for one in said["items"]:
        if one["linkId"] or one["unchecked"]:
            yield f"  {one['linkId'] or 'the form itself'} ({one['type']}): {', '.join(one['checked']) or 'nothing to check'}"
        for note in one["unchecked"]:
            yield f"    not checked: {note['part']}: {note['reason']}"
    for title, lines in (("Value sets that are not at hand", "value_sets_not_at_hand"), ("Items with expressions", "expressions")):
        if said[lines]:
            yield f"  {title}: {'; '.join(said[lines])}"


def _read(path: Path) -> Resource | str:
    """The resource in a file, or why there is none."""
    try:
        resource = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"
    except ValueError:
        return "the file is no JSON in UTF-8"
    return resource if isinstance(resource, dict) else "the file holds no FHIR resource"


def _faults(resource: Resource) -> list[str]:
    """Why a resource cannot be used, whatever else is here."""
    if resource.get("resourceType") not in KINDS:
        return [f"only {', '.join(KINDS)} can be added"]
    absent = [name for name in ("url", "version") if not isinstance(resource.get(name), str) or not resource[name]]
    if absent:
        return [f"{' and '.join(absent)} must be stated: answers name the form as <address>|<version>"]
    if "|" in resource["url"] or "#" in resource["url"] or "|" in resource["version"]:
        return ["url and version must hold no | and no #"]
    return fhir.faults(resource)


def _clashes(resource: Resource, file: str, new: Sequence[Resource], known: Contracts, site: str | None) -> list[str]:
    """Why it cannot be added to what is here, and to what else is `new`. A version that is here with other content is never
    replaced: answers rest on it."""
    held = next((one for one in (*known.resources, *new) if _canonical(one) == _canonical(resource)), None)
    if held is not None:
        return [] if dict(held) == resource else ["this url and version are here already with other content: give it another version"]
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "contracts"
        if site is not None:
            shutil.copytree(site, trial)
        (trial / "fhir").mkdir(parents=True, exist_ok=True)
        added = {f"to-be-added-{number}.json": one for number, one in enumerate(new) if not _is_known(one, known)}
        for name, one in {**added, "to-be-added.json": resource}.items():
            (trial / "fhir" / name).write_text(json.dumps(one), encoding="utf-8")
        try:
            loaded = contracts.load(trial)
            definitions.of(loaded, CANONICAL_BASE)
            if resource["resourceType"] == "Questionnaire":
                compile_form(resource)
        except (ContractError, FormNotUsable, ValueError) as error:
            return [str(error).replace(str(trial / "fhir" / "to-be-added.json"), file)]
    return []


def _canonical(resource: Mapping[str, Any]) -> tuple[str, str, str]:
    return resource["resourceType"], resource["url"], resource["version"]


def _is_known(resource: Resource, known: Contracts) -> bool:
    return any(_canonical(one) == _canonical(resource) for one in known.resources)


def _instrument(known: Contracts, form: Form) -> str | None:
    found = known.instrument_of(form.url, form.version)
    return None if found is None else found.code
