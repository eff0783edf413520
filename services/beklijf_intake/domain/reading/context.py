"""What reading needs to know besides the resource itself; made once at start, with `now` put in per request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Protocol

from beklijf_intake.domain.mapping import Key, Mapper
from beklijf_intake.domain.questionnaire import Form

CANONICAL_BASE = "https://w3id.org/beklijf/fhir"
REFUSE, ONLY_KNOWN = "refuse", "only-known"


class Gate(Protocol):
    """Replaces an organisation's local identifiers by pseudonyms, before anything else looks at what was sent."""

    def cleared(self, body: bytes, limit: int) -> bytes:
        """The body without them; raises Refused where one would be left over."""

    def cleared_criteria(self, query: str) -> str:
        """A query without them."""

    def cleared_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Parameters of a search without them."""


def no_gate(_: str) -> Gate | None:
    """Of a registry where pseudonyms are made elsewhere: identifiers are taken as they are."""
    return None


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
    mappings: Mapping[Key, Mapper] = field(default_factory=dict)
    """What becomes of forms of hospitals' own, by organisation, address and version."""
    unversioned: str = REFUSE
    """What becomes of the sender's answers to a Questionnaire without version: `refuse`, `only-known` or the version that is meant."""
    gate_of: Callable[[str], Gate | None] = no_gate
    """The gate of an organisation, None where it has none."""

    @property
    def gate(self) -> Gate | None:
        """The gate of the sender's organisation."""
        return self.gate_of(self.organisation)

    def mapper(self, canonical: str | None) -> Mapper | None:
        """What makes ours of the sender's own form with this canonical; None where it is to be taken as it is."""
        if not self.mappings or canonical is None:
            return None
        url, _, version = canonical.partition("|")
        return self.mappings.get((self.organisation, url, version))
