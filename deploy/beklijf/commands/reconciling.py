"""manifest and reconcile: a hospital's own list of what it has, and how it compares with what the registry holds."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from beklijf import listing
from beklijf.commands.pushing import Files, auth_of
from beklijf.commands.running import address_of, console
from beklijf.elsewhere import running_system
from beklijf.receipt import PushFailedError
from beklijf.token import CLIENT_ID, KEY_FILE

LISTED = 50
TIMEOUT_SECONDS = 600.0
FORMS = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}
SAID = {
    "missing-there": "missing there (in your list, not in the registry)",
    "missing-here": "missing here (in the registry, not in your list)",
    "different": "different (the registry never received this content)",
    "superseded": "superseded (the registry received this content, and another version counts by now)",
    "listed-twice": "listed twice",
    "unreadable": "unreadable",
}

List = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Your list: .csv or .ndjson, as `beklijf manifest` writes it.")]


def manifest(files: Files, out: Annotated[Path | None, typer.Option(help="Where to; default: standard output.")] = None) -> None:
    """List what is in files: type, identifier and digest of each resource, to reconcile with the registry."""
    if out is None:
        listing.write(listing.lines_of(files), sys.stdout)
    else:
        with out.open("w", encoding="utf-8", newline="") as target:
            console.print(f"{listing.write(listing.lines_of(files), target)} resources listed in {out}")


def reconcile(
    list_: List,
    to: Annotated[str | None, typer.Option(help="FHIR base address; default: the local intake.")] = None,
    token: Annotated[str | None, typer.Option(envvar="BEKLIJF_TOKEN", help="A bearer token that you already have.")] = None,
    client_id: Annotated[str | None, typer.Option(envvar=CLIENT_ID, help="The id of the sender, to get tokens with its key.")] = None,
    key: Annotated[Path | None, typer.Option(envvar=KEY_FILE, help="The sender's private key (PEM).", dir_okay=False)] = None,
) -> None:
    """Compare your list with the registry: missing there, missing here, different. Exit code 0 when they agree, 1 when not."""
    base_url = (to or f"{address_of(running_system(), 'intake')}/fhir").rstrip("/")
    form = FORMS.get(list_.suffix)
    if form is None:
        raise typer.BadParameter(f"{list_.name}: the list is a file .csv or .ndjson")
    with list_.open("rb") as stream, httpx.Client(auth=auth_of(base_url, token, client_id, key), timeout=TIMEOUT_SECONDS) as client:
        content = iter(lambda: stream.read(64 * 1024), b"")
        with client.stream("POST", f"{base_url}/$reconcile", content=content, headers={"Content-Type": form}) as answer:
            if answer.status_code != 200:
                answer.read()
                raise PushFailedError(f"{base_url}/$reconcile answered {answer.status_code}: {answer.text[:500]}")
            summary = _shown(answer.iter_lines())
    if summary is None:
        raise PushFailedError("the answer ended before it was whole; ask again")
    counts = Counter({name: int(n) for name, n in summary["summary"].items()})
    console.print(f"{counts['same']} the same")
    for name, words in SAID.items():
        if counts[name]:
            console.print(f"{counts[name]} {words}", markup=False)
    if not summary["agrees"]:
        raise typer.Exit(1)


def _shown(lines: Iterator[str]) -> dict[str, Any] | None:
    """Prints what does not agree, the first of each kind; gives the summary, or None when it did not come."""
    shown: Counter[str] = Counter()
    for text in lines:
        said = json.loads(text)
        if "summary" in said:
            return dict(said)
        result = said["result"]
        shown[result] += 1
        if result != "same" and shown[result] <= LISTED:
            where = f"line {said['line']}" if "line" in said else f"{said['type']} {said['identifier']}"
            console.print(f"  {result}: {where}{': ' + said['diagnostics'] if 'diagnostics' in said else ''}", markup=False, soft_wrap=True)
    return None
