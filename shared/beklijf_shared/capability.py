"""What every CapabilityStatement of ours says (FHIR R4); what an edge can is its own part, `rest`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

RELEASED = "2026-11-22"
_AS_MARKDOWN = str.maketrans("<>", "[]")


def statement(edge: str, *, base: str, title: str, address: str, rest: dict[str, Any]) -> dict[str, Any]:
    """The statement of one edge (`intake`, `scoring`): `base` is that of our canonicals, `address` where this server is found."""
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/CapabilityStatement/{edge}",
        "version": version("beklijf"),
        "name": f"Beklijf{edge.capitalize()}",
        "title": f"Beklijf: {title}",
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        "software": {"name": "Beklijf", "version": version("beklijf")},
        "implementation": {"description": f"Beklijf {edge}", "url": address},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [rest],
    }


def as_markdown(says: str) -> str:
    """A sentence as it may stand in a statement: what stands in angle brackets would be taken for HTML."""
    return says.translate(_AS_MARKDOWN)
