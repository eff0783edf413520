"""Reading the read model for pages, and remembering the last snapshots read, so that a page and its charts are of one version."""

from __future__ import annotations

import threading
from collections import OrderedDict

from beklijf_reporting import store
from beklijf_shared import db
from beklijf_shared.db import Engine
from beklijf_shared.events import CohortSnapshot, DataQuality, FollowUpDue, IntakeTally

REMEMBERED = 16
TALLIES_MAXIMUM = 60
RECEIPTS_MAXIMUM = 200
WORKLIST_MAXIMUM = 200


class ReadModel:
    """What the pages ask, each question in one short transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._recent: OrderedDict[tuple[str, int], CohortSnapshot] = OrderedDict()
        self._lock = threading.Lock()

    def snapshots(self) -> list[CohortSnapshot]:
        """The newest snapshot of every cohort."""
        with db.transaction(self._engine) as connection:
            return store.snapshots(connection)

    def newest(self, cohort: str) -> CohortSnapshot | None:
        """The newest snapshot of one cohort, or None while there is none."""
        with db.transaction(self._engine) as connection:
            version = store.snapshot_version(connection, cohort)
            if version is None:
                return None
            return self._remembered(cohort, version) or self._remember(store.snapshot(connection, cohort))

    def at(self, cohort: str, version: int | None) -> CohortSnapshot | None:
        """The snapshot that a page was made of if it is still remembered, else the newest."""
        remembered = None if version is None else self._remembered(cohort, version)
        return remembered or self.newest(cohort)

    def operations(self) -> tuple[list[IntakeTally], list[DataQuality]]:
        """Tallies of the last days, and how answers count at present."""
        with db.transaction(self._engine) as connection:
            return store.tallies(connection, TALLIES_MAXIMUM), store.data_quality(connection)

    def receipts(self) -> list[tuple[IntakeTally, DataQuality | None]]:
        """The newest receipts, with how their answers count."""
        with db.transaction(self._engine) as connection:
            return store.receipts(connection, RECEIPTS_MAXIMUM)

    def receipt(self, organisation: str, id_: str) -> tuple[IntakeTally, DataQuality | None] | None:
        """One receipt, read at one moment."""
        with db.transaction(self._engine) as connection:
            return store.receipt(connection, organisation, id_)

    def worklist(self, cohort: str, state: str) -> list[FollowUpDue]:
        """The first follow-ups of a cohort in one state, the earliest target first."""
        with db.transaction(self._engine) as connection:
            return store.worklist(connection, cohort, state, WORKLIST_MAXIMUM)

    def held(self) -> list[store.Held]:
        """What the read model holds."""
        with db.transaction(self._engine) as connection:
            return store.held(connection)

    def _remembered(self, cohort: str, version: int) -> CohortSnapshot | None:
        with self._lock:
            return self._recent.get((cohort, version))

    def _remember(self, snapshot: CohortSnapshot | None) -> CohortSnapshot | None:
        if snapshot is not None:
            with self._lock:
                self._recent[snapshot.cohort, snapshot.version] = snapshot
                while len(self._recent) > REMEMBERED:
                    self._recent.popitem(last=False)
        return snapshot
