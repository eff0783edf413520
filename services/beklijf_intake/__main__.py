"""`python -m beklijf_intake COMMAND`: api, relay, migrate, republish, state-hash, dlq, openapi."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from beklijf_intake import api, app
from beklijf_intake.settings import Intake
from beklijf_shared import commands
from beklijf_shared.settings import SettingMissing, Settings


def openapi(_: Settings, __: argparse.Namespace) -> int:
    """Prints the OpenAPI of the FHIR door; no database is asked."""
    print(json.dumps(api.application().openapi()))
    return 0


def check(arguments: list[str]) -> int:
    """Says which setting keeps the FHIR door from starting, before anything is started; 0 when nothing does."""
    if arguments[:1] == ["api"]:
        try:
            Intake.of(Settings.from_environment("intake"))
        except SettingMissing as missing:
            print(f"beklijf_intake: {missing}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    tasks = {"openapi": ("print the OpenAPI of the FHIR door", openapi)}
    sys.exit(check(sys.argv[1:]) or commands.main(dataclasses.replace(app.SERVICE, tasks=tasks)))
