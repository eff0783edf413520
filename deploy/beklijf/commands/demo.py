"""demo: start everything, push an invented cohort as two hospitals would, wait until it is counted, and say what came of it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from beklijf import observe
from beklijf import push as pushing
from beklijf.commands import running
from beklijf.commands.events import newest
from beklijf.commands.pushing import push_with_bar, show
from beklijf.commands.running import address_of, console
from beklijf.elsewhere import OPERATIONS, PAGES, Addressed, running_system
from beklijf.reference.cohort import DEMO_EPISODES, generate, ndjson
from beklijf.reference.resources import ORGANISATIONS
from beklijf_shared.topics import DATA_QUALITY

DONE_SECONDS = 120.0
COHORT = "imsr"


def demo(episodes: Annotated[int, typer.Option(help="How many treatment episodes to invent.")] = DEMO_EPISODES) -> None:
    """Start everything, push an invented cohort, wait until it is counted. Safe to repeat: the second time all is duplicate."""
    if not os.environ.get(OPERATIONS):
        running.up()
    local = running_system()
    receipt = pushing.Receipt()
    for hospital, organisation in enumerate(ORGANISATIONS):
        receipt.add(_push(local, hospital, local.token_of(organisation), episodes))
    show(receipt)
    with console.status("waiting until everything is counted"):
        observe.wait_until_done(local, DONE_SECONDS)
    _say_what_came_of_it(local)


def _push(local: Addressed, hospital: int, token: str, episodes: int) -> pushing.Receipt:
    resources = generate(episodes, hospital=hospital)
    items = [pushing.Item(f"hospital {hospital + 1}, resource {number}", ndjson(one)) for number, one in enumerate(resources, start=1)]
    return push_with_bar(items, len(items), f"{address_of(local, 'intake')}/fhir", token, f"hospital {hospital + 1}")


def _say_what_came_of_it(local: Addressed) -> None:
    quality = newest(local, DATA_QUALITY.name)
    ends: dict[str, int] = {}
    for event in quality:
        for how, number in event["counts"].items():
            ends[how] = ends.get(how, 0) + int(number)
    scored = sum(ends.values()) - sum(int(event["not_scorable"]) for event in quality)
    others = ", ".join(f"{number} {how}" for how, number in sorted(ends.items()) if how != "counted" and number)
    console.print(
        f"scored {scored} of {sum(ends.values())} answers held; counted {ends.get('counted', 0)}{f', {others}' if others else ''}"
    )
    pages = os.environ.get(PAGES) or address_of(local, "reporting")
    console.print(f"the page: {pages}/cohorts/{COHORT}")
    if not os.environ.get(OPERATIONS):
        console.print("`make status` shows the processes, `make stop` stops them, `make reset` deletes all of it")
