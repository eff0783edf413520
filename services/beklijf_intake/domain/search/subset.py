"""Which elements of a resource are shown: `_summary` and `_elements` (FHIR R4 search, 3.1.1.5.8 and 3.1.1.5.9).

What R4 makes mandatory is always there, or the resource would be none; whoever gets less than all is told by the tag SUBSETTED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beklijf_intake.domain.search.query import Summary

SUBSETTED: Mapping[str, str] = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
ALWAYS = frozenset({"resourceType", "id", "meta"})
MANDATORY: Mapping[str, frozenset[str]] = {
    "QuestionnaireResponse": frozenset({"status"}),
    "Patient": frozenset(),
    "EpisodeOfCare": frozenset({"status", "patient"}),
    "Consent": frozenset({"status", "scope", "category"}),
}
SUMMARY: Mapping[str, frozenset[str]] = {
    "QuestionnaireResponse": frozenset(
        {"identifier", "basedOn", "partOf", "questionnaire", "status", "subject", "encounter", "authored", "author", "source"}
    ),
    "Patient": frozenset(
        {"identifier", "active", "name", "telecom", "gender", "birthDate", "deceased", "address", "managingOrganization", "link"}
    ),
    "EpisodeOfCare": frozenset({"status", "type", "diagnosis", "patient", "managingOrganization", "period"}),
    "Consent": frozenset(
        {
            "identifier", "status", "scope", "category", "patient", "dateTime", "performer", "organization", "source", "policyRule",
            "verification", "provision",
        }
    ),
}  # fmt: skip
"""The elements that R4 marks with a sigma, besides `id`, `meta` and `implicitRules`."""
CHOICES: Mapping[str, tuple[str, ...]] = {"Patient": ("deceased", "multipleBirth"), "Consent": ("source",)}

Kept = Callable[[str], bool]


def kept(type_: str, summary: Summary, elements: tuple[str, ...]) -> Kept | None:
    """Tells of a JSON property whether it stays; None where all of them do."""
    if summary == "data":
        return lambda name: name.removeprefix("_") != "text"
    if summary == "true":
        wanted = SUMMARY[type_] | {"implicitRules"}
    elif summary == "text":
        wanted = frozenset({"text"})
    elif elements:
        wanted = frozenset(elements)
    else:
        return None
    stays = wanted | MANDATORY[type_] | ALWAYS
    choices = tuple(choice for choice in CHOICES.get(type_, ()) if choice in wanted)

    def keeps(name: str) -> bool:
        plain = name.removeprefix("_")
        return plain in stays or any(plain.startswith(choice) and plain[len(choice) :][:1].isupper() for choice in choices)

    return keeps
