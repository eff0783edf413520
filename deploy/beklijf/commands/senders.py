"""sender: who may send to the registry, and how each proves itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from beklijf import system
from beklijf.commands.running import console

WIDE = 10_000  # characters

app = typer.Typer(no_args_is_help=True, help="Who may send, and how each proves itself.")

Id = Annotated[str, typer.Argument(help="The sender's client id, like hospital-one.")]
Name = Annotated[str | None, typer.Option(help="How people call it.")]
Scopes = Annotated[str | None, typer.Option(help="SMART scopes, in one argument.")]
Unversioned = Annotated[str | None, typer.Option(help="Answers to a questionnaire without version: refuse, only-known, or a version.")]
Pseudonymise = Annotated[list[str] | None, typer.Option(help="An identifier system whose values are never kept; may be repeated.")]
Keys = Annotated[Path | None, typer.Option(help="Public keys: a JWKS, or one key in PEM.", dir_okay=False, exists=True)]
KeysUrl = Annotated[str | None, typer.Option(help="The https address of a JWKS.")]
GenerateKey = Annotated[Path | None, typer.Option(help="Make a key pair for trying out; the private key goes into this new file.")]


@app.command()
def add(
    id_: Id,
    organisation: Annotated[str, typer.Option(help="The URA of the organisation that it sends for: eight digits.")],
    *,
    keys: Keys = None,
    keys_url: KeysUrl = None,
    generate_key: GenerateKey = None,
    name: Name = None,
    scopes: Scopes = None,
    unversioned: Unversioned = None,
    pseudonymise: Pseudonymise = None,
) -> None:
    """Register a new sender. It can send a second later."""
    wish = _wish(name, scopes, unversioned, pseudonymise)
    _say("add", id_, "--organisation", organisation, *_proof(keys, keys_url, generate_key), *wish)
    if generate_key is not None:
        console.print(f"the private key is in {generate_key}: keep it to yourself")


@app.command("list")
def list_(*, changes: Annotated[bool, typer.Option("--changes", help="What was done to senders, oldest first.")] = False) -> None:
    """List the senders; no secret is kept, so none is shown."""
    rows = [json.loads(line) for line in _said("list", *(["--changes"] if changes else [])).splitlines()]
    if not rows:
        console.print("no sender is registered")
        return
    columns = ("at", "sender", "what") if changes else ("id", "name", "organisation", "enabled", "unversioned", "keys", "scopes")
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row.get(column, "")) for column in columns))
    Console(width=WIDE, highlight=False).print(table, soft_wrap=True)  # whole, however narrow the window: ids of keys are copied from it


@app.command()
def change(
    id_: Id, *, name: Name = None, scopes: Scopes = None, unversioned: Unversioned = None, pseudonymise: Pseudonymise = None
) -> None:
    """Change what a sender may do."""
    _say("change", id_, *_wish(name, scopes, unversioned, pseudonymise))


@app.command()
def rotate(
    id_: Id,
    *,
    keys: Keys = None,
    keys_url: KeysUrl = None,
    generate_key: GenerateKey = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the old keys beside the new ones.")] = False,
) -> None:
    """Give a sender new keys."""
    _say("rotate", id_, *_proof(keys, keys_url, generate_key), *(["--keep"] if keep else []))


@app.command()
def disable(id_: Id) -> None:
    """Let a sender send no longer: it is refused a second later."""
    _say("disable", id_)


@app.command()
def enable(id_: Id) -> None:
    """Let a sender send again."""
    _say("enable", id_)


def _proof(keys: Path | None, keys_url: str | None, generate_key: Path | None) -> list[str]:
    given: dict[str, str | None] = {"--keys-url": keys_url}
    for option, file in (("--keys", keys), ("--generate-key", generate_key)):
        given[option] = None if file is None else str(file.absolute())  # the service's command runs in another folder
    if sum(value is not None for value in given.values()) != 1:
        raise typer.BadParameter("give one of --keys, --keys-url and --generate-key")
    return [part for option, value in given.items() if value is not None for part in (option, value)]


def _wish(name: str | None, scopes: str | None, unversioned: str | None, pseudonymise: list[str] | None) -> list[str]:
    given = {"--name": name, "--scopes": scopes, "--unversioned": unversioned}
    plain = [part for option, value in given.items() if value is not None for part in (option, value)]
    return [*plain, *(part for each in pseudonymise or () for part in ("--pseudonymise", each))]


def _say(*arguments: str) -> None:
    one = json.loads(_said(*arguments))
    for name, value in one.items():
        console.print(f"{name}: {_cell(value)}", markup=False)


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _said(*arguments: str) -> str:
    return system.existing().run("intake", "sender", *arguments)
