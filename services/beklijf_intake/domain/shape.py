"""The base shape of FHIR R4 resources: which elements, how many, of which type. Tables in, problems out; knows no resource by name.

One walk both accepts and explains: it returns nothing while all is well, and builds a problem's FHIRPath expression only on
the way back up, so a well-formed resource costs no text at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beklijf_intake.domain.invariants import INVARIANTS, Invariant, local_references
from beklijf_intake.domain.narrative import complaint as narrative_complaint
from beklijf_intake.domain.primitives import PRIMITIVES, Primitive
from beklijf_intake.domain.problem import IssueCode, Problem, broken_rule, joined, malformed

PROBLEMS_LIMIT = 200  # of one resource; more help nobody
CONTAINED_LIMIT = 20
_SAYABLE = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,40}", re.ASCII)  # a name that may be repeated: not digits that identify someone
_DIGITS = re.compile(r"[0-9]{4}", re.ASCII)

Problems = list[Problem]

# Elements that change the meaning of what is around them: R4 forbids to ignore those one does not know, and we know none.
_UNKNOWN_MODIFIERS: tuple[tuple[str, IssueCode], ...] = (("modifierExtension", "extension"), ("implicitRules", "not-supported"))
_CHANGES_MEANING = {
    name: broken_rule(code, "", f"{name} is not understood here, and ignoring it might change the meaning. Leave it out.")
    for name, code in _UNKNOWN_MODIFIERS
}


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type. `kind` names a primitive, another type, or Resource; `choice` is the x of value[x], else empty."""

    name: str
    kind: str
    many: bool = False
    required: bool = False
    choice: str = ""
    codes: frozenset[str] = frozenset()
    extensible: bool = False
    """Whether the value of a primitive may have extensions of its own, under its name with an underscore."""


@dataclass(slots=True)
class _Field:
    name: str
    label: str  # in FHIRPath: `value` for valueInteger
    many: bool
    choice: str
    codes: frozenset[str]
    primitive: Primitive | None
    shape: Shape | None
    sibling_of: str = ""  # `status` for `_status`, which carries the extensions of a primitive
    refusal: Problem | None = None


@dataclass(slots=True)
class Shape:
    """One compiled type. `required` are elements, `required_choices` groups such as value[x]."""

    name: str
    is_resource: bool
    fields: dict[str, _Field] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    required_choices: tuple[str, ...] = ()
    invariants: tuple[Invariant, ...] = ()


class Shapes:
    """All compiled types. `check` walks one resource; `known` says which resources can be walked."""

    def __init__(self, types: Mapping[str, Iterable[Element]], resources: Iterable[str], containable: Iterable[str] = ()) -> None:
        self.resources = frozenset(resources)
        self._containable = frozenset(containable)
        self._shapes = {name: Shape(name, name in self.resources | self._containable) for name in types}
        for name, elements in types.items():
            _fill(self._shapes[name], tuple(elements), self._shapes)

    def of(self, name: str) -> Shape:
        """The compiled shape of one type."""
        return self._shapes[name]

    def check(self, resource: dict[str, Any]) -> Problems:
        """Every problem of base R4 in this resource; expressions start at the resource's type. Empty: it is R4."""
        name = resource["resourceType"]
        found = _complex(resource, self._shapes[name])
        contained = resource.get("contained")
        if type(contained) is list:
            found = (found or []) + self._contained(contained)
        return [problem.below(name) for problem in found] if found else []

    def _contained(self, contained: list[Any]) -> Problems:
        if len(contained) > CONTAINED_LIMIT:
            return [malformed("too-long", "contained", f"At most {CONTAINED_LIMIT} contained resources are accepted.")]
        found: Problems = []
        for index, inner in enumerate(contained):
            where = f"contained[{index}]"
            name = inner.get("resourceType") if type(inner) is dict else None
            if type(name) is not str:
                found.append(malformed("structure", where, "A contained resource is an object with a resourceType."))
            elif "contained" in inner:
                found.append(malformed("structure", where, "A contained resource must not contain another one (dom-2)."))
            elif name not in self._containable:
                sentence = (
                    f"Only {', '.join(sorted(self._containable))} may be contained: the registry keeps nothing that identifies a patient."
                )
                found.append(broken_rule("not-supported", where, sentence))
            elif "id" not in inner:
                found.append(malformed("required", f"{where}.id", "A contained resource needs an id, by which to refer to it."))
            else:
                found += [problem.below(where) for problem in _complex(inner, self._shapes[name]) or ()]
        return found + _cycles(contained)


def _fill(shape: Shape, elements: tuple[Element, ...], shapes: Mapping[str, Shape]) -> None:
    extras = _Field("", "", False, "", frozenset(), None, shapes.get("Element"))
    for element in elements:
        primitive = PRIMITIVES.get(element.kind)
        label = element.choice or element.name
        target = None if primitive or element.kind in ("Resource", "xhtml") else shapes[element.kind]
        shape.fields[element.name] = _Field(element.name, label, element.many, element.choice, element.codes, primitive, target)
        shape.fields[element.name].refusal = _CHANGES_MEANING.get(element.name)
        if element.kind == "xhtml":
            shape.fields[element.name].primitive = _xhtml
        if element.extensible:
            name = "_" + element.name
            shape.fields[name] = _Field(name, label, element.many, element.choice, frozenset(), None, extras.shape, element.name)
    shape.required = tuple(e.name for e in elements if e.required and not e.choice)
    shape.invariants = INVARIANTS.get(shape.name, ())
    shape.required_choices = tuple(sorted({e.choice for e in elements if e.required and e.choice}))


def _complex(value: Any, shape: Shape) -> Problems | None:
    if type(value) is not dict:
        return [malformed("structure", "", f"must be an object ({shape.name})")]
    found: Problems | None = None
    fields = shape.fields
    chosen: dict[str, str] | None = None
    for name, child in value.items():
        known = fields.get(name)
        if known is None:
            if name == "resourceType" and shape.is_resource:
                continue
            found = _more(found, "", [_unknown(name, shape)])
            continue
        bad = [known.refusal] if known.refusal else _many(child, known, value) if known.many else _one(child, known)
        if bad:
            found = _more(found, known.label, bad)
        if known.choice:
            spelled = known.sibling_of or name
            chosen = {} if chosen is None else chosen
            if chosen.setdefault(known.choice, spelled) != spelled:
                found = _more(found, known.label, [malformed("structure", "", f"Only one {known.choice}[x] may be given.")])
    return _missing(value, shape, chosen or {}, found)


def _missing(value: dict[str, Any], shape: Shape, chosen: Mapping[str, str], found: Problems | None) -> Problems | None:
    """What an object lacks, added to what was found wrong in it."""
    for name in shape.required:
        if name not in value:
            found = _more(found, name, [malformed("required", "", f"{shape.name}.{name} is required.")])
    for group in shape.required_choices:
        if group not in chosen:
            found = _more(found, group, [malformed("required", "", f"{shape.name}.{group}[x] is required.")])
    if len(value) - ("id" in value) < 1:
        sentence = "must have a value or child elements (ele-1); leave it out when there is nothing"
        found = _more(found, "", [malformed("invariant", "", f"{shape.name} {sentence}.")])
    for invariant in shape.invariants:
        if not invariant.holds(value):
            found = _more(found, invariant.element, [malformed("invariant", "", invariant.sentence)])
    if shape.name == "Extension" and bool(chosen) is ("extension" in value):
        found = _more(found, "", [malformed("structure", "", "An extension has either a value[x] or extensions of its own (ext-1).")])
    return found


def _one(child: Any, known: _Field) -> Problems | None:
    if known.primitive is not None:
        complaint = known.primitive(child)
        if complaint is not None:
            return [malformed("invalid" if known.primitive is _xhtml else "value", "", f"{known.name} {complaint}.")]
        if known.codes and child not in known.codes:
            return [malformed("code-invalid", "", f"{known.name} must be one of: {', '.join(sorted(known.codes))}.")]
        return None
    if known.shape is not None:
        return _complex(child, known.shape)
    return None  # a resource within: checked by whoever knows which ones are allowed


def _many(child: Any, known: _Field, parent: dict[str, Any]) -> Problems | None:
    if type(child) is not list:
        return [malformed("structure", "", f"{known.name} may be given more than once, so it must be an array.")]
    if not child:
        return [malformed("structure", "", f"{known.name} must not be an empty array; leave it out when there is nothing.")]
    found: Problems | None = None
    for index, entry in enumerate(child):
        if entry is None and _has_counterpart(known, index, parent):
            continue
        bad = _one(entry, known)
        if bad:
            found = _more(found, f"[{index}]", bad)
    return found


def _has_counterpart(known: _Field, index: int, parent: dict[str, Any]) -> bool:
    """R4 JSON: in an array of primitives null stands where only the value, or only its extensions, are given."""
    other = parent.get(known.sibling_of or "_" + known.name)
    return type(other) is list and index < len(other) and other[index] is not None


def _xhtml(value: Any) -> str | None:
    return narrative_complaint(value) if type(value) is str else "must be a string"


def _unknown(name: str, shape: Shape) -> Problem:
    if _SAYABLE.fullmatch(name) and not _DIGITS.search(name):
        return malformed(
            "structure", name, f"{shape.name} has no element {name} in FHIR R4 (4.0.1). Check the spelling, or use an extension."
        )
    return malformed("structure", "", f"{shape.name} has an element that FHIR R4 (4.0.1) does not know.")


def _more(found: Problems | None, prefix: str, bad: Problems) -> Problems:
    found = [] if found is None else found
    for problem in bad[: PROBLEMS_LIMIT - len(found)]:
        found.append(Problem(problem.severity, problem.code, joined(prefix, problem.expression), problem.sentence, problem.status))
    return found


def _cycles(contained: list[Any]) -> Problems:
    """Contained resources that point at each other in a circle."""
    points: dict[str, set[str]] = {}
    for inner in contained:
        if type(inner) is dict and type(inner.get("id")) is str:
            points["#" + inner["id"]] = {reference for _, reference in local_references(inner)}
    while points:
        ends = [name for name, to in points.items() if not to & points.keys()]
        if not ends:
            return [malformed("structure", "contained", "Contained resources refer to each other in a circle.")]
        for name in ends:
            del points[name]
    return []
