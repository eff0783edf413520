"""Cohorts: what makes two definitions the same, and what makes two populations the same (M37, design section 5)."""

from __future__ import annotations

from typing import Any

import pytest

from beklijf_domain.cohort import Cohort, read
from beklijf_domain.document import ContractError, Document

WHOLE: dict[str, Any] = {
    "code": "c",
    "title": "C",
    "note": "none",
    "programme": "imsr",
    "protocol_version": "1.0.0",
    "years": [2012, 2013],
    "minimum_cell": 1,
    "rules": ["r@1"],
    "group_by": ["treatment-year"],
}


def cohort(**facts: Any) -> Cohort:
    return read(Document("c.toml", WHOLE | facts))


def test_k_belongs_to_the_definition_and_not_to_the_population() -> None:
    open_, hidden = cohort(), cohort(code="d", title="D", note="more", minimum_cell=10)

    assert open_.definition_hash != hidden.definition_hash
    assert open_.population_hash("1") == hidden.population_hash("1")
    assert open_.population_hash("1") != open_.population_hash("2")


def test_words_do_not_belong_to_the_definition() -> None:
    assert cohort().definition_hash == cohort(title="Another", note="Another").definition_hash


@pytest.mark.parametrize("facts", [{"years": [2012]}, {"rules": ["r@2"]}, {"programme": "x"}, {"protocol_version": "2"}, {"group_by": []}])
def test_whatever_decides_the_counts_belongs_to_the_population(facts: dict[str, Any]) -> None:
    assert cohort(**facts).population_hash("1") != cohort().population_hash("1")


def test_the_definition_hash_is_the_same_for_ever() -> None:
    assert cohort().definition_hash == "1cde78817ead52ac1811913dc8e0d793c2d88c319690ca3bcc770f198c498dd7"


def test_a_suppressed_cohort_changes_by_k_episodes_unless_it_says_otherwise() -> None:
    given = [cohort(), cohort(minimum_cell=10), cohort(minimum_cell=10, minimum_changed_episodes=0)]

    assert [(each.suppressed, each.minimum_changed_episodes) for each in given] == [(False, 0), (True, 10), (True, 0)]


@pytest.mark.parametrize(("facts", "problem"), [({"minimum_cell": 0}, "0 is less than 1"), ({"group_by": ["sex"]}, "'sex' is not one of")])
def test_a_cohort_that_cannot_hold_is_refused(facts: dict[str, Any], problem: str) -> None:
    with pytest.raises(ContractError, match=problem):
        cohort(**facts)
