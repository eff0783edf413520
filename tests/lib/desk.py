"""Intake in this process on its real tables: FHIR goes in as bytes through its own reading and its own use case."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import text

from beklijf_intake import fhir, front_door
from beklijf_intake.domain.register import Request
from beklijf_intake.usecases import Rules, Unit
from beklijf_intake.writer import committer
from beklijf_shared import db
from tests.lib.builders import Resource
from tests.lib.clock import CountedIds, HandClock
from tests.lib.reading import NOW, ORGANISATION, context
from tests.lib.rooms import Room

RULES = Rules(key=b"a key that is for tests only....")


@dataclass
class Desk:
    """The one hospital's way in."""

    room: Room
    clock: HandClock = field(default_factory=lambda: HandClock(NOW))

    def accept(self, batches: Iterable[Sequence[Resource]]) -> None:
        """Begin with nothing and take in these batches, each in one transaction; nothing of them may be refused."""
        self.room.clear()
        commit = committer(self.room.engine, self.clock, CountedIds(), RULES)
        for batch in batches:
            for verdict in commit([Unit(ORGANISATION, (request(resource),)) for resource in batch]):
                assert isinstance(verdict, list), verdict.problems

    def names(self) -> dict[str, str]:
        """The sender's names of everything that has an id of ours."""
        with db.transaction(self.room.engine) as connection:
            rows = connection.execute(text("SELECT id, value FROM resource UNION ALL SELECT id, value FROM subject"))
            return {str(id_): str(value) for id_, value in rows}


def request(resource: Resource, organisation: str = ORGANISATION) -> Request:
    """What the HTTP edge makes of one resource."""
    body = json.dumps(resource).encode()
    return Request(organisation, fhir.read(front_door.parse(body), body, replace(context(), organisation=organisation)))
