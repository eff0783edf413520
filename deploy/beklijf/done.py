"""Whether everything that was accepted has reached the pages: a fact read from the processes, not a sleep.

Done = nothing unsent, applied at least acknowledged on every edge of the table of topics, all for the broker's present
incarnation, and the publisher settled (design, section 3.5). The reports must have been read in the order of the flow: what a
consumer has applied is in its service's database together with what follows from it, so whoever is asked later knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from beklijf_shared.topics import TOPICS, Topic

Offsets = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Report:
    """What one process says on `/progress`; `error` when it could not be asked."""

    name: str
    service: str
    incarnation: str | None = None
    unsent: int | None = None
    acknowledged: Offsets = field(default_factory=dict)
    applied: Offsets = field(default_factory=dict)
    settled: bool | None = None
    waiting_for: tuple[str, ...] = ()
    error: str | None = None
    importing: int = 0
    """Files of archives that were taken and are not stored yet."""


def report_of(name: str, service: str, body: Mapping[str, Any]) -> Report:
    """A report from the JSON of `/progress`; fields that a process does not have stay empty."""
    return Report(
        name=name,
        service=service,
        incarnation=body.get("incarnation"),
        unsent=body.get("unsent"),
        acknowledged=body.get("acknowledged") or {},
        applied=body.get("applied") or {},
        settled=body.get("settled"),
        importing=body.get("importing") or 0,
        waiting_for=tuple(body.get("waiting_for") or ()),
        error=body.get("error"),
    )


def missing(reports: Sequence[Report], incarnation: str | None, topics: Sequence[Topic] = TOPICS) -> list[str]:
    """What is not done yet, in sentences; empty when all is done. `incarnation` is the broker's own, read after the reports."""
    if incarnation is None:
        return ["the broker has not been marked by a relay yet"]
    reasons = [reason for report in reports for reason in _of_process(report, incarnation)]
    return reasons + [reason for topic in topics for receiver in topic.receivers for reason in _of_edge(topic, receiver, reports)]


def _of_process(report: Report, incarnation: str) -> list[str]:
    if report.error is not None:
        return [f"{report.name} does not answer ({report.error})"]
    reasons = [f"{report.name} waits for {what}" for what in report.waiting_for]
    if _meets_the_broker(report) and report.incarnation != incarnation:
        reasons.append(f"{report.name} has not met the present broker")
    if report.importing:
        reasons.append(f"{report.name} has {report.importing} files to take in")
    if report.unsent:
        reasons.append(f"{report.service} has {report.unsent} events to send")
    if report.settled is False:
        reasons.append(f"{report.name} has a snapshot to publish")
    return reasons


def _meets_the_broker(report: Report) -> bool:
    return report.name.endswith(("-relay", "-consumer"))


def _of_edge(topic: Topic, receiver: str, reports: Sequence[Report]) -> list[str]:
    """One edge of the flow: the sender's acknowledged offsets against the receiver's applied ones."""
    acknowledged = _offsets(reports, topic.sender, "acknowledged", topic.name)
    applied = _offsets(reports, receiver, "applied", topic.name)
    behind = sum(max(0, offset - applied.get(partition, 0)) for partition, offset in acknowledged.items())
    return [f"{receiver} has {behind} events of {topic.name} to apply"] if behind else []


def _offsets(reports: Sequence[Report], service: str, direction: str, topic: str) -> dict[str, int]:
    """The greatest offset per partition that any process of the service reports: all read the same database, one after the other."""
    greatest: dict[str, int] = {}
    for report in reports:
        if report.service == service:
            for partition, offset in getattr(report, direction).get(topic, {}).items():
                greatest[partition] = max(greatest.get(partition, 0), offset)
    return greatest
