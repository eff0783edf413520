"""The commands that scoring alone has, and what they print."""

from __future__ import annotations

import argparse
import json

from beklijf_scoring import rescoring
from beklijf_scoring.effect import Effect
from beklijf_scoring.usecases import Scoring
from beklijf_shared import contracts, db
from beklijf_shared.clock import from_environment
from beklijf_shared.contracts import Contracts
from beklijf_shared.settings import Settings


def rescore(settings: Settings, options: argparse.Namespace) -> int:
    """Shows what the present contracts would change; with --apply, changes it. Safe to repeat and to cut off."""
    known = contracts.load(settings.contracts_folder)
    with db.opened(settings.database_url) as engine:
        if options.apply:
            _rescore(engine, known)
        else:
            effect = _preview(engine, known)
            print(json.dumps(effect.as_json()) if options.json else effect.as_text())
    return 0


def _rescore(engine: db.Engine, known: Contracts) -> None:
    """A few subjects per transaction; what differs is told as corrections."""
    scoring, clock, goes_on = Scoring(known), from_environment(), True
    while goes_on:
        with db.transaction(engine) as connection:
            goes_on = rescoring.apply(connection, scoring, known, clock())


def _preview(engine: db.Engine, known: Contracts) -> Effect:
    scoring, effect = Scoring(known), Effect()
    reached: str | None = ""
    while reached is not None:
        with db.transaction(engine) as connection:
            reached = rescoring.preview(connection, scoring, reached, effect)
    return effect


def rescore_arguments(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--plan", action="store_true", help="show what would change, and change nothing (the default)")
    how.add_argument("--apply", action="store_true", help="change it, a few subjects at a time; goes on where it was cut off")
    parser.add_argument("--json", action="store_true", help="the plan as JSON")
