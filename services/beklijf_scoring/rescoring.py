"""When an instrument, a protocol or a rule changed: what that would change, and then changing it, a few subjects at a time.

By which contracts everybody was derived is stored, and how far a walk got: so a service notices at its start that they are others
now, and a walk that was cut off goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from beklijf_scoring import store, telling
from beklijf_scoring.domain.derive import Derived
from beklijf_scoring.effect import Effect
from beklijf_scoring.usecases import HEARD, Scoring
from beklijf_shared import heard, outbox
from beklijf_shared.contracts import Contracts
from beklijf_shared.db import Connection
from beklijf_shared.events import digest_of

SUBJECTS_AT_ONCE = 200


def preview(connection: Connection, scoring: Scoring, after: str, effect: Effect, most: int = SUBJECTS_AT_ONCE) -> str | None:
    """Adds to the effect what the next subjects would change; gives where it got to, or None at the end. Writes nothing."""
    subjects = store.subjects_after(connection, after, most)
    if not subjects:
        return None
    rows = list(heard.load(connection, HEARD, subjects, whole=True))
    before = {(told.topic, told.entity): told for told in outbox.bodies(connection, telling.ABOUT_SUBJECTS, subjects)}
    derived: Mapping[str, Derived] = scoring.derived([scoring.anew(row) for row in rows], before)
    effect.subjects += len(subjects)
    effect.answers += sum(len(each.answers) for each in derived.values())
    known = {place: digest_of(told.body) for place, told in before.items()}
    effect.add(before, outbox.differing(scoring.tellings(derived), known), _follow_ups(derived))
    return subjects[-1]


def _follow_ups(derived: Mapping[str, Derived]) -> dict[str, str]:
    """The answer that counts at each follow-up, by the entity of its pair."""
    counted = (placed for each in derived.values() for placed in each.answers if placed.counts == "counted")
    return {f"{placed.episode}/{placed.answer.instrument}/{placed.moment}": placed.answer.response for placed in counted}


def apply(connection: Connection, scoring: Scoring, contracts: Contracts, now: datetime, most: int = SUBJECTS_AT_ONCE) -> bool:
    """Derives the next subjects anew and tells what differs as corrections; gives whether there are more. Each call is one
    transaction's work, and remembers where it got to: whatever happens in between, the next one goes on from there."""
    reached = store.rescored_to(connection, contracts.fingerprint)
    if reached is None:
        return False
    subjects = store.subjects_after(connection, reached, most)
    store.remember(connection, contracts.fingerprint, subjects[-1] if subjects else None)
    if subjects:
        scoring.rescore(connection, subjects, now)
    return bool(subjects)


def is_due(connection: Connection, contracts: Contracts) -> bool:
    """Whether anybody was derived by other contracts than these; an empty service is nobody's, and takes these for its own."""
    known = store.derived_by(connection)
    if known is None and not store.subjects_after(connection, "", 1):
        store.remember(connection, contracts.fingerprint, None)
        return False
    return known != contracts.fingerprint
