"""The CapabilityStatement (FHIR R4): what this server can, read off its routes, so that it can never claim more or less."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version
from typing import Any

RELEASED = "2026-11-22"
INTERACTIONS = {("GET", "/{id}"): "read", ("PUT", "/{id}"): "update", ("POST", ""): "create"}


def capability_statement(routes: Collection[tuple[str, str]], root: str, base: str) -> dict[str, Any]:
    """The statement for these (method, path) pairs below `root`; `base` is that of our canonicals."""
    below = {(method, path.removeprefix(root)) for method, path in routes if path.startswith(root)}
    types = sorted({path.split("/")[1] for _, path in below if path.count("/") >= 1 and path.split("/")[1][:1].isupper()})
    rest: dict[str, Any] = {
        "mode": "server",
        "documentation": "A sender sees its own organisation's resources only. References are logical (by identifier) by preference.",
        "security": {"description": "A bearer token stands for one organisation."},
        "resource": [_resource(type_, below) for type_ in types],
    }
    if ("POST", "") in below:
        rest["interaction"] = [{"code": "transaction"}, {"code": "batch"}]
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/CapabilityStatement/intake",
        "version": version("beklijf"),
        "name": "BeklijfIntake",
        "title": "Beklijf: intake of an outcome registry",
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        "software": {"name": "Beklijf", "version": version("beklijf")},
        "implementation": {"description": "Beklijf intake"},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [rest],
    }


def _resource(type_: str, below: set[tuple[str, str]]) -> dict[str, Any]:
    codes = [code for (method, path), code in INTERACTIONS.items() if (method, f"/{type_}{path}") in below]
    return {
        "type": type_,
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned-update",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": "create" in codes,
        "conditionalRead": "not-supported",
        "conditionalUpdate": ("PUT", f"/{type_}") in below,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["logical", "local"],
    }
