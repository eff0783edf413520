"""push: files with FHIR resources to intake, with a progress bar and a receipt."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from beklijf import push as pushing
from beklijf.commands.running import address_of, console
from beklijf.elsewhere import running_system
from beklijf.token import CLIENT_ID, KEY_FILE, Bearer, Held, Identity, NoTokenError

LISTED_REFUSALS = 50

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="NDJSON (.ndjson, .jsonl) or JSON, resources or Bundles.")]


def push(
    files: Files,
    to: Annotated[str | None, typer.Option(help="FHIR base address; default: the local intake.")] = None,
    token: Annotated[str | None, typer.Option(envvar="BEKLIJF_TOKEN", help="A bearer token that you already have.")] = None,
    client_id: Annotated[str | None, typer.Option(envvar=CLIENT_ID, help="The id of the sender, to get tokens with its key.")] = None,
    key: Annotated[Path | None, typer.Option(envvar=KEY_FILE, help="The sender's private key (PEM).", dir_okay=False)] = None,
) -> None:
    """Send FHIR resources to intake. Safe to repeat: what is known already has no effect. Exit code 1 when something was refused."""
    base_url = to or f"{address_of(running_system(), 'intake')}/fhir"
    auth = auth_of(base_url, token, client_id, key)
    total = sum(1 for file in files for _ in pushing.items_of(file))
    items = itertools.chain.from_iterable(pushing.items_of(file) for file in files)
    receipt = push_with_bar(items, total, base_url, auth)
    show(receipt)
    if receipt.refused:
        raise typer.Exit(1)


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
    items: Iterable[pushing.Item], total: int, base_url: str, auth: httpx.Auth | None, says: str = "pushing"
) -> pushing.Receipt:
    """Push while a bar shows how far; the bar counts items (a Bundle is one)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(says, total=total)
        return pushing.push(items, base_url, auth, lambda more: bar.advance(task, more))


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
