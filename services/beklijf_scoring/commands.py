"""The commands that scoring alone has, and what they print."""

from __future__ import annotations

import argparse
import json
import sys

from beklijf_scoring import rescoring
from beklijf_scoring.effect import Effect
from beklijf_scoring.usecases import Scoring
from beklijf_shared import contracts, db
from beklijf_shared.clock import from_environment
from beklijf_shared.settings import Settings


def rescore(settings: Settings, options: argparse.Namespace) -> int:
    """Shows what the present contracts would change; with --apply, changes it. Safe to repeat and to cut off. Exit code 1 where somebody
    derives by other contracts at the same time."""
    known = contracts.load(settings.contracts_folder)
    with db.opened(settings.database_url) as engine:
        if options.apply:
            return _applied(engine, Scoring(known))
        effect = rescoring.previewed(engine, Scoring(known), Effect(tuple(known.cohorts.values())))
        print(json.dumps(effect.as_json()) if options.json else effect.as_text())
    return 0


def _applied(engine: db.Engine, scoring: Scoring) -> int:
    try:
        rescoring.walk(engine, scoring, from_environment())
    except rescoring.Disturbed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def rescore_arguments(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--plan", action="store_true", help="show what would change, and change nothing (the default)")
    how.add_argument("--apply", action="store_true", help="change it, a few subjects at a time; goes on where it was cut off")
    parser.add_argument("--json", action="store_true", help="the plan as JSON")
