"""When an instrument, a protocol or a rule changed: what that would change, and then changing it, a few subjects at a time.

By which contracts everybody was derived is stored, and how far a walk got: so a service notices at its start that they are others
now, and a walk that was cut off goes on where it was. Answers are scored anew only where their instruments, or the software, changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from beklijf_scoring import store, telling
from beklijf_scoring.domain.derive import Derived
from beklijf_scoring.effect import Effect
from beklijf_scoring.hearing import SOFTWARE
from beklijf_scoring.store.concerned import Walk
from beklijf_scoring.usecases import HEARD, Scoring, kept
from beklijf_shared import db, heard, outbox
from beklijf_shared.clock import Clock
from beklijf_shared.db import Connection, Engine

SUBJECTS_AT_ONCE = 200
AT_ONCE = 2
"""Transactions under way together: while one waits for the database, another derives."""
ATTEMPTS = 5


class Disturbed(Exception):
    """Somebody derives by other contracts at the same time, or walks too."""


class Step(NamedTuple):
    """Whom a walk comes to next, and how far it got before."""

    after: str
    subjects: list[str]


@dataclass(frozen=True)
class Rescoring:
    """Everybody, and how they are to be derived."""

    scoring: Scoring

    def preview(self, connection: Connection, after: str, effect: Effect, most: int = SUBJECTS_AT_ONCE) -> str | None:
        """Adds to the effect what the next subjects would change; gives where it got to, or None at the end. Writes nothing."""
        subjects = store.walks.subjects_after(connection, after, most)
        if not subjects:
            return None
        scored = self._scored(store.walks.last(connection))
        rows = heard.load(connection, HEARD, subjects, whole=not scored)
        known = outbox.digests(connection, telling.ABOUT_SUBJECTS, subjects)
        derived = self.scoring.derived(kept(rows) if scored else self.scoring.anew(rows), known)
        changed = outbox.differing(self.scoring.tellings(derived), known)
        before = {(told.topic, told.entity): told for told in store.former.told_before(connection, changed.keys() & known.keys())}
        effect.subjects += len(subjects)
        effect.answers += sum(len(each.answers) for each in derived.values())
        effect.add(before, changed, _follow_ups(derived))
        return subjects[-1]

    def step(self, connection: Connection, done: Step | None, most: int, now: datetime) -> Step | None:
        """Remembers what was done, and gives whom to go on with; None at the end, and from then on everybody is derived by these
        contracts. What is remembered is never ahead of what was done. Raises Disturbed."""
        last = store.walks.last(connection)
        if done is not None and (last is None or (last.fingerprint, last.reached) != (self.scoring.basis.derived, done.after)):
            raise Disturbed("somebody derives by other contracts meanwhile: restart what runs with the old ones, then apply again")
        if last is None or last.fingerprint != self.scoring.basis.derived:
            last = Walk(self.scoring.basis.derived, "", self.scoring.basis.scored if self._scored(last) else None)
        if last.reached is None:
            return None
        after = last.reached if done is None else done.subjects[-1]
        subjects = store.walks.subjects_after(connection, after, most)
        if not subjects:
            store.walks.remember(connection, Walk(last.fingerprint, None, self.scoring.basis.scored))
            return None
        store.walks.remember(connection, Walk(last.fingerprint, after, last.scored_by))
        store.walks.derives_with(connection, SOFTWARE, now)
        return Step(after, subjects)

    def apply(self, engine: Engine, subjects: Sequence[str], clock: Clock) -> None:
        """Derives these subjects anew and tells what differs as corrections, in one transaction; once more when the database says so."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with db.transaction(engine) as connection:
                    scored = self._scored(store.walks.last(connection))
                    self.scoring.rescore(connection, subjects, clock(), scored=scored)
            except db.DBAPIError as error:  # a consumer at work may have locked the same rows in another order
                if attempt == ATTEMPTS or not db.is_transient(error):
                    raise
            else:
                return

    def is_due(self, connection: Connection) -> bool:
        """Whether anybody was derived by other contracts than these; an empty service is nobody's, and takes these for its own."""
        last = store.walks.last(connection)
        if last is None and not store.walks.subjects_after(connection, "", 1):
            store.walks.remember(connection, Walk(self.scoring.basis.derived, None, self.scoring.basis.scored))
            return False
        return last is None or last.fingerprint != self.scoring.basis.derived or last.reached is not None

    def _scored(self, last: Walk | None) -> bool:
        """Whether all answers were scored by the present instruments already."""
        return last is not None and last.scored_by == self.scoring.basis.scored


def _follow_ups(derived: Mapping[str, Derived]) -> dict[str, str]:
    """The answer that counts at each follow-up, by the entity of its pair."""
    counted = (placed for each in derived.values() for placed in each.answers if placed.counts == "counted")
    return {f"{placed.episode}/{placed.answer.instrument}/{placed.moment}": placed.answer.response for placed in counted}


def walk(engine: Engine, scoring: Scoring, clock: Clock, most: int = SUBJECTS_AT_ONCE) -> None:
    """Everybody, some at once, each in a transaction of their own. One that was cut off does at most its last step again, which then
    changes nothing. Raises Disturbed."""
    rescoring, step = Rescoring(scoring), None
    with ThreadPoolExecutor(AT_ONCE) as workers:
        while True:
            with db.transaction(engine) as connection:
                step = rescoring.step(connection, step, most * AT_ONCE, clock())
            if step is None:
                return
            shares = [step.subjects[at : at + most] for at in range(0, len(step.subjects), most)]
            list(workers.map(lambda share: rescoring.apply(engine, share, clock), shares))


def previewed(engine: Engine, scoring: Scoring, effect: Effect) -> Effect:
    """What walking over everybody would change, added to the effect."""
    reached: str | None = ""
    while reached is not None:
        with db.transaction(engine) as connection:
            reached = Rescoring(scoring).preview(connection, reached, effect)
    return effect
