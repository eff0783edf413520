"""All readable contracts together, as data: what `contracts` loads, what `consistency` checks, and what services ask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from beklijf_domain.cohort import Cohort
from beklijf_domain.instrument import Instrument
from beklijf_domain.mapping import FormMapping
from beklijf_domain.protocol import Protocol
from beklijf_domain.rule import Rule
from beklijf_domain.study import Study

Resource = Mapping[str, Any]


class Note(NamedTuple):
    """A contract ("protocols/imsr") that names instruments which are not here yet."""

    contract: str
    instruments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contracts:
    """Everything that is data, by code; resources by canonical address (and version, for Questionnaires)."""

    instruments: Mapping[str, Instrument]
    protocols: Mapping[str, Protocol]
    rules: Mapping[str, Rule]
    cohorts: Mapping[str, Cohort]
    studies: Mapping[str, Study]
    questionnaires: Mapping[tuple[str, str], Resource]
    code_systems: Mapping[str, Resource]
    resources: tuple[Resource, ...]
    """Every FHIR resource that is a file here, Questionnaires and code systems among them."""
    mappings: Mapping[str, FormMapping]
    """Forms of hospitals' own, which become ours."""
    notes: tuple[Note, ...]
    """What a service says at start: which instruments are named and not here yet."""
    by_questionnaire: Mapping[str, tuple[Instrument, ...]] = field(repr=False)

    def instrument_of(self, questionnaire: str, version: str) -> Instrument | None:
        """The instrument that scores answers to this version of a Questionnaire (M30), or None."""
        for candidate in self.by_questionnaire.get(questionnaire, ()):
            if candidate.scores_version(version):
                return candidate
        return None

    def protocol_of(self, cohort: Cohort) -> Protocol:
        """The version of the protocol that a cohort is about; its episodes are those that began under it."""
        return next(each for each in self.every_protocol if each.name == f"{cohort.programme}@{cohort.protocol_version}")

    @property
    def every_protocol(self) -> tuple[Protocol, ...]:
        """Every version of every protocol."""
        return tuple(version for each in self.protocols.values() for version in (each, *each.former))

    @property
    def fingerprint(self) -> str:
        """A digest of all that scores and verdicts rest on: whoever was derived by another one may have to be derived anew."""
        known = [self.instruments, self.protocols, self.rules]
        text = repr([[repr(each[code]) for code in sorted(each)] for each in known])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def moment_codes(self) -> frozenset[str]:
        """Every moment code that some protocol knows (M5)."""
        return frozenset(moment.code for each in self.every_protocol for moment in each.moments)


def items_of(questionnaire: Resource) -> Iterator[Resource]:
    """Every item of a Questionnaire, those in groups and below answers too, in their order."""
    for item in questionnaire.get("item", ()):
        yield item
        yield from items_of(item)
