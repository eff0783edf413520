"""Where intake and the HL7 reference validator differ about one resource, and which listed reading says why.

A difference is one thing said by one of the two about a place of which the other says nothing. A place is an item (by the way down
to it), or an element at the top, or the resource itself. `contracts/fhir/our-reading.toml` lists the readings.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from beklijf_intake import fhir, front_door
from beklijf_intake.domain.problem import Problem, Refused
from tests.contract.hl7 import Issue, Verdict
from tests.lib import questionnaires
from tests.lib.sources import ROOT

READINGS = ROOT / "contracts/fhir/our-reading.toml"
PAGE = ROOT / "contracts/fhir/OUR-READING.md"
KINDS = {
    "stricter": "Intake refuses, the validator accepts",
    "looser": "The validator refuses, intake accepts",
    "fault": "Faults of validator 8.4.0 that are not copied",
    "place": "Both refuse, and name another place, or one of them more places",
}
Side = Literal["validator", "intake"]
_ITEM = re.compile(r"(?:item\[\d+\]\.?)+")
_TOLD_ABOVE = (
    "Questionnaire_QR_Item_NotFound",
    "Questionnaire_QR_Item_OnlyOneI",
    "is in the wrong place",
    "Validation_VAL_Profile_Minimum",
    "Unrecognized property",
    "unrecognized resource name",
)
_NOT_READ = "parse"
"""The validator's name for what it could not judge to the end; it says nothing else then."""


@dataclass(frozen=True)
class Reading:
    """One way in which we read otherwise: whose word, under which names, with which sentence, about which items (by linkId)."""

    id: str
    kind: str
    who: Side
    messages: frozenset[str]
    says: re.Pattern[str]
    items: re.Pattern[str]
    sent: str
    why: str

    def covers(self, difference: Difference) -> bool:
        """Whether this reading is about that difference; one of kind `place` never decides between taking and refusing."""
        return (
            self.who == difference.who
            and difference.message in self.messages
            and self.says.search(difference.says) is not None
            and self.items.search(difference.link) is not None
            and (self.kind != "place" or not difference.decides)
        )


@dataclass(frozen=True)
class Difference:
    """What one says alone. `decides`: the other accepts the resource."""

    who: Side
    message: str
    says: str
    place: str
    link: str
    decides: bool


def readings() -> list[Reading]:
    """The listed readings, in their order."""
    listed = tomllib.loads(READINGS.read_text(encoding="utf-8"))["reading"]
    return [_reading(**one) for one in listed]


def _reading(*, messages: list[str], says: str, items: str = "", **others: str) -> Reading:
    return Reading(messages=frozenset(messages), says=re.compile(says), items=re.compile(items), **others)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Refusal:
    """What intake has against a resource; nothing if it takes it. `early`: it did not come to the answers."""

    problems: tuple[Problem, ...] = ()
    early: bool = False


def refusal(line: str) -> Refusal:
    """What intake says of one line."""
    body = line.encode()
    try:
        resource = front_door.parse(body)
        fhir.read(resource, body, questionnaires.context())
    except Refused as refused:
        problems = tuple(problem for problem in refused.problems if problem.severity in ("error", "fatal"))
        early = any(_is_early(problem) for problem in problems)
        return Refusal(problems, early)
    return Refusal()


def _is_early(problem: Problem) -> bool:
    """Base R4 comes before the Questionnaire, and without a Questionnaire there is nothing to check (qrs-1 is told with the answers)."""
    base = problem.status == 400 and "qrs-1" not in problem.sentence
    return base or "is not understood here" in problem.sentence or place_of(problem.expression) in ("questionnaire", "contained")


def differences(line: str, refused: Refusal, verdict: Verdict) -> Iterator[Difference]:
    """All about one resource. Where one of the two stops before the answers, what the other says about them is not compared."""
    ours = refused.problems
    theirs = [issue for issue in verdict.issues if issue.severity in ("error", "fatal")]
    decides = bool(ours) != bool(theirs)
    unread = any(issue.id == _NOT_READ for issue in theirs)
    told = {place_of(problem.expression) for problem in ours}
    heard = {place_of(issue.at) for issue in theirs}
    above = {place_of(issue.at) for issue in theirs if _is_told_above(issue)}
    wrong = tuple(f"{place}." for place in told if place.startswith("item["))  # what is beneath is looked at when that is mended
    for issue in theirs:
        place = place_of(issue.at)
        below = _is_told_above(issue) and any(_above(other) == place for other in told)
        if place not in told and not below and not place.startswith(wrong) and not (refused.early and issue.id != _NOT_READ):
            yield Difference("validator", issue.id, issue.says, place, link_at(line, place), decides)
    for problem in ours:
        place = place_of(problem.expression)
        if place not in heard and _above(place) not in above and not unread:
            yield Difference("intake", problem.code, problem.sentence, place, link_at(line, place), decides)


def place_of(expression: str | None) -> str:
    """`QuestionnaireResponse.item[1].answer[0].item[2].answer[0].value` is `item[1].item[2]`: the validator leaves the answers out."""
    path = re.sub(r"^questionnaireresponse\.?", "", (expression or "").split("/", 1)[0], flags=re.IGNORECASE)
    found = _ITEM.match(re.sub(r"\.?answer\[\d+\]|\.?answer$", "", path))
    if found:
        return found[0].rstrip(".")
    element = path.split(".", 1)[0].split("[", 1)[0]
    return "" if element == "item" else element


def link_at(line: str, place: str) -> str:
    """The linkId of the item there, if it can be found; empty for other elements."""
    if not place.startswith("item["):
        return ""
    element = json.loads(line)
    for index in map(int, re.findall(r"\d+", place)):
        around = [element, *element.get("answer", [])]
        found = [one["item"][index] for one in around if isinstance(one.get("item"), list) and len(one["item"]) > index]
        if not found:
            return ""
        element = found[0]
    return str(element.get("linkId", ""))


def _above(place: str) -> str:
    return place.rpartition(".")[0]


def _is_told_above(issue: Issue) -> bool:
    """Some messages stand at the element above the item that they are about."""
    return any(text in f"{issue.id} {issue.says}" for text in _TOLD_ABOVE)


def tables() -> str:
    """The readings as the tables of the page."""
    sections = []
    for kind, title in KINDS.items():
        rows = [f"| `{one.id}` | {one.sent} | {one.why} |" for one in readings() if one.kind == kind]
        sections.append("\n".join([f"## {title}", "", "| reading | what is sent, or said | why |", "|---|---|---|", *rows]))
    return "\n\n".join(sections)


if __name__ == "__main__":
    print(tables())  # noqa: T201
