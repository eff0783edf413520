"""`python -m beklijf_reporting COMMAND`: consumer, api (the pages), migrate, empty, state-hash, dlq, openapi."""

from __future__ import annotations

import sys

from beklijf_reporting import app
from beklijf_shared import commands

if __name__ == "__main__":
    sys.exit(commands.main(app.SERVICE))
