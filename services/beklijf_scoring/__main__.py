"""`python -m beklijf_scoring COMMAND`: consumer, relay, migrate, republish, empty, rescore, state-hash, dlq."""

from __future__ import annotations

import sys

from beklijf_scoring import app
from beklijf_shared import commands

if __name__ == "__main__":
    sys.exit(commands.main(app.SERVICE))
