"""What the HL7 reference validator is asked, and our reading of the same resources."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
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
SAMPLE = 500
NEEDS = ("java", "javac", "mvn")
FIRST_TIME_SECONDS = 600
"""The first time its libraries (145 MB) are fetched; then it starts within 40 s and needs 5 to 15 ms a resource."""
ENDING_SECONDS = 20


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


class Validator:
    """One process of the validator, that answers as long as it is open: starting it costs more than a thousand questions."""

    def __init__(self) -> None:
        folders = [str(ROOT / "contracts/fhir"), str(ROOT / "tests/contract/forms")]
        command = [str(ROOT / "tests/tools/fhir-oracle"), *folders]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def judge(self, lines: Sequence[str]) -> list[Verdict]:
        """The verdicts on these resources, each one line of JSON, in their order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        feeding = threading.Thread(target=self._feed, args=(lines,))
        feeding.start()
        said = [_verdict(json.loads(line)) for line in islice(self._process.stdout, len(lines))]
        feeding.join()
        assert len(said) == len(lines), "the validator ended early; what it said stands above"
        return said

    def _feed(self, lines: Sequence[str]) -> None:
        assert self._process.stdin is not None
        for line in lines:
            self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate(timeout=ENDING_SECONDS)


def _verdict(said: dict[str, Any]) -> Verdict:
    return Verdict(said["accepted"], tuple(Issue(**issue | {"id": issue["id"] or "unnamed"}) for issue in said["issues"]))


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
    return _in(ROOT / "contracts/fhir")


def made() -> dict[str, Resource]:
    """The Questionnaires that tests answer, and what they rest on, by file name."""
    return _in(ROOT / "tests/contract/forms")


def _in(folder: Path) -> dict[str, Resource]:
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}


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


def listed(title: str) -> set[str]:
    """The messages in the table under a title of OUR-READING.md."""
    text = (ROOT / "contracts/fhir/OUR-READING.md").read_text(encoding="utf-8")
    section = text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
