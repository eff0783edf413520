"""up, down, reset, status, logs, migrate."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from beklijf import observe, system
from beklijf.elsewhere import Addressed
from beklijf.local import ports
from beklijf.local.processes import PROCESSES, Process
from beklijf.local.state import SITE, state_from_environment
from beklijf.local.supervision import SERVERS, Seen
from beklijf_shared.contracts import load

READY_SECONDS = 120.0
SHORT_TIMEOUT_SECONDS = 2.0

console = Console(highlight=False, soft_wrap=True)
"""Lines are not broken: an address or a path can be copied whole."""


def up(
    timeout: Annotated[float, typer.Option(help="Seconds to wait until every process is ready.")] = READY_SECONDS,
    contracts: Annotated[
        Path | None, typer.Option(help="A site's own folder of contracts; remembered for later starts. What runs is started anew.")
    ] = None,
) -> None:
    """Start everything in the background: PostgreSQL, broker, migrations, all services. Safe to repeat."""
    if contracts is not None:
        _use(contracts)
    with ports.in_turn():
        local = system.prepared()
        with console.status("starting PostgreSQL and the broker"):
            system.start_servers(local)
        with console.status("migrating the databases"):
            system.migrate(local)
        with console.status("starting the services"):
            system.start_services(local)
            observe.wait_until_ready(local, timeout)
    console.print(
        f"running: pages {address_of(local, 'reporting')}/, FHIR {address_of(local, 'intake')}/fhir; state in {local.state.folder}"
    )


def _use(site: Path) -> None:
    """Remembers the folder, once it is known to hold; stops what runs, because services read their contracts when they start."""
    folder = site.expanduser().resolve()
    load(folder)
    state = state_from_environment()
    state.make()
    state.contracts.write_text(str(folder), encoding="utf-8")
    os.environ[SITE] = str(folder)
    with suppress(system.NotStartedError):
        system.stop(system.existing())


def down() -> None:
    """Stop everything; the data stays."""
    try:
        local = system.existing()
    except system.NotStartedError:
        console.print("nothing to stop")
        return
    with console.status("stopping"):
        system.stop(local)
    console.print("stopped")


def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop everything and delete all data, passwords, ports, logs and added forms of the state folder."""
    state = state_from_environment()
    if not state.folder.exists():
        console.print("nothing to delete")
        return
    if not yes:
        typer.confirm(f"Delete everything in {state.folder}?", abort=True)
    down()
    system.reset(state)
    console.print(f"deleted {state.folder}")


def migrate() -> None:
    """Bring every service's database to the newest schema; PostgreSQL and broker are started if they do not run."""
    with ports.in_turn():
        local = system.prepared()
        system.start_servers(local)
    system.migrate(local)
    console.print("all databases are at the newest schema")


def status() -> None:
    """A table of all processes: number, state, port, and ready or what is missing. Exit code 1 unless all are ready."""
    local = system.existing()
    if not local.supervisor.is_running():
        console.print(f"not running; state in {local.state.folder}")
        raise typer.Exit(1)
    seen = local.supervisor.seen()
    table = Table("process", "pid", "state", "for", "port", "ready", box=None, pad_edge=False)
    well = [_server_row(table, local, seen[name]) for name in SERVERS]
    with httpx.Client(timeout=SHORT_TIMEOUT_SECONDS) as client:
        well += [_process_row(table, local, process, seen[process.name], client) for process in PROCESSES]
    console.print(table, soft_wrap=False)
    console.print(
        f"pages {address_of(local, 'reporting')}/   FHIR {address_of(local, 'intake')}/fhir   logs {local.state.logs}", soft_wrap=True
    )
    if not all(well):
        raise typer.Exit(1)


def logs(
    names: Annotated[list[str] | None, typer.Argument(help="Processes, as `beklijf status` names them; all when none is named.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of each.")] = 20,
) -> None:
    """Show the last lines of the logs."""
    folder = state_from_environment().logs
    wanted = names or [*SERVERS, *(process.name for process in PROCESSES)]
    files = [folder / f"{name}.log" for name in wanted]
    if missing := [file.stem for file in files if not file.exists()]:
        raise FileNotFoundError(f"no log of {', '.join(missing)} in {folder}")
    options = ["-n", str(lines), *(["-F"] if follow else [])]
    raise typer.Exit(subprocess.run(["tail", *options, "--", *map(str, files)], check=False).returncode)


def address_of(local: Addressed, service: str) -> str:
    """The HTTP address of a service's process `api`."""
    return local.url_of(next(process for process in PROCESSES if process.service == service and process.speaks_http))


def _server_row(table: Table, local: system.System, seen: Seen) -> bool:
    running = seen.state == "RUNNING"
    table.add_row(seen.name, _pid(seen), seen.state.lower(), _age(seen), str(local.ports[seen.name]), "yes" if running else "no")
    return running


def _process_row(table: Table, local: system.System, process: Process, seen: Seen, client: httpx.Client) -> bool:
    ready = observe.readiness(client, local, process) if seen.pid else observe.Readiness(ready=False, missing={"not running": ""})
    own = f"{local.ports[process.name]}, " if process.speaks_http else ""
    words = "yes" if ready.ready else observe.words(ready.missing)
    table.add_row(process.name, _pid(seen), seen.state.lower(), _age(seen), f"{own}{local.ports[process.operations_name]}", words)
    return ready.ready


def _pid(seen: Seen) -> str:
    return str(seen.pid) if seen.pid else "-"


def _age(seen: Seen) -> str:
    """How long it has been running, in the largest whole unit."""
    if not seen.pid:
        return "-"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seen.for_seconds >= size:
            return f"{seen.for_seconds // size} {unit}"
    return f"{seen.for_seconds} s"
