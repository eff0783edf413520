"""Problems as an OperationOutcome: errors first, a bounded number, valid FHIR."""

from __future__ import annotations

from fhir.resources.R4B.operationoutcome import OperationOutcome

from beklijf_intake.domain.problem import Problem, Refused, broken_rule, joined, malformed, status_of, warning
from beklijf_intake.outcome import operation_outcome


def test_an_issue_has_code_place_and_sentence() -> None:
    outcome = operation_outcome([malformed("value", "Patient.birthDate", "Mend it.")])

    assert outcome == {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "value", "diagnostics": "Mend it.", "expression": ["Patient.birthDate"]}],
    }
    OperationOutcome.model_validate(outcome)


def test_errors_come_before_warnings() -> None:
    outcome = operation_outcome(
        [warning("value", None, "w"), Problem("fatal", "structure", None, "f", 400), broken_rule("required", None, "e")]
    )

    assert [issue["severity"] for issue in outcome["issue"]] == ["fatal", "error", "warning"]


def test_beyond_fifty_the_last_says_how_many_more() -> None:
    outcome = operation_outcome([broken_rule("value", f"a[{number}]", "x") for number in range(60)])

    assert len(outcome["issue"]) == 50
    assert outcome["issue"][48]["expression"] == ["a[48]"]
    assert outcome["issue"][49]["diagnostics"] == "And 11 more. Mend these first, then send again."


def test_nothing_wrong_is_said_too() -> None:
    outcome = operation_outcome([])

    assert outcome["issue"][0]["severity"] == "information"
    OperationOutcome.model_validate(outcome)


def test_one_status_answers_for_all() -> None:
    rule, shape = broken_rule("value", None, ""), malformed("value", None, "")

    assert status_of([rule, shape]) == 400
    assert status_of([rule, warning("value", None, "")]) == 422
    assert status_of([warning("value", None, "")]) == 200
    assert Refused([shape, Problem("error", "too-long", None, "", 413)]).status == 413
    assert status_of([Problem("error", "timeout", None, "", 408)]) == 408


def test_expressions_are_put_together() -> None:
    assert [joined("a", "b"), joined("a", "[0]"), joined("a", None), joined("", "b")] == ["a.b", "a[0]", "a", "b"]
    assert broken_rule("value", "value", "x").below("answer[0]").below("item[2]").expression == "item[2].answer[0].value"
