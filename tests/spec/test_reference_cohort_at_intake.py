"""Intake takes the reference cohort in exactly as the cohort expects: what is new, an update, outranked, a repeat, refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from beklijf.reference.cohort import ndjson
from beklijf.reference.imsr import cohort
from beklijf.reference.imsr.letters import Letter
from beklijf.reference.resources import ORGANISATIONS
from beklijf_intake import fhir, front_door
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.register import Register, Request
from tests.lib import reading


def known_to_the_registry() -> Iterator[Letter]:
    """All but answers to Questionnaires that are not among the shipped contracts."""
    canonicals = {f"{url}|{version}" for url, version in reading.context().forms}
    return (letter for letter in cohort.sent() if letter.resource.get("questionnaire") in {None, *canonicals})


def outcome(letter: Letter, register: Register) -> str:
    """What intake's own rules make of one letter."""
    organisation, body = ORGANISATIONS[letter.hospital], ndjson(letter.resource)
    try:
        submission = fhir.read(front_door.parse(body), body, replace(reading.context(), organisation=organisation))
    except Refused:
        return "refused"
    assert submission.received.warnings == ()
    (decision,) = register.decide((Request(organisation, submission),))  # type: ignore[misc]
    return decision.outcome


def test_intake_does_with_every_letter_what_the_cohort_expects() -> None:
    ids = count()
    register = Register(resources=(), versions={}, subjects={}, now=reading.NOW, make_id=lambda: f"id-{next(ids)}")
    pairs: Counter[tuple[str, str]] = Counter()

    for letter in known_to_the_registry():
        pairs[letter.effect, outcome(letter, register)] += 1

    assert pairs[("refused", "refused")] == 1
    assert pairs[("repeated", "repeated")] > 250
    assert {(expected, found) for expected, found in pairs if expected != found} == set()
