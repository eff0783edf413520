"""Every bad body of the corpus gets its refusal from reading alone, without HTTP; its odd but legitimate neighbours none."""

from __future__ import annotations

import json

import pytest

from beklijf_intake import bundle, fhir, front_door
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.outcome import operation_outcome
from tests.lib.bad_input import BAD_INPUT, TOLERATED, BadInput
from tests.lib.reading import context

BODIES = [case for case in BAD_INPUT if case.about != "http"]


def refusal(case: BadInput) -> Refused:
    try:
        if case.path == "/fhir":
            resource = front_door.parse(case.body, limit=front_door.BUNDLE_LIMIT_BYTES)
            entries = bundle.read_bundle(resource, case.body, context())
            problems: list[Problem] = [problem for entry in entries for problem in entry.problems]
            return Refused(problems)
        resource = front_door.parse(case.body, limit=front_door.BUNDLE_LIMIT_BYTES)
        fhir.read(resource, case.body, context(), type=case.path.rsplit("/", 1)[1])
    except Refused as refused:
        return refused
    pytest.fail("accepted")


def test_the_corpus_is_as_large_as_promised() -> None:
    identifiers = [case.id for case in BAD_INPUT]

    assert len({identifier.split("-")[0] for identifier in identifiers}) >= 60
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.id)
def test_bad_input_is_refused_with_status_code_and_place(case: BadInput) -> None:
    refused = refusal(case)

    assert refused.status == case.status
    assert case.code in {problem.code for problem in refused.problems}
    if case.expression is not None:
        assert case.expression in {problem.expression for problem in refused.problems if problem.code == case.code}


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.id)
def test_an_outcome_never_repeats_what_was_sent(case: BadInput) -> None:
    outcome = json.dumps(operation_outcome(refusal(case).problems))

    for secret in ("111222333", "123456789", "Jansen", "0612", "javascript", "passwd", "example.org/fhir"):
        assert secret not in outcome


@pytest.mark.parametrize("name", TOLERATED)
def test_odd_but_legitimate_input_is_accepted(name: str) -> None:
    body = TOLERATED[name]

    submission = fhir.read(front_door.parse(body), body, context())

    assert submission.received.body == body
