"""The gate of organisations whose identifiers this registry replaces itself: local identifiers end here.

A pseudonym is a keyed hash, so it is found again without anything being kept of the identifier. Under a new key the same
identifier has another hash; that this one stands for the first is kept when the identifier is next mentioned, so whoever was
known under an old key stays the same person for as long as that key is among those held.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from beklijf_intake import front_door
from beklijf_intake.domain.clearing import Clearing
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.pseudonym import pseudonym
from beklijf_intake.domain.reading.context import Gate
from beklijf_intake.domain.submission import Name
from beklijf_intake.senders.keys import SecretKeys
from beklijf_intake.store import pseudonyms as store
from beklijf_shared import db

REMEMBERED_MAXIMUM = 100_000
ATTEMPTS = 4
_ENCODER = msgspec.json.Encoder(decimal_format="number")  # decimals keep the digits that were sent


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """One for each process. `keys`: newest first; None where the registry makes no pseudonyms. `systems_of`: what is replaced for
    an organisation."""

    engine: db.Engine
    keys: SecretKeys | None
    systems_of: Callable[[str], frozenset[str]]
    base: str
    remembered: dict[str, str] = field(default_factory=dict)

    def gate_of(self, organisation: str) -> Gate | None:
        """The gate of an organisation, None where it has none; raises Refused where it must have one and there is no key."""
        systems = self.systems_of(organisation)
        if not systems:
            return None
        if self.keys is None:
            sentence = (
                "The registry lacks the key by which it replaces this organisation's identifiers. Nothing was kept; ask its operator."
            )
            raise Refused([Problem("fatal", "exception", None, sentence, 500)])
        clearing = Clearing(systems, f"{self.base}/NamingSystem/pseudonym")
        return OrganisationGate(organisation, clearing, self.keys, self.stand_for)

    def stand_for(self, candidates: Mapping[Name, list[str]]) -> dict[Name, str]:
        """What each identifier is called from the first time on, given its hash under every key, newest first."""
        known = {name: self.remembered[hashes[0]] for name, hashes in candidates.items() if hashes[0] in self.remembered}
        asked = {name: hashes for name, hashes in candidates.items() if name not in known}
        if asked:
            found = self._kept(asked)
            if len(self.remembered) + len(found) > REMEMBERED_MAXIMUM:
                self.remembered.clear()
            self.remembered.update({asked[name][0]: stands for name, stands in found.items()})
            known |= found
        return known

    def _kept(self, asked: Mapping[Name, list[str]]) -> dict[Name, str]:
        for _ in range(ATTEMPTS):
            with self.engine.connect() as connection, connection.begin() as transaction:
                before = store.find(connection, {one for hashes in asked.values() for one in hashes})
                stands = {name: _first(hashes, before) for name, hashes in asked.items()}
                new = {one: stands[name] for name, hashes in asked.items() for one in hashes if one not in before}
                if not new or store.add(connection, new):
                    return stands
                transaction.rollback()  # someone else mentions the same for the first time: what they kept is found next
        raise Refused([Problem("error", "transient", None, "Many mention the same people at this moment. Send the same again.", 503)])


def _first(hashes: list[str], known: Mapping[str, str]) -> str:
    return next((known[one] for one in hashes if one in known), hashes[0])


@dataclass(frozen=True, slots=True)
class OrganisationGate:
    """The gate of one organisation."""

    organisation: str
    clearing: Clearing
    keys: SecretKeys
    stand_for: Callable[[Mapping[Name, list[str]]], dict[Name, str]]

    def cleared(self, body: bytes, limit: int) -> bytes:
        """The body with local identifiers replaced; as it came where there are none. Raises Refused where one is left over."""
        value = front_door.parse(body, limit=limit)
        names = self.clearing.names(value)
        if not names:
            return body
        cleared = self.clearing.cleared(value, self._stands(names).__getitem__)
        if problems := self.clearing.left_over(cleared, names):
            raise Refused(problems)
        return _ENCODER.encode(cleared)

    def cleared_criteria(self, query: str) -> str:
        """A query with local identifiers replaced."""
        return self.clearing.criteria(query, self._stands(self.clearing.names_in(query)).__getitem__)

    def cleared_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Parameters of a search with local identifiers replaced."""
        return self.clearing.pairs(pairs, self._stands(self.clearing.names_in(pairs)).__getitem__)

    def _stands(self, names: Collection[Name]) -> dict[Name, str]:
        return self.stand_for({name: self._hashes(name) for name in names})

    def _hashes(self, name: Name) -> list[str]:
        return [pseudonym(key, key_id, self.organisation, name.system, name.value) for key_id, key in self.keys.keys.items()]
