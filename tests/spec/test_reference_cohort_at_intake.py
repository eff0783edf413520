"""Intake takes the reference cohort in exactly as the cohort expects: what is new, an update, outranked, a repeat, refused."""

from __future__ import annotations

from collections import Counter
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

    for letter in cohort.sent():
        pairs[letter.effect, outcome(letter, register)] += 1

    assert {(expected, found) for expected, found in pairs if expected != found} == set()
    assert (pairs["refused", "refused"], pairs["repeated", "repeated"], pairs.total()) == (1, 374, 23100)
