"""Totals that a form calculates itself: recomputed by the instrument, a difference is told, ours is kept; other forms say they are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beklijf_intake import forms
from beklijf_intake.domain.answers import check
from beklijf_intake.domain.questionnaire import Form
from beklijf_intake.domain.submission import AnswerValue
from beklijf_shared import contracts
from tests.lib.hospital_forms import given
from tests.lib.site_forms import QBPDS, add_to, qbpds_with_total

SYSTEM = "https://w3id.org/beklijf/fhir/CodeSystem/qbpds-answer"


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    site: Path = add_to(tmp_path_factory.mktemp("site"), qbpds_with_total())
    return forms.compiled(contracts.load(site))[QBPDS, "1.1.0"]


def response(codes: list[int], total: int | None) -> dict[str, Any]:
    answers = [
        given(f"qbpds-{number:02}", {"valueCoding": {"system": SYSTEM, "code": str(code)}}) for number, code in enumerate(codes, start=1)
    ]
    items = [given("scale", item=answers), given("tired", True)]
    return {"status": "completed", "item": [*items, given("qbpds-total", total)] if total is not None else items}


def test_a_total_that_is_right_is_left_out_without_a_word(form: Form) -> None:
    problems, answers = check(form, response([2] * 20, 40))

    assert problems == []
    assert len(answers) == 21
    assert answers[-1] == AnswerValue("tired", boolean=True)


@pytest.mark.parametrize(
    ("codes", "total", "words"),
    [([2] * 20, 41, "differs from the total of the answers"), ([2] * 19, 38, "cannot be recomputed")],
)
def test_another_total_is_told_and_ours_is_kept(form: Form, codes: list[int], total: int, words: str) -> None:
    problems, answers = check(form, response(codes, total))

    assert [(problem.severity, problem.code, problem.expression) for problem in problems] == [("warning", "value", "item[2]")]
    assert words in problems[0].sentence
    assert "qbpds-total" not in {answer.link for answer in answers}


def test_no_total_is_no_reason_for_words(form: Form) -> None:
    assert check(form, response([2] * 20, None))[0] == []


def test_it_is_said_what_recomputes_it(form: Form) -> None:
    said = {one.link: (one.checked, one.unchecked) for one in form.appraisals}

    assert said["qbpds-total"][0] == ("type integer", "readOnly", "total (recomputed by qbpds)")
    assert [note.part for note in said["qbpds-total"][1]] == []
