"""Sending archives: whole files to `$import`, then waiting until the registry has taken them in.

The submission is named after the files themselves, so the same command again finds what was sent before: a file that arrived is not
taken twice, and an import under way is waited for.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec

from beklijf.receipt import PushFailedError, Receipt, Refusal, issues_of, json_of
from beklijf.retry import GIVE_UP_SECONDS, answered, retry_after

NDJSON = "application/fhir+ndjson"
CHUNK_BYTES = 1024 * 1024
UPLOAD_TIMEOUT_SECONDS = 300.0
LOOK_SECONDS = 1.0
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")

Step = Literal["sending", "importing"]
Progress = Callable[[Step, int, int], None]
"""Told what is going on, how many bytes of it are done, and of how many."""


def push(files: Sequence[Path], base_url: str, submission: str, auth: httpx.Auth | None, progress: Progress) -> Receipt:
    """Hand in all files as one submission and wait until it is in; gives its receipt. Raises PushFailedError."""
    base, total, sent = base_url.rstrip("/"), sum(file.stat().st_size for file in files), 0
    origin = base.removesuffix("/fhir")
    with httpx.Client(auth=auth, timeout=UPLOAD_TIMEOUT_SECONDS) as client:
        address = ""
        for number, file in enumerate(files, start=1):
            query = {"submission": submission, "file": name_of(number, file), "complete": str(number == len(files)).lower()}

            def tell(done: int, before: int = sent) -> None:
                progress("sending", before + done, total)

            address = _handed_in(client, f"{base}/$import", query, file, tell)
            sent += file.stat().st_size
        return _waited_for(client, origin, address, {name_of(number, file): file.name for number, file in enumerate(files, 1)}, progress)


def name_of(number: int, file: Path) -> str:
    """A file's name within the submission: unique, and of the letters that are allowed there."""
    return f"{number:04d}-{_NOT_IN_A_NAME.sub('_', file.name)}"[:100]


def _handed_in(client: httpx.Client, url: str, query: dict[str, str], file: Path, tell: Callable[[int], None]) -> str:
    """One file, sent again until it is taken; gives the address of its import."""

    def post() -> httpx.Response:
        return client.post(
            url, params=query, content=_pieces(file, tell), headers={"Content-Type": NDJSON, "Accept": "application/fhir+json"}
        )

    response = answered(file.name, url, post)
    if response.status_code != 202:
        said = "; ".join(issues_of(json_of(response))) or f"status {response.status_code}"
        raise PushFailedError(f"{file.name}: not taken ({response.status_code}): {said}")
    return str(response.headers["Content-Location"])


def _pieces(file: Path, tell: Callable[[int], None]) -> Iterator[bytes]:
    """The bytes of a file of lines as they are; any other file is one resource, put on one line without changing anything in it."""
    if file.suffix not in {".ndjson", ".jsonl"}:
        yield one_line(file)
        return
    done = 0
    with file.open("rb") as stream:
        while piece := stream.read(CHUNK_BYTES):
            yield piece
            done += len(piece)
            tell(done)


def one_line(file: Path) -> bytes:
    """A resource on one line; numbers and texts keep the characters they have. What is no JSON is sent as it is, to be refused there."""
    body = file.read_bytes()
    try:
        return msgspec.json.format(body, indent=-1)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.replace(b"\r", b" ").replace(b"\n", b" ")


def _waited_for(client: httpx.Client, origin: str, address: str, names: dict[str, str], progress: Progress) -> Receipt:
    """The receipt of an import, once it has ended."""
    url, looked = f"{origin}{address}", time.monotonic()
    while True:
        response = answered(address, url, lambda: client.get(url, headers={"Accept": "application/json"}))
        if response.status_code not in {200, 202}:
            raise PushFailedError(f"{address}: intake answered {response.status_code}")
        manifest = response.json()
        progress("importing", sum(one["bytesDone"] for one in manifest["files"]), sum(one["bytes"] or 0 for one in manifest["files"]))
        if response.status_code == 200:
            return _receipt(client, origin, manifest, names)
        if time.monotonic() - looked > GIVE_UP_SECONDS and not manifest["files"]:
            raise PushFailedError(f"{address}: nothing of it has arrived")
        time.sleep(min(retry_after(response, LOOK_SECONDS), LOOK_SECONDS))


def _receipt(client: httpx.Client, origin: str, manifest: dict[str, Any], names: dict[str, str]) -> Receipt:
    if manifest["status"] != "complete":
        why = "; ".join(one["reason"] for one in manifest["failed"]) or manifest["status"]
        raise PushFailedError(f"the import {manifest['import']} did not go in whole: {why}")
    sums, refusals = manifest["sums"], list[Refusal]()
    for listed in manifest["error"]:
        with client.stream("GET", f"{origin}{listed['url']}", headers={"Accept": NDJSON}) as lines:
            refusals += [_refusal(json.loads(line), names) for line in lines.iter_lines()]
    return Receipt(sums["sent"], sums["accepted"], sums["duplicate"], refusals)


def _refusal(outcome: dict[str, Any], names: dict[str, str]) -> Refusal:
    about = {one["url"]: one for extension in outcome["extension"] for one in extension["extension"]}
    place = f"{names.get(about['file']['valueString'], about['file']['valueString'])}:{about['line']['valuePositiveInt']}"
    return Refusal(place, about["status"]["valuePositiveInt"], tuple(issues_of(outcome)))
