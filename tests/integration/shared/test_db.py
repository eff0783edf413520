"""What callers are told when the database is too busy to be asked."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from beklijf_shared import db
from tests.lib.databases import Databases


def test_that_no_connection_is_free_passes_like_a_lost_one(database: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "FREE_CONNECTION_SECONDS", 0.1)
    with db.opened(database("intake"), pool_size=1) as engine:
        with ExitStack() as in_use:
            for _ in range(1 + db.OVERFLOW):
                in_use.enter_context(db.transaction(engine))
            with pytest.raises(db.DBAPIError) as raised, db.transaction(engine):
                pass
        afterwards = db.answers(engine)

    assert db.is_transient(raised.value)
    assert afterwards
