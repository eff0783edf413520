"""What cohorts knows of one episode: facts, counted answers and verdicts, dated; the seam between the event and the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from beklijf_domain.states import Participation, Treatment, Verdict


class Value(NamedTuple):
    """One numeric outcome: integer / 10**scale."""

    measure: str
    integer: int
    scale: int


class Coded(NamedTuple):
    """One outcome that is a category."""

    measure: str
    code: str


class Answered(NamedTuple):
    """One counted answer (M8) at its moment; `day` is the local day on which it was measured (M2)."""

    moment: str
    instrument: str
    day: date
    scorable: bool
    values: tuple[Value, ...]
    codes: tuple[Coded, ...] = ()


class Judged(NamedTuple):
    """What one rule ("code@version") said of one pair (M25)."""

    moment: str
    instrument: str
    rule: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Episode:
    """One treatment episode whole; the unit of every count (M20)."""

    programme: str
    protocol_version: str
    t0: date
    sex: str
    birth_year: int | None
    treatment: Treatment
    treatment_ended: date | None
    participation: Participation
    participation_since: date | None
    answers: tuple[Answered, ...]
    verdicts: tuple[Judged, ...]
