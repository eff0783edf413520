"""What one process of scoring takes from a broker, and what two of them take together: an empty broker and an empty database each time."""

from __future__ import annotations

import time

from beklijf_shared import db
from tests.chaos.group import SECONDS, group
from tests.chaos.stream import Stream, patients
from tests.lib import infra
from tests.lib.databases import Databases
from tests.lib.wait import wait_until


def scoring(databases: Databases, processes: int, count: int) -> tuple[float, list[int]]:
    """Messages per second from the first that is sent to the last that is applied, sending included; and how many each process took."""
    url = databases("scoring")
    with infra.broker() as broker, infra.scratch() as folder, db.opened(url) as engine:
        stream = Stream(broker)
        with group("scoring", url, broker, folder) as members:
            for _ in range(processes):
                members.joins()
            members.wait()
            began = time.perf_counter()
            stream.send(patients(0, count))
            wait_until(lambda: stream.is_applied(engine), SECONDS, because="everything is applied")
            seconds = time.perf_counter() - began
            return len(stream.sent) / seconds, [member.read() for member in members.members]
