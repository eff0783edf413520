"""Which version of a resource counts, and what is a repeat (M3, M11, M12, M14).

Answers and records (Patient, EpisodeOfCare, Consent) are ordered differently. Of answers, an amendment outranks its original
and a retraction outranks everything, whenever it arrives; of records, the sender's own clock decides, because going back to
earlier content is legitimate there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

STATUS_RANK = {"in-progress": 0, "stopped": 0, "completed": 1, "amended": 2, "entered-in-error": 3}
"""M11: a draft never undoes a completed form, a late retry never undoes an amendment, a retraction is final."""

MEASURING = ("completed", "amended")
"""The statuses under which answers were really given (M3)."""


@dataclass(frozen=True, slots=True)
class Form:
    """What orders a set of answers: `authored` is an instant, `whole_day` says that only its day was given (M2)."""

    status: str
    authored: datetime
    whole_day: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One received version of one resource. `number` counts arrivals from 1; `form` is None for a record, set for answers.

    `receipt` is that of the Bundle or import it came with; None for a resource that was sent by itself. `mapping` is the one by which it
    was read, where it was a form of the sender's own; known of a version that arrives, not of those held.
    """

    number: int
    received_at: datetime
    digest: bytes
    stated_at: datetime | None
    form: Form | None
    receipt: str | None = None
    mapping: str | None = None


def current(versions: Iterable[Version]) -> Version:
    """The version that counts (M11, M14); need not be the one that arrived last. Raises ValueError when there is none."""
    return max(versions, key=_order)


def is_repeat(versions: Sequence[Version], incoming: Version) -> bool:
    """Whether what arrives was received before and so has no effect (M11 for answers, M14 for records)."""
    if incoming.form is not None:
        return any(version.digest == incoming.digest for version in versions)
    if incoming.stated_at is None:
        return bool(versions) and current(versions).digest == incoming.digest
    return any((version.digest, version.stated_at) == (incoming.digest, incoming.stated_at) for version in versions)


def measured(versions: Sequence[Version]) -> datetime:
    """When the answers were given: the earliest `authored` of completed and amended versions, whatever came later (M3).

    Of a tombstone (M12), which has neither, the `authored` it states, whatever drafts came before it. Raises ValueError where nothing
    has an `authored`.
    """
    forms = [version.form for version in versions if version.form is not None]
    given = [form.authored for form in forms if form.status in MEASURING]
    return min(given) if given else max((STATUS_RANK[form.status], form.authored) for form in forms)[1]


def is_draft(version: Version) -> bool:
    """Whether a version is a form still being filled in: kept here, told to nobody (M8)."""
    return version.form is not None and STATUS_RANK[version.form.status] == 0


def _order(version: Version) -> tuple[int, datetime, bool, int]:
    """Sort key: for answers status, authored (a whole day before any instant of it), arrival; for records instant, arrival."""
    form = version.form
    if form is None:
        return (0, version.stated_at or version.received_at, False, version.number)
    return (STATUS_RANK[form.status], form.authored, not form.whole_day, version.number)
