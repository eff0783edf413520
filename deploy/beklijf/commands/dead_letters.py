"""dlq: the messages that a service could not apply, with their reasons; to look at, and to replay once the cause is gone."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from beklijf import system
from beklijf.commands.running import console

app = typer.Typer(no_args_is_help=True, help="Messages that a service could not apply.")


class Consuming(StrEnum):
    """The services that consume events, and so may have dead letters."""

    SCORING = "scoring"
    COHORTS = "cohorts"
    REPORTING = "reporting"


@app.command("list")
def list_(service: Consuming) -> None:
    """List a service's dead letters: number, time, topic, place, reason."""
    _say(service, "list")


@app.command()
def show(service: Consuming, number: Annotated[int, typer.Argument(help="As `beklijf dlq list` names it.")]) -> None:
    """Show one dead letter whole."""
    _say(service, "show", str(number))


@app.command()
def replay(service: Consuming, number: Annotated[int | None, typer.Argument(help="One dead letter; all when left out.")] = None) -> None:
    """Apply dead letters again. Those that a newer version has superseded have no effect."""
    _say(service, "replay", *([str(number)] if number is not None else []))


def _say(service: Consuming, *arguments: str) -> None:
    console.print(system.existing().run(service.value, "dlq", *arguments).rstrip("\n"), markup=False, soft_wrap=True)
