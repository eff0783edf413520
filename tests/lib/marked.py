"""What the first relay does when it meets a broker: the topics, and a name for this life of it."""

from __future__ import annotations

from contextlib import suppress

from beklijf_shared import bus
from tests.lib.wait import wait_until

SECONDS = 180.0


def marked(bootstrap: str) -> str:
    """Makes the topics and the mark where they are missing; gives the mark. A broker that is too busy is asked again."""

    def tried() -> str | None:
        with suppress(bus.BrokerAway):
            bus.ensure_topics(bootstrap)
            found = bus.incarnation(bootstrap)
            if found is None:
                bus.mark(bootstrap)
            return found
        return None

    return str(wait_until(tried, SECONDS, because="the broker has its topics and its mark"))
