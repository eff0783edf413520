"""Elements that several resources share: the identifier, references, days. Each returns a value or adds a problem.

The resources were checked against base R4 before; what is read here is there with the right JSON type or not at all.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from beklijf_intake.domain.instants import AHEAD_LIMIT, instant, when
from beklijf_intake.domain.primitives import is_id
from beklijf_intake.domain.problem import Problem, broken_rule, malformed
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.reading.criteria import names_in
from beklijf_intake.domain.submission import Name, Reference

Resource = dict[str, Any]
Problems = list[Problem]

URA = "http://fhir.nl/fhir/NamingSystem/ura"
NAME_LIMIT_CHARACTERS = 200
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200  # beyond, a slip of the keyboard; calendars of windows also end somewhere
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", re.ASCII)
_LITERAL = re.compile(r"([A-Z][A-Za-z]{1,40})/([A-Za-z0-9\-.]{1,64})", re.ASCII)
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]{1,40})\?(.+)", re.DOTALL)


def name_of(resource: Resource, problems: Problems) -> Name | None:
    """The resource's one identifier, with system and value."""
    given = resource.get("identifier")
    several = given if isinstance(given, list) else [given] if given else []
    if len(several) != 1:
        sentence = "Give exactly one identifier, with system and value: it is the name by which the registry knows this again."
        problems.append(broken_rule("required" if not several else "business-rule", "identifier", sentence))
        return None
    return named(several[0], "identifier", problems)


def named(identifier: Resource, where: str, problems: Problems) -> Name | None:
    """System and value of one Identifier; both are needed, the system an absolute URI."""
    system, value = identifier.get("system"), identifier.get("value")
    if system is None or value is None:
        problems.append(broken_rule("required", where, "An identifier needs both a system and a value."))
    elif not _ABSOLUTE.fullmatch(system):
        problems.append(
            broken_rule("value", f"{where}.system", "The system of an identifier must be an absolute URI, like https://... or urn:oid:...")
        )
    elif len(system) > NAME_LIMIT_CHARACTERS or len(value) > NAME_LIMIT_CHARACTERS:
        problems.append(broken_rule("too-long", where, f"System and value may have {NAME_LIMIT_CHARACTERS} characters each."))
    else:
        return Name(system, value)
    return None


def reference_to(kind: str, given: Resource | None, where: str, problems: Problems) -> Reference | None:
    """A reference to a resource of that type: by identifier (which wins if both are given), or by the id it has here."""
    if given is None or not given.keys() & {"identifier", "reference"}:
        problems.append(
            broken_rule("required", where, f'Refer to the {kind} by identifier: {{"identifier": {{"system": ..., "value": ...}}}}.')
        )
        return None
    if given.get("type", kind) != kind:
        problems.append(broken_rule("value", f"{where}.type", f"This must refer to a {kind}."))
        return None
    if kind == "Patient" and "display" in given:
        problems.append(broken_rule("business-rule", f"{where}.display", "Leave the display of a patient out: it usually holds a name."))
        return None
    if "identifier" in given:
        name = named(given["identifier"], f"{where}.identifier", problems)
        return Reference(name=name) if name else None
    return _literal(kind, given["reference"], problems, f"{where}.reference")


def _literal(kind: str, text: str, problems: Problems, where: str) -> Reference | None:
    instead = f"Refer to the {kind} by identifier instead."
    if found := _LITERAL.fullmatch(text):
        if found[1] == kind and is_id(found[2]) and set(found[2]) != {"."}:
            return Reference(resource_id=found[2], where=where)
        problems.append(broken_rule("value", where, f"This must refer to a {kind}, as {kind}/<id>."))
    elif found := _CONDITIONAL.fullmatch(text):
        return _conditional(kind, found, problems, where)
    elif text.startswith("#"):
        problems.append(broken_rule("not-supported", where, f"References to contained resources are not followed. {instead}"))
    elif text.startswith(("urn:uuid:", "urn:oid:")):
        problems.append(broken_rule("not-found", where, f"This names no entry of the same Bundle. {instead}"))
    elif _ABSOLUTE.fullmatch(text):
        problems.append(broken_rule("not-supported", where, f"References to other servers are never followed. {instead}"))
    else:
        problems.append(malformed("value", where, f"This is no reference: write {kind}/<id>. {instead}"))
    return None


def _conditional(kind: str, found: re.Match[str], problems: Problems, where: str) -> Reference | None:
    """A reference by search: one identifier names the resource, whether it is here already or comes later."""
    names = names_in(found[2])
    if found[1] != kind:
        problems.append(broken_rule("value", where, f"This must refer to a {kind}."))
    elif names is None or len(names) != 1:
        problems.append(broken_rule("not-supported", where, f"Refer by search as {kind}?identifier=<system>|<value>, and no other way."))
    else:
        return Reference(name=names[0])
    return None


def day_of(text: str, where: str, context: ReadingContext, problems: Problems) -> date | None:
    """The day of a dateTime in the registry's zone (M2); a year or month alone is no day."""
    found = when(text)
    day = found.day_in(context.zone) if found else None
    if day is not None and not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        problems.append(broken_rule("business-rule", where, f"The year must lie between {EARLIEST_YEAR} and {LATEST_YEAR}."))
    if day is None:
        problems.append(
            broken_rule("value", where, "Give the whole day (YYYY-MM-DD), or date and time with offset; a year or month is not enough.")
        )
    return day


def check_not_ahead(day: date | None, where: str, context: ReadingContext, problems: Problems) -> None:
    """A day that has not come yet is refused."""
    if day is not None and day > (context.now + AHEAD_LIMIT).astimezone(context.zone).date():
        problems.append(broken_rule("business-rule", where, "This day lies in the future."))


def stated_at(resource: Resource, context: ReadingContext, problems: Problems) -> datetime | None:
    """The sender's meta.lastUpdated, which orders versions (M14); more than five minutes ahead is refused where it does.

    Answers are ordered by `authored` (M11), so there it is only noted.
    """
    text = resource.get("meta", {}).get("lastUpdated")
    found = instant(text) if text is not None else None
    if found is not None and resource["resourceType"] != "QuestionnaireResponse" and found > context.now + AHEAD_LIMIT:
        sentence = "meta.lastUpdated lies more than five minutes in the future. It orders the versions, so it must be right."
        problems.append(broken_rule("business-rule", "meta.lastUpdated", sentence))
    return found


def check_organisation(resource: Resource, context: ReadingContext, problems: Problems) -> None:
    """managingOrganization, where given, is the sender itself, by URA: the organisation never comes from the body."""
    given = resource.get("managingOrganization")
    if given is None:
        return
    identifier = given.get("identifier", {})
    if identifier.get("system") != URA or identifier.get("value") != context.organisation:
        sentence = f"managingOrganization must be the sender itself, by its URA ({URA}), or be left out."
        problems.append(broken_rule("business-rule", "managingOrganization", sentence))
