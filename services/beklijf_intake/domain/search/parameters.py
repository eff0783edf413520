"""What can be searched for: the one table that the search, its refusals and the CapabilityStatement are made from (FHIR R4).

A parameter that is not here does not exist; one that is here is routed, indexed and stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from beklijf_intake.domain.submission import ResourceType

Kind = Literal["token", "reference", "date", "uri", "string"]
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
"""Of dates; R4 search, 3.1.1.4.5."""
COUNT_USUAL, COUNT_MAXIMUM = 50, 500


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one resource type. `modifiers` are all that it may carry; `targets`: what a reference may point to."""

    name: str
    kind: Kind
    definition: str
    says: str
    modifiers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


def _r4(code: str) -> str:
    return f"http://hl7.org/fhir/SearchParameter/{code}"


_PATIENT = "the patient: Patient/<id>, or with :identifier the pseudonym as <system>|<value>"
_NAME = "the sender's identifier: <system>|<value>, <value> of any system, or <system>| for any value"
_STATUS = "one status, or several with commas between"
_ORGANISATION = "the organisation, with :identifier by its URA; whatever the sender sees is its own organisation's"
_ID = Parameter("_id", "token", _r4("Resource-id"), "the id that the registry gave")
_LAST_UPDATED = Parameter("_lastUpdated", "date", _r4("Resource-lastUpdated"), "when the registry received the current version")
_REFERENCE = ("identifier", "Patient")

PARAMETERS: Mapping[ResourceType, tuple[Parameter, ...]] = {
    "QuestionnaireResponse": (
        _ID,
        _LAST_UPDATED,
        Parameter("identifier", "token", _r4("QuestionnaireResponse-identifier"), _NAME),
        Parameter("patient", "reference", _r4("QuestionnaireResponse-patient"), _PATIENT, _REFERENCE, ("Patient",)),
        Parameter("subject", "reference", _r4("QuestionnaireResponse-subject"), _PATIENT, _REFERENCE, ("Patient",)),
        Parameter(
            "questionnaire",
            "reference",
            _r4("QuestionnaireResponse-questionnaire"),
            "the canonical address of the Questionnaire: <address>|<version>, or <address> for all its versions",
            (),
            ("Questionnaire",),
        ),
        Parameter("status", "token", _r4("QuestionnaireResponse-status"), _STATUS),
        Parameter("authored", "date", _r4("QuestionnaireResponse-authored"), "when the answers were given or last changed"),
    ),
    "Patient": (
        _ID,
        _LAST_UPDATED,
        Parameter("identifier", "token", _r4("Patient-identifier"), _NAME),
        Parameter("organization", "reference", _r4("Patient-organization"), _ORGANISATION, ("identifier",), ("Organization",)),
    ),
    "EpisodeOfCare": (
        _ID,
        _LAST_UPDATED,
        Parameter("identifier", "token", _r4("clinical-identifier"), _NAME),
        Parameter("patient", "reference", _r4("clinical-patient"), _PATIENT, _REFERENCE, ("Patient",)),
        Parameter("type", "token", _r4("clinical-type"), "a coding of type: the programme, as <system>|<code> or <code>"),
        Parameter("status", "token", _r4("EpisodeOfCare-status"), _STATUS),
        Parameter("date", "date", _r4("clinical-date"), "the period, from t0 to the end of treatment"),
        Parameter("organization", "reference", _r4("EpisodeOfCare-organization"), _ORGANISATION, ("identifier",), ("Organization",)),
    ),
    "Consent": (
        _ID,
        _LAST_UPDATED,
        Parameter("identifier", "token", _r4("clinical-identifier"), _NAME),
        Parameter("patient", "reference", _r4("clinical-patient"), _PATIENT, _REFERENCE, ("Patient",)),
        Parameter("status", "token", _r4("Consent-status"), _STATUS),
        Parameter("date", "date", _r4("clinical-date"), "dateTime: since when the refusal holds"),
    ),
}

INCLUDES: Mapping[ResourceType, tuple[str, ...]] = {
    "QuestionnaireResponse": ("QuestionnaireResponse:subject", "QuestionnaireResponse:patient"),
    "Patient": (),
    "EpisodeOfCare": ("EpisodeOfCare:patient",),
    "Consent": ("Consent:patient",),
}
"""`_include`: all of them bring the Patient, where it was received (a pseudonym alone is no resource)."""

SORTS: Mapping[ResourceType, tuple[str, ...]] = {
    "QuestionnaireResponse": ("_lastUpdated", "_id", "authored"),
    "Patient": ("_lastUpdated", "_id"),
    "EpisodeOfCare": ("_lastUpdated", "_id", "date"),
    "Consent": ("_lastUpdated", "_id", "date"),
}
"""`_sort`: one of these, with a minus sign for descending. The first is the order where none is asked for."""

NAMED_QUERIES: Mapping[ResourceType, Mapping[str, str]] = {
    "QuestionnaireResponse": {"waiting": "answers that state an episode of care which has not been received (M7)"},
}
"""`_query`: searches by name, which parameters narrow further."""

RESULT_PARAMETERS: Mapping[str, str] = {
    "_sort": "the order: one parameter, with a minus sign for descending",
    "_count": f"resources to a page: {COUNT_USUAL} where not said, at most {COUNT_MAXIMUM}, 0 for none (only the number)",
    "_total": "none (usual), estimate or accurate",
    "_summary": "true, text, data, count or false",
    "_elements": "top-level elements, with commas between",
    "_include": "the Patient as well",
    "_query": "a search by name",
}
"""What shapes the result; `_cursor` is ours, and stands in `next` links only."""

HISTORY_PARAMETERS: Mapping[str, str] = {
    "_count": f"versions to a page: {COUNT_USUAL} where not said, at most {COUNT_MAXIMUM}",
    "_since": "only versions received at or after this instant",
}
