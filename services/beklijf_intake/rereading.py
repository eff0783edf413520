"""Reading again what a former version of a mapping read: what is stored stays as it came, what it means is told anew.

One batch is one transaction, under the same locks as accepting; so it may run beside it, be stopped at any moment and be started again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import msgspec

from beklijf_intake import fhir, front_door
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.submission import AnswersStated
from beklijf_intake.store import mappings as store
from beklijf_intake.store.mappings import Read
from beklijf_shared import db, events, outbox
from beklijf_shared.topics import RESPONSE_ACCEPTED

BATCH = 200


def reread(engine: db.Engine, names: Collection[str], context: ReadingContext, now: datetime) -> Counter[str]:
    """Reads the answers that these mappings read, by the present ones; gives how many were `read`, and how many are `kept` as they were
    because the present mapping refuses them.
    """
    counted: Counter[str] = Counter()
    after = ""
    while True:
        with db.transaction(engine) as connection:
            batch = store.read_by(connection, names, after, BATCH)
            if not batch:
                return counted
            after = batch[-1].resource
            db.lock_keys(connection, {f"subject\n{one.subject.system}\n{one.subject.value}" for one in batch})
            fresh = store.read_by(connection, names, batch[0].resource, len(batch), inclusive=True)  # as they are under the locks
            counted += _again(connection, [one for one in fresh if one.resource <= after], context, now)


def _again(connection: db.Connection, batch: list[Read], context: ReadingContext, now: datetime) -> Counter[str]:
    stated = {one.resource: _stated(one, context) for one in batch}
    told = store.told(connection, stated)
    tellings = [(RESPONSE_ACCEPTED, _event(told[id_], found)) for id_, found in stated.items() if found is not None and id_ in told]
    outbox.publish(connection, tellings, now=now, counted=True)
    store.mark(connection, [(one.resource, one.number, str(found.mapping)) for one in batch if (found := stated[one.resource]) is not None])
    return Counter("kept" if found is None else "read" for found in stated.values())


def _stated(one: Read, context: ReadingContext) -> AnswersStated | None:
    """What the present mapping makes of it; None where it refuses it, or where there is none any more."""
    try:
        found = fhir.read(front_door.parse(one.body), one.body, replace(context, organisation=one.organisation))
    except Refused:
        return None
    return found if isinstance(found, AnswersStated) and found.mapping is not None else None


def _event(body: bytes, stated: AnswersStated) -> events.ResponseAccepted:
    """What was told, with what the present mapping changes: form, answers, moment, and its own name."""
    return msgspec.structs.replace(
        msgspec.json.decode(body, type=events.ResponseAccepted),
        questionnaire=stated.questionnaire,
        questionnaire_version=stated.questionnaire_version,
        stated_moment=stated.stated_moment,
        mapping=stated.mapping,
        answers=tuple(
            events.Answer(link=one.link, integer=one.integer, decimal=one.decimal, code=one.code, boolean=one.boolean)
            for one in stated.answers
        ),
    )
