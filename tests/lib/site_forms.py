"""A site's own version of a shipped form: the same items and more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from beklijf_shared import contracts
from tests.lib.hospital_forms import SDC, item

Json = dict[str, Any]

QBPDS = "https://w3id.org/beklijf/fhir/Questionnaire/qbpds"


def qbpds_with_total(version: str = "1.1.0") -> Json:
    """The QBPDS in a group, with a question of the site's own and a total that the form calculates."""
    shipped: Json = json.loads(json.dumps(dict(contracts.load().questionnaires[QBPDS, "1.0.0"])))
    sum_up = {"url": SDC + "calculatedExpression", "valueExpression": {"language": "text/fhirpath", "expression": "0"}}
    own = item("tired", "boolean")
    return shipped | {
        "version": version,
        "item": [item("scale", "group", *shipped["item"]), own, item("qbpds-total", "integer", readOnly=True, extension=[sum_up])],
    }


def add_to(folder: Path, *resources: Json) -> Path:
    """Puts resources into a site's folder of contracts; gives the folder."""
    (folder / "fhir").mkdir(parents=True, exist_ok=True)
    for number, resource in enumerate(resources):
        (folder / "fhir" / f"{resource['resourceType']}-{number}.json").write_text(json.dumps(resource), encoding="utf-8")
    return folder
