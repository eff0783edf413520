"""A Questionnaire compiled into a Form: everything that checking one answer needs, looked up once at start.

What cannot be checked is no reason to refuse a Questionnaire: each item says what is checked and what is not, and why. Refused is
only what is no Questionnaire (a linkId twice, a type that R4 lacks), and what says itself that it must not be half understood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from beklijf_domain.instrument import Instrument
from beklijf_intake.domain.form.comparable import Comparable, comparable
from beklijf_intake.domain.form.conditions import Condition, Standing, Switches, arrange, conditions_of
from beklijf_intake.domain.form.extensions import CORE, SDC, Element, Notes, Unchecked, exact, extension, value_of
from beklijf_intake.domain.form.options import VALUES, Reader, offered, readers
from beklijf_intake.domain.form.terminology import Around
from beklijf_intake.domain.form.totals import Total, total_of

__all__ = ["Appraisal", "Form", "FormNotUsable", "Item", "Place", "compile_form"]

NOTHING_AROUND = Around()
NESTING_LIMIT = 32  # a response is refused deeper than this long before

_NOT_EVALUATED = {
    SDC + "sdc-questionnaire-enableWhenExpression": "the expression (FHIRPath) is not evaluated: the item may be answered or left out",
    SDC + "sdc-questionnaire-targetConstraint": "the constraint (FHIRPath) is not evaluated",
    CORE + "questionnaire-constraint": "the constraint (FHIRPath) is not evaluated",
    CORE + "targetConstraint": "the constraint (FHIRPath) is not evaluated",
    CORE + "cqf-expression": "the expression is not evaluated",
    CORE + "questionnaire-referenceProfile": "what is referred to is not looked at, so neither is its profile",
    CORE + "questionnaire-referenceFilter": "what is referred to is not looked at",
    CORE + "questionnaire-signatureRequired": "signatures are not checked",
    SDC + "sdc-questionnaire-subQuestionnaire": "forms made of other forms are not put together here: add the assembled one",
}
_EXPRESSION = SDC + "sdc-questionnaire-enableWhenExpression"
_COMPUTED_VALUES = tuple(SDC + f"sdc-questionnaire-{name}Expression" for name in ("calculated", "initial"))


class FormNotUsable(ValueError):
    """This is no Questionnaire that may be used; the message names the item and what to change."""


class Appraisal(NamedTuple):
    """What is checked of one item (the form itself: an empty linkId), and what is not."""

    link: str
    type: str
    checked: tuple[str, ...]
    unchecked: tuple[Unchecked, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The items at one place, by linkId: at the top, in a group, or below the answers to a question.

    `heeded`: conditions look at something here or further down.
    """

    items: Mapping[str, Item]
    required: tuple[Item, ...] = ()
    counted: tuple[Item, ...] = ()
    heeded: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question or group. `order` is its place among its siblings; `below` holds its items, None where it can have none.

    `opens`: each of its repetitions is a place of its own for conditions. `occurs`: the least and the most repetitions.
    """

    link: str
    type: str
    order: int
    text: str | None
    required: bool
    repeats: bool
    readers: Mapping[str, Reader]
    below: Place | None
    conditional: bool
    opens: bool
    asked: tuple[int, ...]
    occurs: tuple[int, int | None] | None = None
    exclusive: frozenset[tuple[str, Any]] = frozenset()
    fixed: tuple[Comparable, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """One version of a Questionnaire. `above` says below which item each one stands; `switches` is None where none has conditions."""

    url: str
    version: str
    top: Place
    above: Mapping[str, str]
    switches: Switches | None
    totals: tuple[Total, ...] = ()
    appraisals: tuple[Appraisal, ...] = field(default=(), repr=False)

    @property
    def unchecked(self) -> tuple[tuple[str, Unchecked], ...]:
        """All that is not checked, with the linkId of its item."""
        return tuple((one.link, note) for one in self.appraisals for note in one.unchecked)


def compile_form(questionnaire: Mapping[str, Any], around: Around = NOTHING_AROUND, instrument: Instrument | None = None) -> Form:
    """The compiled form of a Questionnaire (FHIR R4 JSON). `instrument` is the one that scores it. Raises FormNotUsable."""
    given = exact(questionnaire)
    try:
        contained = {f"#{one.get('id')}": one for one in given.get("contained", ())}
        return _Compiler(given, replace(around, contained=contained), instrument).form()
    except FormNotUsable:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # nobody looked at it before: `questionnaire check` says where
        raise FormNotUsable(f"{given.get('url')}: this is no FHIR R4: an element is missing, or has another type than it should") from error


compile = compile_form  # noqa: A001  the word by which the rest of intake asks: questionnaire.compile(...)


class _Compiler:
    """One Questionnaire on its way to a Form."""

    def __init__(self, given: Element, around: Around, instrument: Instrument | None) -> None:
        self.given = given
        self.around = around
        self.instrument = instrument
        self.elements: dict[str, Element] = {}
        self.standings: dict[str, Standing] = {}
        self.notes: dict[str, Notes] = {"": Notes()}
        self.totals: list[Total] = []
        self.conditions: dict[str, tuple[tuple[Condition, ...], bool]] = {}

    def form(self) -> Form:
        """The form, and what its items say of themselves."""
        self.survey(self.given, "", ())
        _note_expressions(self.given, self.notes[""])
        for link, element in self.elements.items():
            found = conditions_of(element, self.standings, self.notes[link])
            if found:
                self.conditions[link] = found, element.get("enableBehavior") == "any" or len(found) == 1
        self.switches, tangled = arrange(self.conditions, self.standings)
        for link in tangled:
            self.notes[link].lacks("enableWhen", "the conditions go in a circle, so answers count even if they should be switched off")
        return Form(
            url=self.given["url"],
            version=self.given["version"],
            top=self.place(self.given),
            above=MappingProxyType({link: standing.above for link, standing in self.standings.items()}),
            switches=self.switches if self.conditions else None,
            totals=tuple(self.totals),
            appraisals=tuple(self.appraisals()),
        )

    def survey(self, parent: Element, above: str, around: tuple[str, ...]) -> None:
        """Notes where every item stands; raises FormNotUsable."""
        for element in parent.get("item", ()):
            link, kind = _checked(element)
            if link in self.elements:
                raise FormNotUsable(f"{link}: the linkId is used twice (que-2)")
            if len(around) > NESTING_LIMIT:
                raise FormNotUsable(f"{link}: more than {NESTING_LIMIT} repeating items stand in each other")
            self.elements[link] = element
            self.notes[link] = Notes()
            self.standings[link] = Standing(link, kind, above, around)
            opens = element.get("repeats", False) and "item" in element
            self.survey(element, link, (*around, link) if opens else around)

    def place(self, parent: Element) -> Place:
        """The items that stand directly in `parent`, compiled."""
        items = {element["linkId"]: self.item(element, order) for order, element in enumerate(parent.get("item", ()))}
        found = items.values()
        return Place(
            items=MappingProxyType(items),
            required=tuple(item for item in found if item.required and item.type != "display"),
            counted=tuple(item for item in found if item.type == "group" and item.occurs),
            heeded=any(item.asked or (item.below and item.below.heeded) or item.link in self.switches.holders for item in found),
        )

    def item(self, element: Element, order: int) -> Item:
        """One item with everything below it."""
        link, kind = element["linkId"], element["type"]
        notes = self.notes[link]
        offer = offered(element, self.around, notes)
        reading = readers(element, offer, self.around, notes)
        _note_expressions(element, notes)
        total = total_of(element, self.instrument, notes)
        if total is not None:
            self.totals.append(total)
        undecided = link not in self.conditions and ("enableWhen" in element or extension(element, _EXPRESSION) is not None)
        below = self.place(element) if "item" in element or kind == "group" else None
        return Item(
            link=link,
            type=kind,
            order=order,
            text=element.get("text"),
            required=element.get("required", False) and not undecided,
            repeats=element.get("repeats", False),
            readers=MappingProxyType(dict(reading)),
            below=below,
            conditional=link in self.conditions,
            opens=element.get("repeats", False) and "item" in element,
            asked=self.switches.asked.get(link, ()),
            occurs=_occurs(element),
            exclusive=offer.exclusive,
            fixed=_fixed(element),
        )

    def appraisals(self) -> Iterator[Appraisal]:
        """What is checked, item by item, in the order of the Questionnaire."""
        for link, notes in self.notes.items():
            element = self.elements.get(link, {})
            kind = str(element.get("type", "form"))
            checked = [f"type {kind}"] if VALUES.get(kind) else []
            checked += [word for word in ("required", "repeats", "readOnly") if element.get(word) is True]
            yield Appraisal(link, kind, tuple(dict.fromkeys([*checked, *notes.checked])), tuple(notes.unchecked))


def _checked(element: Element) -> tuple[str, str]:
    """The linkId and type of an item that may be used."""
    link, kind = element.get("linkId"), element.get("type")
    if not isinstance(link, str) or not link:
        raise FormNotUsable("an item has no linkId")
    if kind not in VALUES:
        raise FormNotUsable(f"{link}: R4 has no item of this type")
    if element.get("modifierExtension"):
        raise FormNotUsable(f"{link}: a modifier extension is not understood, and must not be ignored")
    return link, kind


def _note_expressions(element: Element, notes: Notes) -> None:
    for one in element.get("extension", ()):
        reason = _NOT_EVALUATED.get(one.get("url"))
        if reason is not None:
            notes.lacks(str(one["url"]).rsplit("/", 1)[-1].removeprefix("sdc-questionnaire-").removeprefix("questionnaire-"), reason)


def _occurs(element: Element) -> tuple[int, int | None] | None:
    """How often a repeating item may be given, where the form says it."""
    least = (extension(element, CORE + "questionnaire-minOccurs") or ("", None))[1]
    most = (extension(element, CORE + "questionnaire-maxOccurs") or ("", None))[1]
    if type(least) is not int and type(most) is not int:
        return None
    return least if type(least) is int else 0, most if type(most) is int else None


def _fixed(element: Element) -> tuple[Comparable, ...]:
    """The values that an item must keep: its initial ones, if nobody and no expression may change them."""
    if element.get("readOnly") is not True or extension(element, *_COMPUTED_VALUES) is not None:
        return ()
    found = [value_of(one) for one in element.get("initial", ())]
    return tuple(comparable(*one) for one in found if one is not None)
