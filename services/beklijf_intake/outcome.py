"""Problems as the OperationOutcome that the sender gets: code, FHIRPath expression and a helpful sentence per issue.

Nothing that was sent is repeated here, so an outcome may be logged and mailed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from beklijf_intake.domain.problem import Problem

ISSUES_LIMIT = 50
_RANK = {"fatal": 0, "error": 1, "warning": 2, "information": 3}


def operation_outcome(problems: Sequence[Problem], *, limit: int = ISSUES_LIMIT) -> dict[str, Any]:
    """FHIR R4 OperationOutcome: errors first; beyond `limit` issues the last one says how many more there are."""
    ordered = sorted(problems, key=lambda problem: _RANK[problem.severity])
    issues = [_issue(problem) for problem in ordered[:limit]]
    if len(ordered) > limit:
        more = len(ordered) - limit + 1
        sentence = f"And {more} more. Mend these first, then send again."
        issues[-1] = {"severity": ordered[limit - 1].severity, "code": "processing", "diagnostics": sentence}
    if not issues:
        issues = [{"severity": "information", "code": "informational", "diagnostics": "No problems were found."}]
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(problem: Problem) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": problem.severity, "code": problem.code, "diagnostics": problem.sentence}
    if problem.expression:
        issue["expression"] = [problem.expression]
    return issue
