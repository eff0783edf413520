"""The compiled check and the plain one say the same of any answer to any Questionnaire."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from beklijf_intake import forms
from beklijf_intake.domain.answers import check
from beklijf_intake.domain.questionnaire import compile_form
from tests.lib import plain_check
from tests.lib.hospital_forms import FILLED, FORMS
from tests.lib.random_forms import RandomForm, altered

AROUND = forms.surroundings([])
OFTEN = settings(max_examples=1_000, deadline=None)
MANY = settings(max_examples=300, deadline=None)


def exact(value: Any) -> Any:
    """As the front door reads it: decimals with the digits that were sent."""
    return json.loads(json.dumps(value), parse_float=Decimal)


def compiled_check(questionnaire: dict[str, Any], response: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    problems, _ = check(compile_form(questionnaire, AROUND), response)
    return sorted((problem.severity, problem.code, problem.expression) for problem in problems)


@OFTEN
@given(st.integers(0, 2**32))
def test_random_forms_and_answers(seed: int) -> None:
    made = RandomForm(Random(seed))
    questionnaire = exact(made.questionnaire)
    response = exact(made.response())

    found = compiled_check(questionnaire, response)

    event("accepted" if not any(severity == "error" for severity, _, _ in found) else "refused")
    assert found == plain_check.check(questionnaire, response)


@MANY
@given(st.sampled_from(sorted(set(FORMS) - {"large"})), st.integers(0, 2**32))
def test_hospital_forms_with_altered_answers(name: str, seed: int) -> None:
    questionnaire = exact(FORMS[name])
    response = exact(altered(deepcopy(FILLED[name]), Random(seed)))

    assert compiled_check(questionnaire, response) == plain_check.check(questionnaire, response)
