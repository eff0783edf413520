"""The rules that FHIR R4 states between the elements of one type (per-1, qty-3, ...), for the types that reach us.

ele-1 and ext-1 hold for every type and are checked where the types are walked; qrs-1 is checked with the answers; ppc-1 is left
out on purpose (`contracts/decisions/0011`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from beklijf_intake.domain.instants import instant
from beklijf_intake.domain.problem import Problem, joined, malformed

Holds = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Invariant:
    """`element` is where the problem is told, empty for the whole."""

    holds: Holds
    element: str
    sentence: str


def _needs(element: str, other: str) -> Holds:
    """Whoever gives the one must give the other."""
    return lambda value: element not in value or other in value


def _in_order(period: dict[str, Any]) -> bool:
    start, end = period.get("start"), period.get("end")
    if type(start) is not str or type(end) is not str:
        return True
    first, last = instant(start), instant(end)
    if first is not None and last is not None:
        return first <= last
    digits = min(len(start.split("T")[0]), len(end.split("T")[0]))  # as far as both are known
    return start[:digits] <= end[:digits]


_UNIT = Invariant(_needs("code", "system"), "system", "A unit's code needs the system that it is from (qty-3).")
INVARIANTS: Mapping[str, tuple[Invariant, ...]] = {
    "Attachment": (Invariant(_needs("data", "contentType"), "contentType", "Data needs its contentType (att-1)."),),
    "ContactPoint": (Invariant(_needs("value", "system"), "system", "A value needs its system, like phone or email (cpt-2)."),),
    "Expression": (
        Invariant(
            lambda value: bool(value.keys() & {"expression", "reference"}), "", "An expression or a reference must be given (exp-1)."
        ),
    ),
    "Period": (Invariant(_in_order, "", "The end of the period lies before its start (per-1)."),),
    "Ratio": (
        Invariant(
            lambda value: ("numerator" in value) is ("denominator" in value) and bool(value.keys() & {"numerator", "extension"}),
            "",
            "A ratio has both numerator and denominator (rat-1).",
        ),
    ),
    **dict.fromkeys(("Age", "Count", "Distance", "Duration", "Quantity"), (_UNIT,)),
}


def check_local_references(resource: dict[str, Any]) -> list[Problem]:
    """ref-1: a reference to something within (#...) must find it there. Expressions start below the resource."""
    contained = resource.get("contained")
    held = {one.get("id") for one in contained if type(one) is dict} if type(contained) is list else set()
    sentence = "This refers to a contained resource (#...) that is not there (ref-1)."
    return [
        malformed("invariant", where, sentence)
        for where, reference in local_references(resource)
        if reference != "#" and reference[1:] not in held
    ]


def local_references(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every reference that begins with #, with its FHIRPath expression."""
    if type(value) is list:
        for index, child in enumerate(value):
            yield from local_references(child, f"{path}[{index}]")
    elif type(value) is dict:
        reference = value.get("reference")
        if type(reference) is str and reference.startswith("#"):
            yield joined(path, "reference"), reference
        for name, child in value.items():
            if type(child) is dict or type(child) is list:
                yield from local_references(child, joined(path, _in_fhirpath(name)))


def _in_fhirpath(name: str) -> str:
    """`value` for valueReference."""
    return "value" if name.startswith("value") and name[5:6].isupper() else name
