"""What reading needs to know besides the resource itself; made once at start, with `now` put in per request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from beklijf_intake.domain.questionnaire import Form

CANONICAL_BASE = "https://w3id.org/beklijf/fhir"
REFUSE, ONLY_KNOWN = "refuse", "only-known"


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """`organisation` is the sender's URA; `zone` turns instants into days (M2); `moments` are all codes that some protocol knows (M5)."""

    forms: Mapping[tuple[str, str], Form]
    programmes: frozenset[str]
    moments: frozenset[str]
    zone: tzinfo
    now: datetime
    organisation: str
    base: str = CANONICAL_BASE
    """Base of our canonicals, without a slash at the end."""
    unversioned: str = REFUSE
    """What becomes of the sender's answers to a Questionnaire without version: `refuse`, `only-known` or the version that is meant."""
