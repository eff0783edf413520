"""The receipt of a push: what intake's answers mean, resource by resource, however many travelled together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

CHANGES = frozenset({"created", "updated", "outranked"})
"""What intake calls an answer that made it store something; a repeat without effect is `repeated` or `ignored`."""
ENTRY_OUTCOME = "/StructureDefinition/entry-outcome"
"""How the extension's address ends by which intake says the same of an entry of a Bundle; what comes before is the registry's own."""
_ENTRY = re.compile(r"Bundle\.entry\[\d+\]\.resource")


class PushFailedError(Exception):
    """Intake could not be reached, or did not take a resource for reasons that are not the resource's."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A resource that was not accepted: where it stands, the status, and what intake says about it."""

    place: str
    status: int
    issues: tuple[str, ...]


@dataclass(slots=True)
class Receipt:
    """What came of it: sent = accepted + duplicate + refused. Not answered means that the push has failed."""

    sent: int = 0
    accepted: int = 0
    duplicate: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many were refused; each is listed."""
        return len(self.refusals)

    def add(self, other: Receipt) -> None:
        """Add what another part of the push counted."""
        self.sent += other.sent
        self.accepted += other.accepted
        self.duplicate += other.duplicate
        self.refusals.extend(other.refusals)


def of_answer(place: str, kind: str, response: httpx.Response) -> Receipt:
    """What one answer to what stands in a file means; the answer to a Bundle counts once per entry."""
    body = json_of(response)
    if kind == "Bundle" and is_bundle(response, body):
        total = Receipt()
        for number, (status, outcome, changed) in enumerate(_entries(body)):
            total.add(_one(f"{place} entry {number}", status, outcome, changed=changed))
        return total
    check_answered(place, response)
    return _one(place, response.status_code, body, changed=response.headers.get("Beklijf-Outcome") in CHANGES)


def of_batch(places: Sequence[tuple[str, str]], response: httpx.Response) -> list[Receipt] | None:
    """What the answer to a Bundle of ours means for each (place, type) in it; None when the Bundle was refused as a whole."""
    body = json_of(response)
    if not is_bundle(response, body):
        check_answered(places[0][0], response)
        return None
    answers = list(_entries(body))
    if len(answers) != len(places):
        raise PushFailedError(f"{places[0][0]}: intake answered {len(answers)} of {len(places)} entries")
    return [
        _one(place, status, outcome, changed=changed, kind=kind)
        for (place, kind), (status, outcome, changed) in zip(places, answers, strict=True)
    ]


def is_bundle(response: httpx.Response, body: dict[str, Any]) -> bool:
    """Whether this answers a Bundle entry by entry."""
    return response.status_code == 200 and body.get("resourceType") == "Bundle"


def check_answered(place: str, response: httpx.Response) -> None:
    """Raises PushFailedError when the answer is about the sender or the server, not about what was sent."""
    if response.status_code >= 500 or response.status_code in {401, 403, 404}:
        said = "; ".join(issues_of(json_of(response))) or response.text[:200]
        raise PushFailedError(f"{place}: intake answered {response.status_code}: {said}")


def _entries(body: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any], bool]]:
    """Status, outcome and whether something was stored, of each entry."""
    for entry in body.get("entry") or ():
        answer = entry.get("response") or {}
        said = {one.get("valueCode") for one in answer.get("extension") or () if str(one.get("url", "")).endswith(ENTRY_OUTCOME)}
        yield int(str(answer.get("status", "0"))[:3]), answer.get("outcome") or {}, bool(said & CHANGES)


def _one(place: str, status: int, body: dict[str, Any], *, changed: bool = False, kind: str | None = None) -> Receipt:
    """201 is new; 200 is an update when intake says so, otherwise something that it knew."""
    if status == 201 or (status == 200 and changed):
        return Receipt(1, accepted=1)
    if 200 <= status < 300:
        return Receipt(1, duplicate=1)
    issues = issues_of(body)
    return Receipt(1, refusals=[Refusal(place, status, tuple(_ENTRY.sub(kind, issue) if kind else issue for issue in issues))])


def issues_of(body: dict[str, Any]) -> list[str]:
    """The issues of an OperationOutcome, each with the element that it is about."""
    issues = body.get("issue") if body.get("resourceType") == "OperationOutcome" else None
    return [_issue(issue) for issue in issues or ()]


def _issue(issue: dict[str, Any]) -> str:
    where = ", ".join(issue.get("expression") or ())
    text = issue.get("diagnostics") or (issue.get("details") or {}).get("text") or issue.get("code") or "no reason given"
    return f"{where}: {text}" if where else str(text)


def json_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object that an answer carries; empty where it carries none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
