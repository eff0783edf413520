"""questionnaire: the forms of this site, what is checked of each, and new ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from beklijf.commands.running import console
from beklijf.elsewhere import OPERATIONS
from beklijf.local.processes import command_of
from beklijf.local.state import SITE, state_from_environment
from beklijf.system import CommandFailedError

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9.]+")

app = typer.Typer(no_args_is_help=True, help="The forms that hospitals may send, and what is checked of each.")

Files = Annotated[list[Path], typer.Argument(help="Questionnaires, and the value sets and code systems that they name.", exists=True)]


@app.command("list")
def list_() -> None:
    """List the forms that are loaded, shipped ones and this site's own."""
    _show("list")


@app.command()
def show(canonical: Annotated[str, typer.Argument(help="<address>|<version>, as `beklijf questionnaire list` names it.")]) -> None:
    """Show one form item by item: what is checked, what is not and why."""
    _show("show", canonical)


@app.command()
def check(files: Files) -> None:
    """Say what would be checked of a form; nothing is changed."""
    _show("check", *_names(files))


@app.command()
def add(files: Files) -> None:
    """Check forms and put them into this site's folder of contracts. A version that is there is never replaced by other content."""
    state = state_from_environment()
    folder = state.site()
    if folder is None and OPERATIONS in os.environ:
        raise CommandFailedError(f"{SITE} is not set: it must name this site's folder of contracts, for every service alike")
    found = [json.loads(line) for line in _said("check", *_names(files), "--json")[0].splitlines()]
    _print(line for one in found for line in one["text"])
    if not all(one["usable"] for one in found):
        raise typer.Exit(1)
    for one in found:
        if one["known"]:
            console.print(f"{one['url']}|{one['version']} is here already, just so", markup=False)
        else:
            put = _put(Path(one["file"]), one, Path(folder or state.own) / "fhir")
            console.print(f"{one['url']}|{one['version']} is in {put}", markup=False, soft_wrap=True)
    if not all(one["known"] for one in found):
        if folder is None:  # on one computer there is a folder for whoever has named none
            state.contracts.write_text(str(state.own), encoding="utf-8")
        console.print("Restart intake to accept answers to it, and scoring if an instrument is to score it (`beklijf down`, `beklijf up`).")


def _put(file: Path, about: dict[str, Any], folder: Path) -> Path:
    """Copies the file, whole or not at all, under a name that says what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = _NOT_IN_A_NAME.sub("-", f"{about['resourceType']}-{about['url'].rstrip('/').rpartition('/')[2]}-{about['version']}")[:120]
    names = (folder / f"{stem}{suffix}.json" for suffix in ("", *(f"-{number}" for number in range(2, 1_000))))
    wanted = next(name for name in names if not name.exists())
    half = wanted.with_suffix(".part")
    half.write_bytes(file.read_bytes())
    return half.rename(wanted)


def _show(*arguments: str) -> None:
    printed, status = _said(*arguments)
    _print(printed.splitlines())
    if status:
        raise typer.Exit(1)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _said(*arguments: str) -> tuple[str, int]:
    """What intake's own command prints, and its exit code; CommandFailedError with its words when it prints nothing."""
    environment = {**os.environ, **({SITE: site} if (site := state_from_environment().site()) else {})}
    command = command_of("intake", "questionnaire", *arguments)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and not done.stdout:
        raise CommandFailedError(done.stderr.strip().removeprefix("beklijf_intake: ") or "the forms cannot be read")
    return done.stdout, done.returncode


def _names(files: list[Path]) -> list[str]:
    return [str(file.absolute()) for file in files]
