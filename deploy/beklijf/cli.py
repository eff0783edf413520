"""`beklijf`: what the operator types. Commands are in `beklijf.commands`, one module per subject."""

from __future__ import annotations

import sys

import httpx
import typer
from rich.console import Console

from beklijf.commands import (
    dead_letters,
    demo,
    events,
    mappings,
    pushing,
    questionnaires,
    rebuild,
    reconciling,
    rescoring,
    running,
    scored,
    senders,
    waiting,
)
from beklijf.commands.demo import NotAsExpectedError
from beklijf.listing import NotListableError
from beklijf.local.supervision import SupervisorError
from beklijf.observe import NotDoneError
from beklijf.receipt import PushFailedError
from beklijf.system import CommandFailedError, NotStartedError
from beklijf.token import NoTokenError
from beklijf_domain.document import ContractError
from beklijf_shared.bus import BrokerAway

EXIT_FAILED = 1
EXIT_NOT_DONE = 3

EXPECTED = (
    CommandFailedError,
    ContractError,
    NotAsExpectedError,
    NoTokenError,
    NotListableError,
    NotStartedError,
    PushFailedError,
    SupervisorError,
    OSError,
    LookupError,
)
"""What ends a command with a sentence; `OSError`: files that are not there or may not be written, and time that is over."""

app = typer.Typer(
    name="beklijf",
    no_args_is_help=True,
    add_completion=False,
    help="Run Beklijf, the registry that asks: do the results of treatment last?",
)
app.command("up")(running.up)
app.command("down")(running.down)
app.command("reset")(running.reset)
app.command("status")(running.status)
app.command("logs")(running.logs)
app.command("migrate")(running.migrate)
app.command("wait")(waiting.wait)
app.command("push")(pushing.push)
app.command("manifest")(reconciling.manifest)
app.command("reconcile")(reconciling.reconcile)
app.command("rebuild")(rebuild.rebuild)
app.command("demo")(demo.demo)
app.command("rescore")(rescoring.rescore)
app.command("why")(rescoring.why)
scored.protocol_app.command("move")(rescoring.move)
app.add_typer(events.app, name="events")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(questionnaires.app, name="questionnaire")
app.add_typer(senders.app, name="sender")
app.add_typer(scored.instrument_app, name="instrument")
app.add_typer(scored.protocol_app, name="protocol")
app.add_typer(scored.rule_app, name="rule")
app.add_typer(mappings.app, name="mapping")


def main() -> None:
    """Run a command. Expected failures end with a sentence and an exit code (1 failed, 2 usage, 3 not done in time), not a traceback."""
    try:
        app()
    except NotDoneError as error:
        _say(error)
        sys.exit(EXIT_NOT_DONE)
    except BrokerAway as error:
        _say(RuntimeError(f"the broker does not answer ({error})"))
        sys.exit(EXIT_FAILED)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _say(RuntimeError(_unanswered(error)))
        sys.exit(EXIT_FAILED)
    except EXPECTED as error:
        _say(error)
        sys.exit(EXIT_FAILED)


def _unanswered(error: httpx.HTTPError | httpx.InvalidURL) -> str:
    """That a server did not answer, and which one; never the whole address, which may hold what nobody should read here."""
    try:
        url = getattr(error, "request", None) and error.request.url  # type: ignore[union-attr]
    except RuntimeError:  # it failed before there was a request
        url = None
    if not url or not url.host:
        return "this is no address of a server: it must begin with http:// or https://"
    return f"no answer from {url.scheme}://{url.netloc.decode()} ({type(error).__name__})"


def _say(error: Exception) -> None:
    Console(stderr=True, highlight=False).print(f"beklijf: {error}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
