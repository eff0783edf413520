"""mapping: forms of hospitals' own that become ours; what a mapping makes of a sample, and by which mapping answers were read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from beklijf import system
from beklijf.local.processes import command_of
from beklijf.local.state import SITE, state_from_environment
from beklijf.system import CommandFailedError

app = typer.Typer(no_args_is_help=True, help="Forms of hospitals' own that become ours.")

Json = Annotated[bool, typer.Option("--json", help="A JSON object, for programs.")]
Sample = Annotated[Path, typer.Option(exists=True, dir_okay=False, help="QuestionnaireResponses as the hospital sends them, one a line.")]


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The mapping (TOML).")], sample: Sample, *, json: Json = False
) -> None:
    """Say what fits, what is missing and what is ambiguous. Exit code 0 when every answer of the sample fits."""
    arguments = ["mapping", "check", str(file.absolute()), "--sample", str(sample.absolute()), *(["--json"] if json else [])]
    environment = {**os.environ, **({SITE: site} if (site := state_from_environment().site()) else {})}
    done = subprocess.run(command_of("intake", *arguments), env=environment, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise CommandFailedError(done.stderr.strip().removeprefix("beklijf_intake: ") or "the sample cannot be checked")
    typer.echo(done.stdout, nl=False)
    if done.returncode:
        raise typer.Exit(1)


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List how many answers were read by which mapping, and which of them is the present one."""
    typer.echo(system.existing().run("intake", "mapping", "list", *(["--json"] if json else [])), nl=False)


@app.command()
def reread(*, json: Json = False) -> None:
    """Read what a former version of a mapping read again, by the present one; corrections are published."""
    typer.echo(system.existing().run("intake", "mapping", "reread", *(["--json"] if json else [])), nl=False)
