"""Scoring an answer without storing it: an integrator tries what a QuestionnaireResponse would be worth.

Only what scoring looks at is read here; whether the form is whole and well-formed is intake's to say (`$validate`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from beklijf_domain.score import AnswerOutside, scorer
from beklijf_scoring.telling import result_of
from beklijf_shared.contracts import Contracts
from beklijf_shared.events import Answer, Result

DEPTH_MAXIMUM = 20


class Untried(Exception):
    """An answer that cannot be scored as it is; `code` is an R4 issue code, `expression` where it is, the message one sentence."""

    def __init__(self, code: str, expression: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.expression = code, expression


class Coding(msgspec.Struct, frozen=True):
    """Of a coding: its code."""

    code: str | None = None


class GivenAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """One answer: its value, and the items beneath it."""

    value_integer: int | None = None
    value_coding: Coding | None = None
    item: list[GivenItem] = []


class GivenItem(msgspec.Struct, frozen=True, rename="camel"):
    """One item: its answers, or the items of a group."""

    link_id: str
    answer: list[GivenAnswer] = []
    item: list[GivenItem] = []


class Form(msgspec.Struct, frozen=True, rename="camel"):
    """Of a QuestionnaireResponse: what scoring looks at."""

    resource_type: str
    questionnaire: str
    item: list[GivenItem] = []


class Tried(msgspec.Struct, frozen=True):
    """What the answer would be worth, and by what."""

    instrument: str
    instrument_version: str
    scorable: bool
    reason: str | None
    results: tuple[Result, ...]


_FORM = msgspec.json.Decoder(Form)


def score(body: bytes, contracts: Contracts) -> Tried:
    """The score of a QuestionnaireResponse (FHIR R4 JSON). Raises Untried."""
    try:
        form = _FORM.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise Untried("structure", "QuestionnaireResponse", "Send one QuestionnaireResponse as FHIR R4 JSON, with questionnaire.") from None
    if form.resource_type != "QuestionnaireResponse":
        raise Untried("structure", "resourceType", "Only a QuestionnaireResponse can be scored.")
    url, _, version = form.questionnaire.partition("|")
    instrument = contracts.instrument_of(url, version)
    if instrument is None:
        raise Untried("not-found", "QuestionnaireResponse.questionnaire", "No instrument here scores this Questionnaire and version.")
    links = {item.link for item in instrument.items}
    try:
        found = scorer(instrument)([answer for answer in _answers(form.item, 0) if answer.link in links])
    except AnswerOutside:
        raise Untried("value", "QuestionnaireResponse.item", "An answer is given twice, or is none that the instrument knows.") from None
    return Tried(instrument.code, instrument.version, found.scorable, found.reason, tuple(result_of(value) for value in found.values))


def _answers(items: list[GivenItem], depth: int) -> list[Answer]:
    """All answers of the form, in order, wherever they stand."""
    if depth > DEPTH_MAXIMUM:
        raise Untried("too-costly", "QuestionnaireResponse.item", f"Items are nested deeper than {DEPTH_MAXIMUM} levels.")
    found = []
    for item in items:
        for given in item.answer:
            code = given.value_coding.code if given.value_coding else None
            if code is not None or given.value_integer is not None:
                found.append(Answer(link=item.link_id, integer=given.value_integer, code=code))
            found += _answers(given.item, depth + 1)
        found += _answers(item.item, depth + 1)
    return found


def outcome(problem: Untried) -> dict[str, Any]:
    """The problem as an OperationOutcome."""
    issue = {"severity": "error", "code": problem.code, "diagnostics": str(problem), "expression": [problem.expression]}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
