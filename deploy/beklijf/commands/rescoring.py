"""rescore, why, protocol move: what changed contracts would change before they do, whom a newer version takes over, and why one score
is what it is."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import httpx
import typer

from beklijf import system
from beklijf.commands.running import console
from beklijf.commands.scored import Site
from beklijf.local.ports import LOOPBACK
from beklijf.local.state import SITE, state_from_environment
from beklijf_domain.document import ContractError
from beklijf_shared import contracts
from beklijf_shared.contracts import Contracts

DAY = ["%Y-%m-%d"]


def rescore(
    apply: Annotated[bool, typer.Option("--apply/--plan", help="Change it, or show what would change and change nothing.")] = False,
    site: Site = None,
) -> None:
    """Show what changed instruments, programmes or rules would change in scores and verdicts; with --apply, change it."""
    _by(site)
    said = system.existing().run("scoring", "rescore", "--apply" if apply else "--plan")
    console.print(said.rstrip("\n") or "everybody was derived anew; what differs is told as corrections", markup=False, highlight=False)


def why(response: str, lang: Annotated[str, typer.Option(help="en or nl.")] = "en") -> None:
    """Say why the score of one answer and its verdicts are what they are; RESPONSE is the id that intake gave it."""
    ports = system.existing().ports
    answer = httpx.get(f"http://{LOOPBACK}:{ports['scoring-api']}/scores/{response.rpartition('/')[2]}/why", params={"lang": lang})
    if answer.status_code != httpx.codes.OK:
        raise LookupError(json.loads(answer.text)["issue"][0]["diagnostics"])
    for sentence in answer.json()["sentences"]:
        console.print(f"- {sentence}", markup=False, highlight=False, soft_wrap=True)


def move(
    code: str,
    to: Annotated[str, typer.Option(help="The newer version, whose file is in the site's folder.")],
    because: Annotated[str, typer.Option(help="Why, in one sentence: it stays in the file.")],
    episode: Annotated[list[str] | None, typer.Option(help="The registry's id of an episode; may be repeated.")] = None,
    began_from: Annotated[datetime | None, typer.Option(formats=DAY, help="Everybody who began on this day or later.")] = None,
    began_before: Annotated[datetime | None, typer.Option(formats=DAY, help="Only who began before this day.")] = None,
    apply: Annotated[bool, typer.Option("--apply/--plan", help="Write it in the file, or show what it would change.")] = False,
    site: Site = None,
) -> None:
    """Move episodes to a newer version of their programme, on purpose: show what it would change; with --apply, write it down."""
    named = site or state_from_environment().site()
    if named is None:
        raise FileNotFoundError("say with --contracts where the site's own folder of contracts is")
    folder = Path(named).resolve()
    _file_of(folder, code, to)
    written = _written(because, episode or [], began_from, began_before)
    with TemporaryDirectory() as scratch:
        tried = shutil.copytree(folder, Path(scratch) / "site")
        _append(_file_of(tried, code, to), written)
        loaded = _loaded(tried, folder)
        if not apply:
            console.print(_moved(loaded, code, to), highlight=False)
            os.environ[SITE] = str(tried)
            console.print(system.existing().run("scoring", "rescore", "--plan").rstrip("\n"), markup=False, highlight=False)
            return
    path = _file_of(folder, code, to)
    _append(path, written)
    console.print(f"wrote {path}; `beklijf up --contracts {folder}` takes it, and `beklijf rescore --apply` moves them", highlight=False)


def _loaded(tried: Path, folder: Path) -> Contracts:
    """The contracts with what would be written; an error names the site's own file, not the copy."""
    try:
        return contracts.load(tried)
    except ContractError as error:
        raise ContractError(str(error).replace(str(tried), str(folder))) from None


def _by(site: Path | None) -> None:
    """What is run next reads this folder."""
    if site is not None:
        os.environ[SITE] = str(site.expanduser().resolve())


def _file_of(folder: Path, code: str, version: str) -> Path:
    """The file of one version of a programme in the site's folder; a version that ships is not the site's to change."""
    for name in (f"{code}@{version}.toml", f"{code}.toml"):
        path = folder / "protocols" / name
        if path.exists() and f'version = "{version}"' in path.read_text(encoding="utf-8"):
            return path
    raise FileNotFoundError(
        f"{folder / 'protocols'} has no version {version} of {code}: a version that takes episodes over is the site's own"
    )


def _written(because: str, episodes: list[str], began_from: datetime | None, began_before: datetime | None) -> str:
    days = {"began_from": began_from, "began_before": began_before}
    lines = ["", "[[moved]]", f"reason = {json.dumps(because, ensure_ascii=False)}"]
    lines += [f"episodes = {json.dumps(episodes)}"] if episodes else []
    lines += [f'{key} = "{day.date()}"' for key, day in days.items() if day is not None]
    return "\n".join(lines) + "\n"


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + "\n" + text, encoding="utf-8")


def _moved(loaded: Contracts, code: str, version: str) -> str:
    """From where to where."""
    newest = loaded.protocols[code]
    before = [each.name for each in (newest, *newest.former) if each.version != version]
    return f"would be taken over by {code}@{version} from {', '.join(before)}; nothing is written"
