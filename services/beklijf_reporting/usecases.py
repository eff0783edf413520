"""What reporting does with what it is told: it keeps the newest. Nothing is derived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from beklijf_reporting import store
from beklijf_shared import heard
from beklijf_shared.consume import Rejected
from beklijf_shared.db import Connection
from beklijf_shared.envelope import Message


def apply(connection: Connection, messages: Sequence[Message], now: datetime) -> list[Rejected]:
    """Takes the newest state of every entity in a batch into the read model: two statements, however large the batch.

    What came before, late or twice has no effect; the same version with another content is rejected (K05 to K07).
    """
    del now  # nothing here depends on the clock
    sorting = heard.sort(messages, heard.stored(connection, messages))
    facts = {message.place: place for message in sorting.fresh if (place := store.place_of(message.event)) is not None}
    heard.store(connection, sorting.fresh, facts)
    return [Rejected(message, "conflict: this version was heard with another content") for message in sorting.conflicting]
