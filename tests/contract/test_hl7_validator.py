"""The HL7 reference validator as an oracle: what we ship and what we accept is FHIR, and where we read otherwise is written down."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.contract import hl7
from tests.contract.hl7 import Resource, Validator, Verdict

pytestmark = [*(pytest.mark.needs(what) for what in hl7.NEEDS), pytest.mark.timeout(hl7.FIRST_TIME_SECONDS)]


@dataclass(frozen=True)
class Judged:
    """Everything that was asked, with its verdicts; `shipped` also holds what is served without being a file."""

    shipped: dict[str, Verdict]
    made: dict[str, Verdict]
    sample: list[tuple[Resource, Verdict]]
    consents: list[tuple[Resource, Verdict]]

    def every(self) -> list[Verdict]:
        """All but what is made for tests."""
        return [*self.shipped.values(), *(verdict for _, verdict in [*self.sample, *self.consents])]


@pytest.fixture(scope="module")
def judged(validator: Validator) -> Judged:
    """All verdicts."""
    shipped, made, sample, consents = hl7.shipped() | hl7.served(), hl7.made(), hl7.sample(), hl7.consents()
    asked = [*shipped.values(), *made.values(), *sample, *consents]
    verdicts = iter(validator.judge([json.dumps(one) for one in asked]))
    return Judged(
        shipped={name: next(verdicts) for name in shipped},
        made={name: next(verdicts) for name in made},
        sample=[(resource, next(verdicts)) for resource in sample],
        consents=[(resource, next(verdicts)) for resource in consents],
    )


def test_what_ships_and_what_is_served_is_fhir(judged: Judged) -> None:
    refused = {name: verdict.issues for name, verdict in judged.shipped.items() if not verdict.accepted}

    assert refused == {}
    assert len(judged.shipped) >= 16
    assert {"PlanDefinition/imsr", "CodeSystem/programme", "metadata"} <= judged.shipped.keys()


def test_what_is_made_for_tests_is_fhir(judged: Judged) -> None:
    refused = {name: verdict.issues for name, verdict in judged.made.items() if not verdict.accepted}

    assert refused == {}
    assert len(judged.made) == 11


def test_a_sample_of_the_cohort_is_accepted_and_refused_as_we_do(judged: Judged) -> None:
    otherwise = [(resource, verdict.issues) for resource, verdict in judged.sample if verdict.accepted != hl7.ours(resource)]

    assert otherwise == []
    assert len(judged.sample) == 500
    assert [verdict.ids("error") for _, verdict in judged.sample if not verdict.accepted] == [{"QUESTIONNAIRE_QR_ITEM_INTEGER_MAX"}]


def test_refusals_to_take_part_are_accepted_by_both(judged: Judged) -> None:
    assert [(verdict.accepted, hl7.ours(resource)) for resource, verdict in judged.consents] == [(True, True)] * 7


def test_every_warning_is_listed_and_none_needlessly(judged: Judged) -> None:
    said = {message for verdict in judged.every() for message in verdict.ids("warning", "information")}

    assert said == hl7.listed("It warns or notes, and we leave it")
