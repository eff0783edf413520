"""Consent: a refusal to be followed (`collect`) or to be used at all (`use`); everything else is kept without effect (M14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, cast

from beklijf_intake.domain.problem import broken_rule, warning
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.reading.elements import Problems, Resource, check_not_ahead, day_of, reference_to
from beklijf_intake.domain.submission import ConsentStated, Received, Reference

_ACTIONS = "http://terminology.hl7.org/CodeSystem/consentaction"
_NARROWING = ("period", "actor", "securityLabel", "purpose", "class", "code", "dataPeriod")
_REVOKED = ("inactive", "entered-in-error")

Refuses = Literal["collect", "use"] | None


def read(resource: Resource, received: Received, context: ReadingContext, problems: Problems) -> ConsentStated | None:
    """The refusal as stated; problems are added to the list, and the result counts only if none of them is an error."""
    status = resource["status"]
    if status not in ("active", *_REVOKED):
        problems.append(broken_rule("business-rule", "status", "Send a Consent once it is active, or inactive to revoke it."))
    patient = reference_to("Patient", resource.get("patient"), "patient", problems)
    text = resource.get("dateTime")
    if text is None:
        problems.append(broken_rule("required", "dateTime", "dateTime is required: the refusal holds from that day on."))
    since = day_of(text, "dateTime", context, problems) if text is not None else None
    check_not_ahead(since, "dateTime", context, problems)
    denials = [(where, rule) for where, rule in _rules(resource) if rule.get("type") == "deny"]
    if len(denials) > 1:
        problems.append(broken_rule("not-supported", "provision", "Give one refusal per Consent; send another Consent for the other one."))
    refuses, episode = _refusal(*denials[0], problems) if len(denials) == 1 else (None, None)
    if patient is None or since is None:
        return None
    return ConsentStated(received, patient, since, None if status in _REVOKED else refuses, episode)


def _rules(resource: Resource) -> Iterator[tuple[str, Resource]]:
    """The root rule and those right beneath it: R4 leaves the root's type open, and many systems put the rule beneath."""
    root = resource.get("provision")
    if root is not None:
        yield "provision", root
        for index, inner in enumerate(root.get("provision", ())):
            yield f"provision.provision[{index}]", inner


def _refusal(where: str, rule: Resource, problems: Problems) -> tuple[Refuses, Reference | None]:
    codes = {
        coding.get("code") for concept in rule.get("action", ()) for coding in concept.get("coding", ()) if coding.get("system") == _ACTIONS
    }
    refused = codes & {"collect", "use"}
    if not refused:
        sentence = f"Say what is refused: an action of system {_ACTIONS}, collect (no longer followed) or use (left out of every figure)."
        problems.append(broken_rule("code-invalid" if rule.get("action") else "required", f"{where}.action", sentence))
    ignored = [element for element in _NARROWING if element in rule]
    if ignored:
        problems.append(
            warning("not-supported", f"{where}.{ignored[0]}", "The refusal is applied whole: limits of it are kept, but not acted upon.")
        )
    refuses = "use" if "use" in refused else "collect" if refused else None
    return cast("Refuses", refuses), _episode(where, rule, problems)


def _episode(where: str, rule: Resource, problems: Problems) -> Reference | None:
    data = rule.get("data", ())
    if not data:
        return None
    if len(data) > 1:
        problems.append(
            broken_rule("not-supported", f"{where}.data", "Name one episode per Consent, or none for all episodes of the patient.")
        )
        return None
    return reference_to("EpisodeOfCare", data[0]["reference"], f"{where}.data[0].reference", problems)
