"""The broker of one computer: there at once, and empty again after it was killed."""

from __future__ import annotations

from beklijf.local import broker
from beklijf_shared import bus
from tests.lib import infra
from tests.lib.servers import free_port


def test_killed_and_started_again_it_is_another_broker() -> None:
    with infra.scratch() as scratch:
        first = broker.start(scratch, free_port())
        bus.ensure_topics(first.bootstrap)
        bus.mark(first.bootstrap)
        marked = bus.incarnation(first.bootstrap)

        first.kill()
        second = broker.start(scratch, int(first.bootstrap.rsplit(":", 1)[1]))
        bus.ensure_topics(second.bootstrap)

        assert marked is not None
        assert bus.incarnation(second.bootstrap) is None
        second.stop()
