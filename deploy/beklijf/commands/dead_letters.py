"""dlq: the messages that a service could not apply, with their reasons; to look at, and to replay once the cause is gone."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from beklijf import system
from beklijf.commands.running import console

app = typer.Typer(no_args_is_help=True, help="Messages that a service could not apply.")


class Holder(StrEnum):
    """The services: consumers keep what they could not apply, relays what the broker could not take."""

    INTAKE = "intake"
    SCORING = "scoring"
    COHORTS = "cohorts"
    REPORTING = "reporting"


@app.command("list")
def list_(service: Holder) -> None:
    """List a service's dead letters that wait: number, time, topic, place in it, reason."""
    rows = [json.loads(line) for line in _said(service, "list").splitlines()]
    if not rows:
        console.print(f"{service.value} has no dead letters")
        return
    table = Table("number", "since", "topic", "partition", "offset", "reason", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in ("id", "at", "topic", "partition", "offset", "reason")))
    console.print(table, soft_wrap=False)


@app.command()
def show(service: Holder, number: Annotated[int, typer.Argument(help="As `beklijf dlq list` names it.")]) -> None:
    """Show one dead letter whole."""
    console.print(_said(service, "show", str(number)), markup=False)


@app.command()
def replay(service: Holder, number: Annotated[int | None, typer.Argument(help="One dead letter; all when left out.")] = None) -> None:
    """Apply dead letters again. Those that a newer version has superseded have no effect."""
    chosen = [str(number)] if number is not None else []
    console.print(_said(service, "replay", *chosen) or "none waits", markup=False)


def _said(service: Holder, *arguments: str) -> str:
    return system.existing().run(service.value, "dlq", *arguments).rstrip("\n")
