"""The answers that an item offers, and how one value is read: is it offered, does it keep within its limits, what goes on from it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, cast

from beklijf_intake.domain.form.comparable import coding_key, reference_key, time_key
from beklijf_intake.domain.form.extensions import CORE, SDC, Element, Notes, extension, value_of
from beklijf_intake.domain.form.limits import Check, limits
from beklijf_intake.domain.form.terminology import Around, NotAtHand, expand
from beklijf_intake.domain.problem import Problem, broken_rule, warning
from beklijf_intake.domain.submission import AnswerValue

LINK_LIMIT_CHARACTERS = 200  # what an event carries
CODE_LIMIT_CHARACTERS = 100
REMEMBERED = 1_000  # answers of one item that are made once: scores and scales have few
OPTIONS_TOLD, OPTIONS_TOLD_CHARACTERS = 12, 300
"""A list that is no longer is told whole to whoever sends something else."""

VALUES = {
    "boolean": ("valueBoolean",), "decimal": ("valueDecimal",), "integer": ("valueInteger",), "date": ("valueDate",),
    "dateTime": ("valueDateTime",), "time": ("valueTime",), "string": ("valueString",), "text": ("valueString",), "url": ("valueUri",),
    "choice": ("valueCoding",), "open-choice": ("valueCoding", "valueString"), "attachment": ("valueAttachment",),
    "reference": ("valueReference",), "quantity": ("valueQuantity",), "group": (), "display": (),
}  # fmt: skip
_OPTIONS = ("valueCoding", "valueString", "valueInteger", "valueDate", "valueTime", "valueReference")

_CODE_TOO_LONG = broken_rule("too-long", "value.code", f"A code may have at most {CODE_LIMIT_CHARACTERS} characters.")
_NOT_AT_HAND = warning("code-invalid", "value", "The value set of this answer is not at hand here; its code was not checked.")


class Told(NamedTuple):
    """A value that is accepted although something must be said of it."""

    problem: Problem
    kept: AnswerValue | None


Read = AnswerValue | Problem | Told | None
"""What one value gives: what goes on from it (None: nothing, it stays in the raw resource), or what is wrong with it."""
Reader = Callable[[Any], Read]
Keep = Callable[[Any], AnswerValue | None]


class Offered(NamedTuple):
    """What an item offers, by the name of the value: keys of the options; `loose` values are not checked against a list."""

    listed: Mapping[str, frozenset[Hashable]]
    loose: bool
    exclusive: frozenset[tuple[str, Hashable]]


def option_key(name: str, value: Any) -> Hashable:
    """What makes two answers the same option: system and code of a coding (never its display), else the value itself."""
    match name:
        case "valueCoding":
            return coding_key(value)
        case "valueReference":
            return reference_key(value)
        case "valueTime":
            return time_key(value)
    return value if isinstance(value, Hashable) else repr(value)


def offered(item: Element, around: Around, notes: Notes) -> Offered:
    """The options of an item: its own, or its value set's as far as that is at hand."""
    listed: dict[str, set[Hashable]] = {}
    exclusive: set[tuple[str, Hashable]] = set()
    for option in item.get("answerOption", ()):
        found = value_of(option)
        if found is None or found[0] not in _OPTIONS:
            notes.lacks("answerOption", "an option has no value of a kind that R4 allows there")
            continue
        key = option_key(*found)
        listed.setdefault(found[0], set()).add(key)
        if (extension(option, CORE + "questionnaire-optionExclusive") or ("", False))[1] is True:
            exclusive.add((found[0], key))
    loose = _computed(item, notes)
    if listed:
        notes.checked.append(f"options ({sum(map(len, listed.values()))})")
    elif item["type"] in ("choice", "open-choice"):
        if "answerValueSet" in item:
            loose = _add_value_set(str(item["answerValueSet"]), around, notes, listed) or loose
        elif not loose:
            notes.lacks("answerOption", "the item offers no answers, so any coding is accepted")
    return Offered({name: frozenset(keys) for name, keys in listed.items()}, loose, frozenset(exclusive))


def _computed(item: Element, notes: Notes) -> bool:
    for part in ("answerExpression", "answerOptionsToggleExpression"):
        if extension(item, SDC + f"sdc-questionnaire-{part}") is not None:
            notes.lacks(part, "which answers are offered is computed by an expression (FHIRPath), and no expression is evaluated")
            return part == "answerExpression"
    return False


def _add_value_set(canonical: str, around: Around, notes: Notes, listed: dict[str, set[Hashable]]) -> bool:
    """Adds the codes of a value set; says whether they have to be taken unchecked."""
    try:
        codes = expand(canonical, around)
    except NotAtHand as reason:
        notes.lacks("answerValueSet", f"{reason}; its codes pass with a warning")
        return True
    listed["valueCoding"] = set(codes)
    notes.checked.append(f"value set ({len(codes)})")
    return False


def readers(item: Element, offer: Offered, around: Around, notes: Notes) -> Mapping[str, Reader]:
    """One reader for each value[x] that the item takes."""
    kind = item["type"]
    names = VALUES[kind]
    if kind == "choice" and offer.listed:
        names = tuple(offer.listed)
    elif kind == "open-choice":
        names = tuple(dict.fromkeys((*offer.listed, *names)))
    link = item["linkId"] if len(item["linkId"]) <= LINK_LIMIT_CHARACTERS else ""
    if not link and names:
        notes.lacks("linkId", f"it has more than {LINK_LIMIT_CHARACTERS} characters, so its answers stay in the raw resource")
    return {name: _reader(name, link, kind, offer, limits(item, name, around, notes)) for name in names}


def _reader(name: str, link: str, kind: str, offer: Offered, checks: tuple[Check, ...]) -> Reader:
    """Options that are checked and need nothing else are one look into a table."""
    listed = offer.listed.get(name)
    free = kind == "open-choice" and name == "valueString"
    if listed is not None and not free and not offer.loose:
        return _listed(name, link, listed, checks, _not_offered(name, listed, kind))
    keep = _keep(name, link)
    if name == "valueCoding":
        # without any list the form says itself that every code will do; one that should be on a list was not checked
        unsure = offer.loose
        closed = kind == "open-choice" and offer.listed and not offer.loose
        return _coding(keep, _not_offered(name, frozenset(), kind) if closed else None, unsure=unsure)
    if not checks:
        return keep

    def checked(value: Any) -> Read:
        remark: Problem | None = None
        for check in checks:
            problem = check(value)
            if problem is not None:
                if problem.severity == "error":
                    return problem
                remark = problem
        return keep(value) if remark is None else Told(remark, keep(value))

    return checked


def _not_offered(name: str, listed: frozenset[Hashable], kind: str) -> Problem:
    """The refusal of what is not on an item's list: it says what is, where that is short."""
    what = "this code" if kind == "open-choice" else "this answer"
    told = _in_words(name, listed) if len(listed) <= OPTIONS_TOLD else ""
    offers = f" Offered: {told}." if told and len(told) <= OPTIONS_TOLD_CHARACTERS else ""
    both = " System and code must both match." if name == "valueCoding" else ""
    instead = " Send another answer as valueString." if kind == "open-choice" else ""
    return broken_rule("code-invalid", "value", f"The Questionnaire does not offer {what}.{offers}{both}{instead}")


def _in_words(name: str, listed: frozenset[Hashable]) -> str:
    """The options of a list; "" where they have no short name."""
    if name != "valueCoding":
        return ", ".join(sorted((str(key) for key in listed if type(key) is not tuple), key=lambda text: (len(text), text)))
    codings = [cast("tuple[str | None, str]", key) for key in listed]
    if any(code.startswith("\0") for _, code in codings):  # known by its display alone
        return ""
    codes: dict[str | None, list[str]] = {}
    for system, code in sorted(codings, key=lambda one: (one[0] or "", len(one[1]), one[1])):
        codes.setdefault(system, []).append(code)
    return " and ".join(f"{', '.join(of)} {f'of system {system}' if system else 'without system'}" for system, of in codes.items())


def _listed(name: str, link: str, listed: frozenset[Hashable], checks: tuple[Check, ...], refused: Problem) -> Reader:
    keep = _keep(name, link)
    if name == "valueCoding":
        table: dict[tuple[str | None, str | None], Read] = {}
        for key in listed:
            system, code = cast("tuple[str | None, str | None]", key)
            told = code is not None and not code.startswith("\0") and len(code) <= CODE_LIMIT_CHARACTERS and link
            table[system, code] = AnswerValue(link, code=code) if told else None

        def coding(value: Any) -> Read:
            if "code" in value:
                return table.get((value.get("system"), value["code"]), refused)
            return table.get(coding_key(value), refused)

        return coding

    def other(value: Any) -> Read:
        if option_key(name, value) not in listed:
            return refused
        return next((problem for check in checks if (problem := check(value)) is not None), None) or keep(value)

    return other


def _coding(keep: Keep, refused: Problem | None, *, unsure: bool) -> Reader:
    def coding(value: Any) -> Read:
        if refused is not None:
            return refused
        if len(value.get("code", "")) > CODE_LIMIT_CHARACTERS:
            return _CODE_TOO_LONG
        return Told(_NOT_AT_HAND, keep(value)) if unsure else keep(value)

    return coding


def _keep(name: str, link: str) -> Keep:
    """Codes and numbers go on; text, dates and attachments stay in the raw resource."""
    if not link or name not in ("valueCoding", "valueInteger", "valueDecimal", "valueBoolean"):
        return _nothing
    if name == "valueBoolean":
        yes, no = AnswerValue(link, boolean=True), AnswerValue(link, boolean=False)
        return lambda value: yes if value else no
    if name == "valueCoding":
        return lambda value: AnswerValue(link, code=value["code"]) if "code" in value else None
    if name == "valueDecimal":
        return lambda value: AnswerValue(link, decimal=format(Decimal(value), "f"))
    made: dict[int, AnswerValue] = {}

    def integer(value: int) -> AnswerValue:
        found = made.get(value)
        if found is None:
            found = AnswerValue(link, integer=value)
            if len(made) < REMEMBERED:
                made[value] = found
        return found

    return integer


def _nothing(_: Any) -> None:
    return None
