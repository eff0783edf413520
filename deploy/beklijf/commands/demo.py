"""demo: start everything, push a reference cohort as two hospitals would, wait until it is counted, and prove what came of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import httpx
import typer

from beklijf import observe
from beklijf import push as pushing
from beklijf.commands import running
from beklijf.commands.events import newest
from beklijf.commands.pushing import push_with_bar, show
from beklijf.commands.running import address_of, console
from beklijf.elsewhere import OPERATIONS, PAGES, Addressed, running_system
from beklijf.reference import cohort as small
from beklijf.reference.imsr import cohort as imsr
from beklijf.reference.resources import ORGANISATIONS, Resource
from beklijf_shared.events import EVERY_RECEIPT
from beklijf_shared.topics import DATA_QUALITY

DONE_SECONDS = 300.0
COHORT = "imsr"
ANSWER_SECONDS = 30.0


class Which(StrEnum):
    """Which reference cohort."""

    IMSR = "imsr"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent: what each of the two hospitals says, and, where that is known beforehand, what must come of it."""

    by_hospital: tuple[list[Resource], ...]
    expected: imsr.Expected | None


class NotAsExpectedError(Exception):
    """The demonstration proves something else than it should; the text says what."""


def demo(
    cohort: Annotated[Which, typer.Option(help="The study's cohort (23,100 resources), or a small invented one.")] = Which.IMSR,
    episodes: Annotated[int, typer.Option(help="How many treatment episodes to invent for the small one.")] = small.DEMO_EPISODES,
) -> None:
    """Start everything, push the study's cohort, wait until it is counted, and hold every printed number against ours.

    Safe to repeat: the second time all is duplicate. Exit code 1 when a number, or the receipt, is not what it must be.
    """
    if not os.environ.get(OPERATIONS):
        running.up()
    local = running_system()
    with console.status("writing the letters of both hospitals"):
        mail = _mail(cohort, episodes)
    receipt = pushing.Receipt()
    for hospital, resources in enumerate(mail.by_hospital):
        receipt.add(_push(local, hospital, resources))
    show(receipt)
    with console.status("waiting until everything is counted"):
        observe.wait_until_done(local, DONE_SECONDS)
    ends = _ends(local)
    problems = [] if mail.expected is None else _proof(local, receipt, ends, mail.expected)
    console.print(f"the page: {os.environ.get(PAGES) or address_of(local, 'reporting')}/cohorts/{COHORT}")
    if not os.environ.get(OPERATIONS):
        console.print("`make status` shows the processes, `make stop` stops them, `make reset` deletes all of it")
    if problems:
        raise NotAsExpectedError("; ".join(problems))


def _proof(local: Addressed, receipt: pushing.Receipt, ends: Mapping[str, int], expected: imsr.Expected) -> list[str]:
    """Prints whether all came out as it must; gives what did not."""
    if not wrong_in_receipt(receipt, expected):
        console.print("as expected: one answer is impossible on purpose, and what was repeated, amended or retracted changes no figure")
    address = f"{address_of(local, 'reporting')}/cohorts/{COHORT}/reproduced.json"
    return [*wrong_in_receipt(receipt, expected), *wrong_ends(ends, expected), *_prove(address)]


def _mail(cohort: Which, episodes: int) -> Mail:
    if cohort is Which.SMALL:
        return Mail(tuple(list(small.generate(episodes, hospital=number)) for number in range(len(ORGANISATIONS))), None)
    letters = list(imsr.sent())
    mine = tuple([letter.resource for letter in letters if letter.hospital == number] for number in range(len(ORGANISATIONS)))
    return Mail(mine, imsr.expected())


def _push(local: Addressed, hospital: int, resources: Iterable[Resource]) -> pushing.Receipt:
    says = f"hospital {hospital + 1}"
    items = [pushing.Item(f"{says}, resource {number}", small.ndjson(one)) for number, one in enumerate(resources, start=1)]
    return push_with_bar(items, len(items), f"{address_of(local, 'intake')}/fhir", local.auth_of(ORGANISATIONS[hospital]), says)


def _ends(local: Addressed) -> Counter[str]:
    """Says how the answers stand, and gives how many by disposition (M8)."""
    quality = [event for event in newest(local, DATA_QUALITY.name) if event["receipt"] == EVERY_RECEIPT]
    ends: Counter[str] = Counter()
    for event in quality:
        ends.update({how: int(number) for how, number in event["counts"].items()})
    scored = ends.total() - sum(int(event["not_scorable"]) for event in quality)
    others = ", ".join(f"{number} {how}" for how, number in sorted(ends.items()) if how != "counted" and number)
    console.print(f"scored {scored} of {ends.total()} answers held; counted {ends['counted']}{f', {others}' if others else ''}")
    return ends


def wrong_in_receipt(receipt: pushing.Receipt, expected: imsr.Expected) -> list[str]:
    """What the receipt should not say. What an earlier push brought already is a duplicate now, and as good."""
    problems = []
    if receipt.sent != expected.sent:
        problems.append(f"{receipt.sent} resources were sent, not {expected.sent}")
    if receipt.refused != expected.refused:
        problems.append(f"{receipt.refused} resources were refused, not {expected.refused} (one is impossible on purpose)")
    if receipt.duplicate < expected.duplicate:
        problems.append(f"{receipt.duplicate} resources were duplicates, which should be at least {expected.duplicate}")
    return problems


def wrong_ends(ends: Mapping[str, int], expected: imsr.Expected) -> list[str]:
    """Which dispositions hold other numbers of answers than they must; drafts never leave intake."""
    wanted = {how: number for how, number in expected.answers.items() if how != "draft"}
    names = sorted(wanted.keys() | {how for how, number in ends.items() if number})
    wrong = [f"{how} {ends.get(how, 0)} instead of {wanted.get(how, 0)}" for how in names if ends.get(how, 0) != wanted.get(how, 0)]
    return [f"the answers do not stand as they should: {', '.join(wrong)} (is there more than this cohort? `make reset`)"] if wrong else []


def _prove(address: str) -> list[str]:
    """Prints how many of the printed numbers are ours, and each that is not; gives what is wrong."""
    comparison: dict[str, Any] = httpx.get(address, timeout=ANSWER_SECONDS).raise_for_status().json()
    met, total = comparison["reproduced"], comparison["total"]
    for line in unmet(comparison):
        console.print(f"  {line}", markup=False)
    contradicted = comparison["contradicted"]
    told = f" ({contradicted} of them where the article contradicts itself: ours is the number that we stand by)" if contradicted else ""
    console.print(f"{met} of {total} printed numbers reproduced{told}")
    return [] if met == total else [f"{total - met} of {total} printed numbers are not reproduced"]


def unmet(comparison: Mapping[str, Any]) -> list[str]:
    """A line per printed number that is not ours."""
    return [
        f"{one['id']} ({one['source']}): printed {one['printed']}, ours {one['ours'] or 'none'} ({one['verdict']})"
        for one in comparison["results"]
        if one["verdict"] not in {"equal", "contradicted"}
    ]
