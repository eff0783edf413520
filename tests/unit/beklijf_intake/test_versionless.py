"""Answers to a Questionnaire without version: what becomes of them is arranged with each sender, and never silently the newest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from beklijf_intake import fhir, forms, front_door
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.questionnaire import compile_form
from beklijf_intake.domain.submission import AnswersStated
from tests.lib.hospital_forms import FILLED, WORK
from tests.lib.reading import context

AROUND = forms.surroundings([])


def read(canonical: str, arranged: str, versions: tuple[str, ...]) -> AnswersStated:
    known = {(WORK["url"], version): compile_form(WORK | {"version": version}, AROUND) for version in versions}
    resource: dict[str, Any] = FILLED["work"] | {"questionnaire": canonical}
    body = json.dumps(resource).encode()
    stated = fhir.read(front_door.parse(body), body, replace(context(), forms=known, unversioned=arranged))
    assert isinstance(stated, AnswersStated)
    return stated


@pytest.mark.parametrize(
    ("arranged", "versions", "version"),
    [("only-known", ("2.1",), "2.1"), ("2.1", ("2.1", "3.0"), "2.1"), ("3.0", ("2.1", "3.0"), "3.0")],
)
def test_the_arranged_version_is_taken_and_told(arranged: str, versions: tuple[str, ...], version: str) -> None:
    stated = read(WORK["url"], arranged, versions)

    assert stated.questionnaire_version == version
    (told,) = stated.received.warnings
    assert (told.severity, told.code, told.expression) == ("warning", "business-rule", "QuestionnaireResponse.questionnaire")
    assert f"read as {version}" in told.sentence


@pytest.mark.parametrize(
    ("canonical", "arranged", "versions", "code"),
    [
        (WORK["url"], "refuse", ("2.1",), "business-rule"),
        (WORK["url"], "only-known", ("2.1", "3.0"), "business-rule"),
        (WORK["url"], "4.0", ("2.1", "3.0"), "business-rule"),
        (WORK["url"] + "|", "only-known", ("2.1",), "business-rule"),
        (WORK["url"] + "|9", "only-known", ("2.1",), "business-rule"),
        (WORK["url"] + "|9", "2.1", ("2.1",), "business-rule"),
        (WORK["url"] + "#part", "only-known", ("2.1",), "not-supported"),
        (WORK["url"] + "|2.1#part", "only-known", ("2.1",), "not-supported"),
        ("#contained", "only-known", ("2.1",), "not-supported"),
        ("https://example.org/elsewhere", "only-known", ("2.1",), "not-found"),
    ],
)
def test_nothing_else_is_guessed(canonical: str, arranged: str, versions: tuple[str, ...], code: str) -> None:
    with pytest.raises(Refused) as refused:
        read(canonical, arranged, versions)

    assert [(problem.code, problem.expression) for problem in refused.value.problems] == [(code, "QuestionnaireResponse.questionnaire")]


def test_a_stated_version_needs_no_arrangement() -> None:
    assert read(WORK["url"] + "|2.1", "only-known", ("2.1",)).received.warnings == ()
