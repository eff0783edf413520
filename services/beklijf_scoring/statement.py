"""What this edge says it can, as a CapabilityStatement (FHIR R4): clients of FHIR ask for it before anything else."""

from __future__ import annotations

from typing import Any

from beklijf_scoring.observations import BASE
from beklijf_shared import capability
from beklijf_shared.capability import as_markdown

SEARCHED = {
    "_id": ("token", "Resource-id", "the id of one result: the answer's id, a point, the measure"),
    "derived-from": ("reference", "Observation-derived-from", "the answer: QuestionnaireResponse/<id>, or its id"),
    "subject": ("reference", "Observation-subject", "the registry's own id of the subject, as events have it; also with :identifier"),
    "patient": ("reference", "clinical-patient", "the same"),
    "code": ("token", "clinical-code", "the result: <system>|<code> or <code>"),
}
"""Search parameters of Observation: type, R4's definition, and what it takes."""


def capability_statement(address: str) -> dict[str, Any]:
    """The statement of the server at this address (its FHIR base)."""
    parameters = [_parameter(name, *stated) for name, stated in SEARCHED.items()]
    rest = {
        "mode": "server",
        "documentation": (
            "Read only. A reader sees its own organisation's scores. POST a QuestionnaireResponse to $score to try what it would be"
            " worth; nothing is stored. An answer's Provenance has the answer's id."
        ),
        "resource": [
            {"type": "Observation", "interaction": [{"code": "read"}, {"code": "search-type"}], "searchParam": parameters},
            {"type": "Provenance", "interaction": [{"code": "read"}]},
        ],
    }
    title = "scores of an outcome registry, and why they are what they are"
    return capability.statement("scoring", base=BASE, title=title, address=address, rest=rest)


def _parameter(name: str, kind: str, r4: str, says: str) -> dict[str, Any]:
    definition = f"http://hl7.org/fhir/SearchParameter/{r4}"
    return {"name": name, "type": kind, "definition": definition, "documentation": as_markdown(says)}
