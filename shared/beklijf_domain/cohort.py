"""A cohort's definition as data: who is in it, how it is split, which rules judge it, and from how few nothing is shown."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal, cast, get_args

from beklijf_domain import crossing
from beklijf_domain.crossing import Crossing, Tally
from beklijf_domain.document import Document

GroupBy = Literal["treatment-year"]


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort of one programme.

    `years`: treatment years that belong to it (M4). `minimum_cell`: k, nothing derived from fewer episodes is shown (M37); 1 hides
    nothing. `minimum_changed_episodes`: a suppressed cohort publishes only after so many episodes changed (M38). `rules`: names with
    version ("code@version"), in the order in which figures show them. `study`: whose printed numbers its figures are held against.
    `sample_margin_percent`: half the width of the 95 % interval for which the sample should suffice; None: no such statement.
    `worklist`: whether its follow-ups are told; where cohorts share a population, one of them is enough.
    """

    code: str
    title: str
    note: str
    programme: str
    protocol_version: str
    years: tuple[int, ...]
    minimum_cell: int
    minimum_changed_episodes: int
    rules: tuple[str, ...]
    group_by: tuple[GroupBy, ...]
    study: str | None = None
    crossed: tuple[Crossing, ...] = ()
    tallied: tuple[Tally, ...] = ()
    sample_margin_percent: int | None = None
    worklist: bool = True

    @property
    def suppressed(self) -> bool:
        """Whether small cells are hidden at all."""
        return self.minimum_cell > 1

    @property
    def definition_hash(self) -> str:
        """SHA-256 over the whole definition as canonical JSON: two snapshots with the same hash mean the same."""
        return _hash({**self._population(), **self._disclosure(), "code": self.code})

    def population_hash(self, derivation: str) -> str:
        """SHA-256 over what decides the counts, and the version of the derivation: without code, words and k, so that two
        settings of suppression share their counts (design, section 5)."""
        return _hash({**self._population(), "derivation": derivation})

    def _population(self) -> dict[str, object]:
        return {
            "programme": self.programme,
            "protocol_version": self.protocol_version,
            "years": sorted(self.years),
            "rules": sorted(self.rules),
            "group_by": list(self.group_by),
            "sample_margin_percent": self.sample_margin_percent,
            **crossing.content(self.crossed, self.tallied),
        }

    def _disclosure(self) -> dict[str, object]:
        return {"minimum_cell": self.minimum_cell, "minimum_changed_episodes": self.minimum_changed_episodes}


def read(document: Document) -> Cohort:
    """A cohort from its contract file. Raises ContractError."""
    allowed = get_args(GroupBy)
    group_by = document.texts("group_by")
    for name in group_by:
        if name not in allowed:
            document.complain("group_by", f"{name!r} is not one of {', '.join(allowed)}")
    minimum_cell = document.integer("minimum_cell", low=1)
    result = Cohort(
        code=document.text("code"),
        title=document.text("title"),
        note=document.text("note"),
        programme=document.text("programme"),
        protocol_version=document.text("protocol_version"),
        years=document.integers("years"),
        minimum_cell=minimum_cell,
        # M38: unless the cohort says otherwise, two snapshots of a suppressed cohort lie at least k episodes apart
        minimum_changed_episodes=document.integer("minimum_changed_episodes", low=0, default=minimum_cell if minimum_cell > 1 else 0),
        rules=document.texts("rules"),
        group_by=tuple(cast(GroupBy, name) for name in group_by),
        study=document.optional_text("study"),
        crossed=crossing.crossings(document),
        tallied=crossing.tallies(document),
        sample_margin_percent=document.integer("sample_margin_percent", low=1) if document.has("sample_margin_percent") else None,
        worklist=document.one_of("worklist", ("told", "not told")) == "told" if document.has("worklist") else True,
    )
    document.finish()
    return result


def _hash(content: dict[str, object]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
