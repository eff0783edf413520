"""The receipt: what a sender sent, counted so that it adds up at any moment.

What one sender sends on one day has a receipt, and so has each Bundle and each import. Two identities hold after every commit:

    sent = accepted + duplicate + refused, where accepted is the sum over types;
    accepted answers = draft + superseded + told.

Every accepted set of answers is one stored version, and belongs to the receipts under which that version came, for ever. What changes
is where it stands there: when another version of the same answer counts instead (M11), it becomes superseded in its own receipt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from beklijf_domain.calendar import local_date
from beklijf_intake.domain.versions import Version, current, is_draft

Kind = Literal["day", "bundle", "import"]
Place = tuple[str, str]
"""Organisation and receipt id."""

ACCEPTED = "accepted:"
REFUSED = "refused:"
DUPLICATE = "duplicate"
DIFFERENT = "duplicate-different"
"""Of the duplicates: a conditional create whose body differs from what is held (M13)."""
STANDINGS = ("draft", "superseded", "told")
"""Where an accepted answer stands here: still being filled in, no longer the version that counts, or told to scoring."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came together and has a receipt together. `total`: how many resources it holds, as soon as that is known."""

    id: str
    kind: Literal["bundle", "import"]
    started: datetime
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What is said of a receipt besides its counts."""

    kind: Kind
    day: date
    started: datetime
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt as it stands: `counts` by the words of this module. A day has no total."""

    organisation: str
    id: str
    opening: Opening
    counts: Mapping[str, int]

    @property
    def accepted_by_type(self) -> dict[str, int]:
        """How many resources of each type were stored as a version."""
        return self._after(ACCEPTED)

    @property
    def refused_by_code(self) -> dict[str, int]:
        """How many resources were refused, by the code of the first issue."""
        return self._after(REFUSED)

    @property
    def accepted(self) -> int:
        """All resources stored as a version."""
        return sum(self.accepted_by_type.values())

    @property
    def refused(self) -> int:
        """All resources refused."""
        return sum(self.refused_by_code.values())

    @property
    def duplicate(self) -> int:
        """All resources that were known already and had no effect."""
        return self.counts.get(DUPLICATE, 0)

    @property
    def sent(self) -> int:
        """Everything answered until now."""
        return self.accepted + self.duplicate + self.refused

    @property
    def is_complete(self) -> bool | None:
        """Whether all of it was answered; None for a day, which is never complete, and while the total is not known."""
        return None if self.opening.total is None else self.sent == self.opening.total

    def _after(self, prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): n for name, n in sorted(self.counts.items()) if name.startswith(prefix) and n}


class Ledger:
    """What one batch, stored at `now`, adds to receipts and takes from them: for every answer, so it looks things up once."""

    def __init__(self, now: datetime, time_zone: str) -> None:
        self.now, self._time_zone = now, time_zone
        self.day = local_date(now, time_zone)
        self.openings: dict[Place, Opening] = {}
        """Of the receipts that may be new; every other one of `differences` is there already."""
        self.differences: dict[Place, Counter[str]] = {}
        self._today = self.day.isoformat()

    def count(self, organisation: str, delivery: Delivery | None, outcomes: Iterable[str]) -> None:
        """Enters what became of resources, in the receipt of the day and in that of the delivery they came with."""
        counters = [self._opened((organisation, self._today), "day", None)]
        if delivery is not None:
            counters.append(self._opened((organisation, delivery.id), delivery.kind, delivery))
        for outcome in outcomes:
            for counter in counters:
                counter[outcome] += 1

    def move(self, organisation: str, before: Sequence[Version], after: Sequence[Version]) -> None:
        """Enters where the versions of one answer stand now, and takes away where they stood."""
        for versions, sign in ((before, -1), (after, 1)):
            for version, standing in standings(versions):
                for receipt in receipts_of(version, self._day_of(version.received_at)):
                    self._counter((organisation, receipt))[standing] += sign

    def _opened(self, place: Place, kind: Kind, delivery: Delivery | None) -> Counter[str]:
        if place not in self.openings or (delivery is not None and delivery.total is not None):
            started, total = (self.now, None) if delivery is None else (delivery.started, delivery.total)
            self.openings[place] = Opening(kind, self.day, started, total)
        return self._counter(place)

    def _counter(self, place: Place) -> Counter[str]:
        counter = self.differences.get(place)
        if counter is None:
            counter = self.differences[place] = Counter()
        return counter

    def _day_of(self, received: datetime) -> str:
        return self._today if received == self.now else local_date(received, self._time_zone).isoformat()


def standings(versions: Sequence[Version]) -> Iterator[tuple[Version, str]]:
    """Where each version of one answer stands: one of STANDINGS."""
    if not versions:
        return
    counting = current(versions)
    for version in versions:
        if version is not counting:
            yield version, "superseded"
        else:
            yield version, "draft" if is_draft(version) else "told"


def receipts_of(version: Version, day: str) -> tuple[str, ...]:
    """The receipts under which a version came: its day's, and that of its Bundle or import."""
    return (day,) if version.receipt is None else (day, version.receipt)
