"""One thing wrong with what a hospital sent, said so that the person who must mend it knows where and how.

A sentence never repeats a value that was sent: what is refused may be the very thing that must not be kept or logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["fatal", "error", "warning", "information"]

# The codes of FHIR R4 (http://hl7.org/fhir/issue-type); later versions have more, R4 clients do not know those.
IssueCode = Literal[
    "invalid", "structure", "required", "value", "invariant",
    "security", "login", "unknown", "expired", "forbidden", "suppressed",
    "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long",
    "code-invalid", "extension", "too-costly", "business-rule", "conflict",
    "transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled", "informational",
]  # fmt: skip

# Which of several statuses answers for all: what stops reading (size, media type) before what is malformed before what breaks a rule.
_STATUS_ORDER = (413, 414, 415, 406, 405, 400, 401, 403, 404, 410, 409, 412, 422, 429)


@dataclass(frozen=True, slots=True)
class Problem:
    """One issue: `expression` is FHIRPath ("Patient.birthDate") or None where there is no element; `status` is HTTP's."""

    severity: Severity
    code: IssueCode
    expression: str | None
    sentence: str
    status: int

    def below(self, prefix: str) -> Problem:
        """The same problem seen from an enclosing element: `answer[0].value` below `item[2]` is `item[2].answer[0].value`."""
        return replace(self, expression=joined(prefix, self.expression))


class Refused(Exception):
    """What was sent is not accepted; carries every problem found, at least one of them an error."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"refused with {len(problems)} problem(s)")
        self.problems = tuple(problems)

    @property
    def status(self) -> int:
        """The HTTP status that answers for all problems together."""
        return status_of(self.problems)


def status_of(problems: Sequence[Problem]) -> int:
    """HTTP status for several problems: 400 (cannot be read, or no R4) wins over 422 (breaks a rule); 200 if none is an error."""
    found = {problem.status for problem in problems if problem.severity in ("fatal", "error")}
    if not found:
        return 200
    return next((status for status in _STATUS_ORDER if status in found), max(found))


def malformed(code: IssueCode, expression: str | None, sentence: str) -> Problem:
    """Base FHIR R4 does not allow it: HTTP 400."""
    return Problem("error", code, expression, sentence, 400)


def broken_rule(code: IssueCode, expression: str | None, sentence: str) -> Problem:
    """Well-formed FHIR, but against the Questionnaire or a rule of the registry: HTTP 422."""
    return Problem("error", code, expression, sentence, 422)


def warning(code: IssueCode, expression: str | None, sentence: str) -> Problem:
    """Accepted nevertheless; the sender is told."""
    return Problem("warning", code, expression, sentence, 200)


def joined(prefix: str, expression: str | None) -> str:
    """Two parts of a FHIRPath expression put together: `a` and `b` is `a.b`, `a` and `[0]` is `a[0]`."""
    if not expression:
        return prefix
    if not prefix or expression.startswith("["):
        return prefix + expression
    return f"{prefix}.{expression}"
