"""`python -m beklijf_cohorts COMMAND`: consumer, publisher, relay, api, migrate, republish, recount, empty, state-hash, dlq, openapi."""

from __future__ import annotations

import sys

from beklijf_cohorts import app
from beklijf_shared import commands

if __name__ == "__main__":
    sys.exit(commands.main(app.SERVICE))
