"""EpisodeOfCare: one treatment episode; its period starts at t0 (design, section 3b; M14, M15)."""

from __future__ import annotations

from datetime import date

from beklijf_intake.domain.problem import broken_rule, malformed
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.reading.elements import Problems, Resource, check_organisation, day_of, reference_to
from beklijf_intake.domain.submission import EpisodeStated, Received


def read(resource: Resource, received: Received, context: ReadingContext, problems: Problems) -> EpisodeStated | None:
    """The episode as stated; problems are added to the list, and the result counts only if there are none."""
    status = resource["status"]
    if status in ("planned", "waitlist"):
        problems.append(
            broken_rule("business-rule", "status", "Send an episode once treatment has begun; planned and waiting ones are not registered.")
        )
    check_organisation(resource, context, problems)
    patient = reference_to("Patient", resource["patient"], "patient", problems)
    programme = _programme(resource, context, problems)
    t0 = _t0(resource, context, problems)
    ended = _ended(resource, t0, context, problems)
    if patient is None or programme is None or t0 is None or problems:
        return None
    return EpisodeStated(received, patient, programme, status, t0, ended)


def _programme(resource: Resource, context: ReadingContext, problems: Problems) -> str | None:
    system = f"{context.base}/CodeSystem/programme"
    codings = [
        (f"type[{i}].coding[{j}]", coding)
        for i, concept in enumerate(resource.get("type", ()))
        for j, coding in enumerate(concept.get("coding", ()))
        if coding.get("system") == system
    ]
    if len(codings) != 1 or "code" not in codings[0][1]:
        problems.append(
            broken_rule("required" if not codings else "business-rule", "type", f"Give one programme: a coding of system {system}.")
        )
        return None
    where, coding = codings[0]
    if coding["code"] not in context.programmes:
        known = ", ".join(sorted(context.programmes)) or "none"
        problems.append(broken_rule("code-invalid", f"{where}.code", f"This programme is not registered here. Known: {known}."))
        return None
    return str(coding["code"])


def _t0(resource: Resource, context: ReadingContext, problems: Problems) -> date | None:
    start = resource.get("period", {}).get("start")
    if start is None:
        problems.append(
            broken_rule("required", "period.start", "period.start is required: it is the date of t0, from which every moment is counted.")
        )
        return None
    return day_of(start, "period.start", context, problems)


def _ended(resource: Resource, t0: date | None, context: ReadingContext, problems: Problems) -> date | None:
    end = resource.get("period", {}).get("end")
    if end is None:
        return None
    ended = day_of(end, "period.end", context, problems)
    if t0 is not None and ended is not None and ended < t0:
        problems.append(malformed("invariant", "period", "The end of the period lies before its start (per-1)."))
    return ended
