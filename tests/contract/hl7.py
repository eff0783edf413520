"""What the HL7 reference validator is asked, and our reading of the same resources."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from beklijf.reference import cohort as small
from beklijf.reference.imsr import cohort as imsr
from beklijf_intake import api, definitions, fhir, front_door
from beklijf_intake.api import metadata
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.reading.context import CANONICAL_BASE
from beklijf_intake.statement import capability_statement
from beklijf_shared import contracts
from tests.lib import builders
from tests.lib.reading import ORGANISATION, context
from tests.lib.sources import ROOT

Resource = dict[str, Any]
WHEN = "2014-03-03T10:00:00+01:00"
SAMPLE = 500
FIRST_TIME_SECONDS = 600
"""The first time its libraries (145 MB) are fetched; then it starts within 40 s and needs 5 to 15 ms a resource."""


@dataclass(frozen=True)
class Issue:
    """One message: how bad, the validator's own name for it, and where."""

    severity: str
    id: str
    at: str | None
    says: str


@dataclass(frozen=True)
class Verdict:
    """What the validator says of one resource."""

    accepted: bool
    issues: tuple[Issue, ...]

    def ids(self, *severities: str) -> set[str]:
        """The names of its messages of these severities."""
        return {issue.id for issue in self.issues if issue.severity in severities}


def judged(resources: list[Resource]) -> list[Verdict]:
    """All verdicts, by one process of the validator."""
    lines = "".join(json.dumps(resource) + "\n" for resource in resources)
    command = [str(ROOT / "tests/tools/fhir-oracle"), str(ROOT / "contracts/fhir")]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=FIRST_TIME_SECONDS)
    assert done.returncode == 0, done.stderr[-2000:]
    return [_verdict(json.loads(line)) for line in done.stdout.splitlines()]


def _verdict(said: dict[str, Any]) -> Verdict:
    return Verdict(said["accepted"], tuple(Issue(**issue) for issue in said["issues"]))


def ours(resource: Resource) -> bool:
    """Whether intake's own reading accepts it from the organisation that it is about."""
    body = json.dumps(resource).encode()
    sender = resource.get("managingOrganization", {}).get("identifier", {}).get("value", ORGANISATION)
    try:
        fhir.read(front_door.parse(body), body, replace(context(), organisation=sender))
    except Refused:
        return False
    return True


def shipped() -> dict[str, Resource]:
    """The resources in `contracts/fhir`, by file name."""
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "contracts/fhir").glob("*.json"))}


def served() -> dict[str, Resource]:
    """What intake answers that is no file here: protocols, the code system of programmes, the CapabilityStatement."""
    known = definitions.of(contracts.load(), CANONICAL_BASE)
    found = [one for type_ in definitions.TYPES for one in known.search(type_, [])]
    files = shipped()
    resources = {f"{one.type}/{one.id}": json.loads(one.body) for one in found if f"{one.type}-{one.id}.json" not in files}
    return resources | {"metadata": statement()}


def statement() -> Resource:
    """The CapabilityStatement of all that is routed."""
    routed = {(method, route.path) for route in api.application().routes for method in getattr(route, "methods", None) or ()}
    address = "https://registry.example/fhir"
    return capability_statement(routed, api.ROOT, CANONICAL_BASE, address=address, security=metadata.security(address))


def sample() -> list[Resource]:
    """500 of the reference cohort, the same every time: all that is amended, outranked or refused, and of the rest every so many."""
    letters = list(imsr.sent())
    special = [letter.resource for letter in letters if letter.effect not in {"created", "repeated"}]
    rest = [letter.resource for letter in letters if letter.effect in {"created", "repeated"}]
    return special + rest[:: len(rest) // (SAMPLE - len(special))][: SAMPLE - len(special)]


def consents() -> list[Resource]:
    """Refusals, of which the reference cohort has none."""
    return [*islice((one for one in small.generate(200) if one["resourceType"] == "Consent"), 6), builders.consent(episode="e1")]


def oddities() -> dict[str, Resource]:
    """What intake accepts on purpose and the validator does not, by the validator's name for it."""
    form = builders.qbpds("a1", [2] * 20, authored=WHEN)
    first, *others = form["item"]
    one = builders.vas("a1", 50, authored=WHEN)
    return {
        "Questionnaire_QR_Item_Order": {**form, "item": form["item"][::-1]},
        "Questionnaire_QR_Item_Text": {**form, "item": [{**first, "text": "What a site with a licence asks"}, *others]},
        "CONTAINED_ORPHAN_DOM3": {**one, "contained": [{"resourceType": "Organization", "id": "o", "name": "A hospital"}]},
        "Validation_VAL_Profile_Unknown": {**one, "meta": {"profile": ["https://example.org/fhir/StructureDefinition/answers"]}},
    }


def listed(title: str) -> set[str]:
    """The messages in the table under a title of OUR-READING.md."""
    text = (ROOT / "contracts/fhir/OUR-READING.md").read_text(encoding="utf-8")
    section = text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
