"""`python -m beklijf_reporting COMMAND`: consumer, api (the pages), migrate, empty, state-hash, dlq, openapi."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from beklijf_reporting import app
from beklijf_shared import commands
from beklijf_shared.settings import Settings


def openapi(settings: Settings, _: argparse.Namespace) -> int:
    """Prints the OpenAPI of the pages; no database is asked."""
    print(json.dumps(app.application(settings).openapi()))
    return 0


if __name__ == "__main__":
    tasks = {"openapi": ("print the OpenAPI of the pages", openapi)}
    sys.exit(commands.main(dataclasses.replace(app.SERVICE, tasks=tasks)))
