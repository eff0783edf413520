"""push: files with FHIR resources to intake, with a progress bar and a receipt."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from beklijf import archive
from beklijf import push as pushing
from beklijf.commands.running import address_of, console
from beklijf.elsewhere import running_system
from beklijf.journal import Journal, fingerprint
from beklijf.retry import answered
from beklijf.token import CLIENT_ID, KEY_FILE, Bearer, Held, Identity, NoTokenError

LISTED_REFUSALS = 50
FIRST_ANSWER_SECONDS = 10.0
KINDS = (".ndjson", ".jsonl", ".json")

Files = Annotated[
    list[Path],
    typer.Argument(exists=True, help="NDJSON (.ndjson, .jsonl) or JSON, resources or Bundles; of a folder all below it."),
]


class Way(StrEnum):
    """How resources travel."""

    BUNDLE = "bundle"
    IMPORT = "import"
    SINGLE = "single"


def push(
    files: Files,
    to: Annotated[str | None, typer.Option(help="FHIR base address; default: the local intake.")] = None,
    token: Annotated[str | None, typer.Option(envvar="BEKLIJF_TOKEN", help="A bearer token that you already have.")] = None,
    client_id: Annotated[str | None, typer.Option(envvar=CLIENT_ID, help="The id of the sender, to get tokens with its key.")] = None,
    key: Annotated[Path | None, typer.Option(envvar=KEY_FILE, help="The sender's private key (PEM).", dir_okay=False)] = None,
    *,
    way: Annotated[Way, typer.Option(help="Bundles of 200, whole files to $import, or one resource a request.")] = Way.BUNDLE,
    journal: Annotated[Path | None, typer.Option(help="Where to keep how far it is, to go on when run again.", dir_okay=False)] = None,
    outcomes: Annotated[Path | None, typer.Option(help="Where to list what was refused and why (NDJSON).", dir_okay=False)] = None,
    allow_refused: Annotated[bool, typer.Option("--allow-refused", help="Exit code 0 also when something was refused.")] = False,
) -> None:
    """Send FHIR resources to intake. Safe to repeat: what is known already has no effect. Exit code 1 when something was refused."""
    base_url = (to or f"{address_of(running_system(), 'intake')}/fhir").rstrip("/")
    auth, listed = auth_of(base_url, token, client_id, key), list(files_of(files))
    check_address(base_url)
    name = fingerprint(listed, base_url, way)
    if way is Way.IMPORT:
        receipt = import_with_bar(listed, base_url, name, auth)
    else:
        kept = Journal(journal, name)
        total = sum(1 for file in listed for _ in pushing.items_of(file))
        items = itertools.chain.from_iterable(pushing.items_of(file) for file in listed)
        receipt = push_with_bar(items, total, base_url, auth, singly=way is Way.SINGLE, journal=kept)
        kept.finished()
    show(receipt)
    if outcomes is not None:
        write_outcomes(receipt, outcomes)
    if receipt.refused and not allow_refused:
        raise typer.Exit(1)


def check_address(base_url: str) -> None:
    """Ends soon where no FHIR server is at that address; what is under way is repeated for as long as a restart may take."""
    address = f"{base_url}/metadata"
    answer = answered(base_url, address, lambda: httpx.get(address, timeout=FIRST_ANSWER_SECONDS), FIRST_ANSWER_SECONDS)
    if answer.status_code != 200:
        raise pushing.PushFailedError(f"{base_url} is no FHIR base address: its /metadata answers {answer.status_code}")


def files_of(named: Iterable[Path]) -> Iterable[Path]:
    """The files themselves, and those below folders in the order of their names."""
    for path in named:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix in KINDS and file.is_file())
        else:
            yield path


def auth_of(base_url: str, token: str | None, client_id: str | None, key: Path | None) -> httpx.Auth | None:
    """Who sends: with a token that is held, or with a key that gets tokens; None when neither is given."""
    if token is not None:
        return Held(token)
    if client_id is None and key is None:
        return None
    if client_id is None or key is None:
        raise NoTokenError("the sender's id and its key belong together: --client-id and --key")
    return Bearer(Identity.of(client_id, key), base_url)


def push_with_bar(
    items: Iterable[pushing.Item],
    total: int,
    base_url: str,
    auth: httpx.Auth | None,
    says: str = "pushing",
    *,
    singly: bool = False,
    journal: Journal | None = None,
) -> pushing.Receipt:
    """Push while a bar shows how far; the bar counts items (a Bundle is one)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(says, total=total)
        return pushing.push(items, base_url, auth, lambda more: bar.advance(task, more), singly=singly, journal=journal)


def import_with_bar(files: Sequence[Path], base_url: str, submission: str, auth: httpx.Auth | None) -> pushing.Receipt:
    """Hand in archives while bars show how much is sent, and how much of it is in; the bars count bytes."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        tasks = {step: bar.add_task(step, total=None) for step in ("sending", "importing")}
        return archive.push(files, base_url, submission, auth, lambda step, done, of: bar.update(tasks[step], completed=done, total=of))


def write_outcomes(receipt: pushing.Receipt, file: Path) -> None:
    """One JSON object for each refusal: where it stands, its status, and what intake said."""
    lines = ({"place": one.place, "status": one.status, "issues": list(one.issues)} for one in receipt.refusals)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def show(receipt: pushing.Receipt) -> None:
    """Print the receipt, and each refusal with what intake said."""
    sums = f"{receipt.accepted} accepted + {receipt.duplicate} duplicate + {receipt.refused} refused"
    console.print(f"sent {receipt.sent} = {sums}")
    for refusal in receipt.refusals[:LISTED_REFUSALS]:
        console.print(
            f"  refused {refusal.place} ({refusal.status}): {'; '.join(refusal.issues) or 'no reason given'}", markup=False, soft_wrap=True
        )
    if receipt.refused > LISTED_REFUSALS:
        console.print(f"  and {receipt.refused - LISTED_REFUSALS} more")
