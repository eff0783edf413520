"""More than two thousand responses, good and spoilt, judged by intake and by the HL7 reference validator: every difference is listed."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass

import pytest

from beklijf_intake.outcome import operation_outcome
from tests.contract import differences, hl7
from tests.contract.differences import Difference, Refusal
from tests.contract.hl7 import Validator, Verdict
from tests.lib import corpus, questionnaires
from tests.lib.corpus import Case

pytestmark = [*(pytest.mark.needs(what) for what in hl7.NEEDS), pytest.mark.timeout(hl7.FIRST_TIME_SECONDS)]
BEYOND_THE_VALIDATOR = (
    "more-decimals-than-allowed", "fewer-answers-than-asked", "more-answers-than-allowed", "too-small-a-quantity", "longer-than-allowed",
    "too-large-a-picture", "another-option", "another-code", "the-exclusive-option-beside-another",
)  # fmt: skip
"""Ways that intake must refuse by itself: where the validator errs, it could not tell us that we do not."""


@dataclass(frozen=True)
class Judged:
    """One case, and what both say of it."""

    case: Case
    ours: Refusal
    theirs: Verdict


@pytest.fixture(scope="module")
def judged(validator: Validator) -> list[Judged]:
    """The whole corpus."""
    cases = corpus.cases()
    verdicts = validator.judge([case.line for case in cases])
    return [Judged(case, differences.refusal(case.line), verdict) for case, verdict in zip(cases, verdicts, strict=True)]


def test_every_difference_is_listed_and_every_reading_needed(judged: list[Judged]) -> None:
    listed = differences.readings()
    used: set[str] = set()
    unlisted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in judged:
        for found in differences.differences(one.case.line, one.ours, one.theirs):
            reading = next((reading for reading in listed if reading.covers(found)), None)
            if reading is None:
                unlisted[found.who, found.message].append(_shown(one.case, found))
            else:
                used.add(reading.id)

    assert dict(unlisted) == {}
    assert [reading.id for reading in listed if reading.id not in used] == []


def _shown(case: Case, found: Difference) -> str:
    return f"{case.name}: {found.place} ({found.link}): {found.says}"


def test_the_corpus_is_large_and_covers_every_questionnaire(judged: list[Judged]) -> None:
    forms = {one.case.form for one in judged}
    agreed = [one for one in judged if bool(one.ours.problems) is not one.theirs.accepted]

    assert forms == {form["id"] for form in questionnaires.all_of_them()}
    assert len(judged) > 2_000
    assert len([one for one in agreed if one.theirs.accepted]) > 400
    assert len([one for one in agreed if not one.theirs.accepted]) > 1_000


def test_what_was_filled_in_as_meant_is_accepted(judged: list[Judged]) -> None:
    refused = {one.case.name: one.ours.problems for one in judged if not one.case.ways and one.ours.problems}

    assert refused == {}


@pytest.mark.parametrize("way", BEYOND_THE_VALIDATOR)
def test_where_the_validator_errs_intake_refuses_by_itself(judged: list[Judged], way: str) -> None:
    cases = [one for one in judged if one.case.ways == (way,) and one.case.form in {form["id"] for form in questionnaires.hand_made()}]

    assert [one.case.name for one in cases if not one.ours.problems] == []
    assert cases


def test_outcomes_are_fhir(judged: list[Judged], validator: Validator) -> None:
    refused = [one for one in judged if one.ours.problems][::6]
    outcomes = [operation_outcome(one.ours.problems) for one in refused]

    verdicts = validator.judge([json.dumps(outcome) for outcome in outcomes])

    assert [verdict.issues for verdict in verdicts if not verdict.accepted] == []
    assert len(verdicts) >= 200


def test_the_page_shows_the_readings() -> None:
    page = differences.PAGE.read_text(encoding="utf-8")

    assert differences.tables() in page, "run python -m tests.contract.differences and put its tables into OUR-READING.md"
