"""Which part of FHIRPath an expression may use: a closed list, and for what people are likely to try the reason why not.

What is left cannot tell the time, ask anybody else, take a root, or look at the whole form once more for each of its items; so it gives
the same number for the same answers for ever, and its cost grows with the form, not with its square.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

CHARACTERS_MAXIMUM = 4_000
STEPS_MAXIMUM = 3_000
"""How many elements one evaluation may look at: some hundredths of a second. A sum over 100 items takes 100 steps, and one that looks
each of 50 items up by its linkId 2,500."""

DEPTH_MAXIMUM = 120
"""Levels of the tree: a sum of a hundred terms has a hundred and a few."""

ITERATING = frozenset({"where", "select", "all", "exists", "repeat", "aggregate"})
"""Their first parameter is computed once for each element."""

FUNCTIONS = ITERATING | frozenset(
    "sum avg min max count abs ceiling floor truncate round toInteger toDecimal weight ordinal empty not first last tail take skip ofType "
    "iif coalesce startsWith endsWith extension distinct isDistinct".split()
)
MEMBERS = frozenset("item answer value linkId code system answerOption extension url".split())
TYPES = frozenset({"Coding", "integer", "FHIR.Coding", "FHIR.integer"})
WEIGHTS = ("http://hl7.org/fhir/StructureDefinition/itemWeight", "http://hl7.org/fhir/StructureDefinition/ordinalValue")
"""What a code counts for: as R5 and SDC write it, and as R4 did."""

CONSTANTS = frozenset({"resource", "questionnaire"})

_NOT_THE_SAME = "gives another result tomorrow for the same answers"
_ELSEWHERE = "asks somebody else, whose answer may change or not come"
_INEXACT = "is not exact"
_UNBOUNDED = "has a cost that nothing bounds"
REFUSED_FUNCTIONS: Mapping[str, str] = {
    **dict.fromkeys(("now", "today", "timeOfDay"), _NOT_THE_SAME),
    **dict.fromkeys("resolve memberOf subsumes subsumedBy conformsTo validateVS expand lookup translate".split(), _ELSEWHERE),
    "trace": "writes answers of patients into a log",
    **dict.fromkeys(("sqrt", "exp", "ln", "log", "power"), _INEXACT),
    **dict.fromkeys(("matches", "matchesFull", "replaceMatches", "combine", "children", "descendants", "replace", "join"), _UNBOUNDED),
}  # fmt: skip
REFUSED_CONSTANTS: Mapping[str, str] = {
    "context": "is another place for every item; start at %resource",
    "qitem": "is another place for every item; start at %questionnaire",
    "sct": _ELSEWHERE,
    "loinc": _ELSEWHERE,
    "ucum": "has no place in a number without unit",
}

_PLAIN = frozenset(
    "TermExpression InvocationExpression InvocationTerm ParenthesizedTerm LiteralTerm NumberLiteral StringLiteral BooleanLiteral "
    "NullLiteral IndexerExpression UnionExpression MembershipExpression InequalityExpression MultiplicativeExpression AndExpression "
    "OrExpression ImpliesExpression Identifier ParamList".split()
)
"""What may stand anywhere, and says nothing by itself."""

_REFUSED_NODES = {
    "QuantityLiteral": "a quantity has a unit, and a score has none",
    "DateTimeLiteral": "a day or an instant is no part of a score",
    "TimeLiteral": "a time is no part of a score",
    "TypeExpression": "`is` and `as` are not supported; use ofType()",
}

Tree = Mapping[str, Any]


class Refused(ValueError):
    """What may not be used; the message is a part of a sentence for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the expression one stands: in a parameter that is computed for each element, or in that of `aggregate`; how deep."""

    depth: int = 0
    each: bool = False
    total: bool = False


def check_text(text: str) -> None:
    """What can be said before anything is parsed. Raises Refused."""
    if len(text) > CHARACTERS_MAXIMUM:
        raise Refused(f"is longer than {CHARACTERS_MAXIMUM} characters")
    if re.search(r"//|/\*|`", re.sub(r"'(?:\\.|[^'\\])*'", "''", text)):
        raise Refused("has a comment or a name in backticks; leave them out")


def check(tree: Tree, links: Collection[str]) -> frozenset[str]:
    """Raises Refused for what may not be used; gives the constants and functions that are. `links`: what an expression may ask for by
    its linkId."""
    used: set[str] = set()
    _walk(tree, _Place(), used)
    _check_links(tree, links)
    return frozenset(used)


def _nodes(tree: Tree) -> Iterator[Tree]:
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        waiting += each.get("children", ())
        yield each


def _walk(node: Tree, place: _Place, used: set[str]) -> None:
    kind, children = node["type"], node.get("children", [])
    if place.depth > DEPTH_MAXIMUM:
        raise Refused(f"is nested deeper than {DEPTH_MAXIMUM} levels")
    inner = replace(place, depth=place.depth + 1)
    if kind == "ExternalConstantTerm":
        _constant(node, place, used)
    elif kind == "FunctionInvocation":
        _function(children[0], inner, used)
    elif kind in ("MemberInvocation", "ThisInvocation", "IndexInvocation", "TotalInvocation", "PolarityExpression"):
        _leaf(kind, node, place)
    else:
        _operator(kind, node)
        if kind == "InvocationTerm" and not place.each:
            _start(children[0])
        for each in children:
            _walk(each, inner, used)


def _start(node: Tree) -> None:
    """A path must begin somewhere: without %resource in front it would depend on where the expression stands."""
    if node["type"] == "MemberInvocation":
        raise Refused(f"begins with {_name(node)}; begin with %resource")
    if node["type"] == "FunctionInvocation" and _name(node["children"][0]) in FUNCTIONS - {"iif", "coalesce"}:
        raise Refused(f"begins with {_name(node['children'][0])}(); begin with %resource")


def _constant(node: Tree, place: _Place, used: set[str]) -> None:
    constant = node["children"][0]
    name = constant["children"][0]["text"] if "children" in constant else constant["terminalNodeText"][-1]
    if name in REFUSED_CONSTANTS:
        raise Refused(f"uses %{name}, which {REFUSED_CONSTANTS[name]}")
    if name not in CONSTANTS:
        raise Refused(f"uses %{name}, which is not known here: variables of a form are not supported")
    if place.each:
        raise Refused(f"looks at the whole %{name} once more for each element, which costs the square of its size")
    used.add(f"%{name}")


def _function(node: Tree, place: _Place, used: set[str]) -> None:
    name, parameters = node["children"][0]["text"], [each for part in node["children"][1:] for each in part.get("children", ())]
    if name in REFUSED_FUNCTIONS:
        raise Refused(f"uses {name}(), which {REFUSED_FUNCTIONS[name]}")
    if name not in FUNCTIONS:
        raise Refused(f"uses {name}(), which is none of those that may be used")
    if name == "ofType" and [_text(each) for each in parameters] not in [[each] for each in TYPES]:
        raise Refused("uses ofType() with another type than Coding or integer")
    if name == "extension" and [_text(each).strip("'") for each in parameters] not in [[each] for each in WEIGHTS]:
        raise Refused("uses extension() for another one than the weight of an answer")
    used.add(name)
    for number, each in enumerate(parameters if name not in ("ofType", "extension") else ()):
        once_each = name in ITERATING and number == 0
        inner = replace(place, each=place.each or once_each, total=place.total or (once_each and name == "aggregate"))
        _walk(each, inner, used)


def _leaf(kind: str, node: Tree, place: _Place) -> None:
    if kind == "MemberInvocation" and _name(node) not in MEMBERS:
        raise Refused(f"asks for {_name(node)!r}; what is known of a form here is {', '.join(sorted(MEMBERS))}")
    if kind in ("ThisInvocation", "IndexInvocation") and not place.each:
        raise Refused("uses $this or $index outside of where(), select() and the like")
    if kind == "TotalInvocation" and not place.total:
        raise Refused("uses $total outside of aggregate()")
    if kind == "PolarityExpression" and not re.fullmatch(r"[0-9.]+", _text(node["children"][0])):
        raise Refused("has a sign before something else than a number; write 0 - x")


def _operator(kind: str, node: Tree) -> None:
    signs = node["terminalNodeText"]
    if kind in _REFUSED_NODES:
        raise Refused(_REFUSED_NODES[kind])
    if kind == "AdditiveExpression" and "&" in signs:
        raise Refused("joins text with &, and a score is a number")
    if kind == "EqualityExpression" and signs[0] in ("~", "!~"):
        raise Refused(f"compares with {signs[0]}, which is not exact; use = or !=")
    if kind not in _PLAIN and kind not in ("AdditiveExpression", "EqualityExpression"):
        raise Refused(f"has a part that may not be used ({kind})")


def _check_links(tree: Tree, links: Collection[str]) -> None:
    """A question that is asked for by its linkId must be there: else a misspelt one would count as not answered for ever."""
    for node in _nodes(tree):
        if node["type"] in ("EqualityExpression", "MembershipExpression"):
            sides = node["children"]
            if any(_text(side) == "linkId" for side in sides):
                for literal in (each for side in sides for each in _nodes(side) if each["type"] == "StringLiteral"):
                    if literal["text"].strip("'") not in links:
                        raise Refused(f"asks for linkId {literal['text']}, which is no item that the instrument scores")


def _name(node: Tree) -> str:
    return str(node["children"][0]["text"])


def _text(node: Tree) -> str:
    """What the node says, as far as the tree keeps it."""
    if "text" in node:
        return str(node["text"])
    return "".join(_text(each) for each in node.get("children", ()))
