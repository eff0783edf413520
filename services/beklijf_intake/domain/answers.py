"""Does a QuestionnaireResponse fit its Questionnaire? Checks and reads the answers in one walk.

A completed or amended form must answer what is required; a form in progress, stopped or retracted need not. Everything else
holds for all of them. Codes and numbers come out; text stays in the raw resource.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from beklijf_intake.domain.form.comparable import comparable
from beklijf_intake.domain.form.conditions import TOP, At, Given
from beklijf_intake.domain.form.options import Told, option_key
from beklijf_intake.domain.form.totals import differing
from beklijf_intake.domain.problem import Problem, broken_rule, joined, malformed, warning
from beklijf_intake.domain.questionnaire import Form, Item, Place
from beklijf_intake.domain.submission import AnswerValue

Problems = list[Problem]
Resource = dict[str, Any]

PROBLEMS_LIMIT = 200  # of one response; more help nobody
STEPS_LIMIT = 200_000
"""Items, required items and conditions that are looked at; some 100 ms. A form of 808 items that is answered whole needs 3,000."""

_COMPLETE = ("completed", "amended")
_OFF = broken_rule("invariant", "", "This item is not enabled (enableWhen): given the other answers it must not be answered.")
_BOTH = malformed("invariant", "", "An item has answers or items, not both; the items of a question stand under its answer (qrs-1).")
_ONE_ANSWER = broken_rule("invariant", "answer", "This item takes one answer.")
_BELOW_ANSWER = broken_rule("invariant", "item", "The items of a question stand under its answer.")
_EXCLUSIVE = broken_rule("invariant", "answer", "One of these answers excludes all others (optionExclusive).")
_FIXED = warning("value", "answer", "The Questionnaire gives this item a value that is not to be changed (readOnly); another was sent.")
_UNKNOWN = broken_rule("invariant", "linkId", "The Questionnaire has no item with this linkId.")
_TWICE = broken_rule("invariant", "linkId", "This item is given twice. Several answers to a repeating question stand under one item.")
_COSTLY = broken_rule("too-costly", "item", "Checking this form takes more steps than one form may take. Send fewer repetitions.")


class _TooCostly(Exception):
    """The steps that one check may take are used up."""


def check(form: Form, response: Resource) -> tuple[Problems, tuple[AnswerValue, ...]]:
    """Problems (warnings among them; expressions start below the resource) and the coded and numeric answers in their order."""
    walk = _Walk(form, complete=response["status"] in _COMPLETE)
    try:
        found = walk.response(response)
    except _TooCostly:
        return [_COSTLY], ()
    if form.totals:
        return found + walk.totals(response), tuple(walk.answers)
    return found, tuple(walk.answers)


class _Walk:
    """One pass over the items. Each method returns None while all is well, else problems relative to what it was given.

    `at` is where in the repetitions of the response we are; `off` what is switched off there.
    """

    __slots__ = ("answers", "complete", "disordered", "form", "off", "other_texts", "steps")

    def __init__(self, form: Form, *, complete: bool) -> None:
        self.form = form
        self.complete = complete
        self.off: frozenset[tuple[int, str]] = frozenset()
        self.disordered = 0
        self.other_texts = 0
        self.steps = 0
        self.answers: list[AnswerValue] = []

    def response(self, response: Resource) -> Problems:
        """All problems of a response."""
        items = response.get("item", ())
        if self.form.switches is not None:
            given = Given()
            self.collect(items, self.form.top, TOP, given)
            self.off = self.form.switches.off(given, self.step)
        found = self.place(items, self.form.top, TOP) or []
        if self.other_texts:
            sentence = f"The text of {self.other_texts} item(s) differs from the Questionnaire's. The linkIds decide."
            found = [*found, warning("value", "item", sentence)]
        if self.disordered:
            sentence = f"{self.disordered} item(s) stand in another order than in the Questionnaire. The linkIds decide."
            found = [*found, warning("structure", "item", sentence)]
        return found

    def step(self, count: int) -> None:
        """Counts what was looked at; raises _TooCostly."""
        self.steps += count
        if self.steps > STEPS_LIMIT:
            raise _TooCostly

    def place(self, items: Sequence[Resource], place: Place, at: At) -> Problems | None:
        """The items at one place."""
        found: Problems | None = None
        known, last, seen = place.items, -1, set()
        self.step(len(items) + len(place.required))
        for index, item in enumerate(items):
            spec = known.get(item["linkId"])
            if spec is None:
                bad: Problems | None = [self.misplaced(item["linkId"])]
            elif spec.order in seen and not (spec.repeats and spec.type == "group"):
                bad = [_TWICE]
            else:
                if spec.order < last:
                    self.disordered += 1
                last = spec.order
                seen.add(last)
                bad = self.item(item, spec, at)
            if bad:
                found = _add(found, f"item[{index}]", bad)
        if self.complete and place.required:
            found = self.required(items, place, at, found)
        return found if not place.counted else self.counted(items, place, at, found)

    def required(self, items: Sequence[Resource], place: Place, at: At, found: Problems | None) -> Problems | None:
        """What a completed form lacks at this place."""
        answered = {item["linkId"] for item in items if _is_answered(item, place)}
        for spec in place.required:
            if spec.link not in answered and not (spec.conditional and (at[-1], spec.link) in self.off):
                sentence = f"The item with linkId {spec.link} is required in a completed form. Send it, or send the form as in-progress."
                there = next((f"item[{index}]" for index, item in enumerate(items) if item["linkId"] == spec.link), "item")
                found = _add(found, there, [broken_rule("required", "", sentence)])
        return found

    def counted(self, items: Sequence[Resource], place: Place, at: At, found: Problems | None) -> Problems | None:
        """Groups that are given too often, or not often enough."""
        counts = Counter(item["linkId"] for item in items if "item" in item)
        for spec in place.counted:
            if counts[spec.link] and not (spec.conditional and (at[-1], spec.link) in self.off):
                bad = self.occurrences(counts[spec.link], spec)
                found = _add(found, "item", [bad]) if bad else found
        return found

    def occurrences(self, count: int, spec: Item) -> Problem | None:
        """Whether an item is given as often as the form asks; too seldom only matters in a completed form."""
        least, most = spec.occurs or (0, None)
        if most is not None and count > most:
            return broken_rule("invariant", "", f"The item with linkId {spec.link} may be given at most {most} times.")
        if self.complete and count < least:
            return broken_rule(
                "required", "", f"The item with linkId {spec.link} must be given at least {least} times in a completed form."
            )
        return None

    def item(self, item: Resource, spec: Item, at: At) -> Problems | None:
        """One item that stands where it should."""
        if spec.text is not None and item.get("text", spec.text) != spec.text:
            self.other_texts += 1
        answers = item.get("answer")
        if not answers or "item" in item or spec.conditional or not spec.readers:
            return self.uncommon(item, spec, at)
        return self.question(answers, spec, at)

    def uncommon(self, item: Resource, spec: Item, at: At) -> Problems | None:
        """An item that is a group, is empty, may be switched off, or has what it should not have."""
        answers, children = item.get("answer"), item.get("item")
        if answers and children:
            return [_BOTH]
        if spec.conditional and (answers or children) and (at[-1], spec.link) in self.off:
            return [_OFF]
        if answers:
            if spec.readers:
                return self.question(answers, spec, at)
            return [broken_rule("invariant", "answer", f"An item of type {spec.type} takes no answer.")]
        if not children:
            return None  # nothing was filled in: as if the item were not there
        if spec.type != "group":
            return [_BELOW_ANSWER]
        return None if spec.below is None else self.place(children, spec.below, (*at, id(item)) if spec.opens else at)

    def question(self, answers: Sequence[Resource], spec: Item, at: At) -> Problems | None:
        """The answers to one question."""
        found: Problems | None = None
        for index, answer in enumerate(answers):
            bad = self.answer(answer, spec, at)
            if bad:
                found = _add(found, f"answer[{index}]", bad)
        if len(answers) > 1:
            self.step(len(answers))
            if not spec.repeats:
                found = _add(found, "", [_ONE_ANSWER])
            elif spec.exclusive and any(key in spec.exclusive for key in _keys(answers, spec)):
                found = _add(found, "", [_EXCLUSIVE])
        if spec.occurs is not None and spec.repeats and (bad_count := self.occurrences(len(answers), spec)):
            found = _add(found, "answer", [bad_count])
        if spec.fixed and tuple(_comparables(answers, spec)) != spec.fixed:
            found = _add(found, "", [_FIXED])
        return found

    def answer(self, answer: Resource, spec: Item, at: At) -> Problems | None:
        """One answer and the items beneath it."""
        bad: Problems | None = None
        for name, value in answer.items():
            read = spec.readers.get(name)
            if read is not None:
                kept = read(value)
                if type(kept) is AnswerValue:
                    self.answers.append(kept)
                elif kept is not None:
                    bad = self.unusual(kept)
                break
        else:
            if not any(name[0] == "_" and name[1:] in spec.readers for name in answer):  # there, but with a reason why it is not known
                ways = " or ".join(spec.readers)
                return [broken_rule("value", "value", f"An item of type {spec.type} is answered with {ways}.")]
        return self.beneath(answer, spec, at, bad) if spec.below is not None or "item" in answer else bad

    def unusual(self, read: Problem | Told | AnswerValue) -> Problems:
        """A value with something to be said of it."""
        if type(read) is Told:
            if read.kept is not None:
                self.answers.append(read.kept)
            return [read.problem]
        assert isinstance(read, Problem)
        return [read]

    def beneath(self, answer: Resource, spec: Item, at: At, bad: Problems | None) -> Problems | None:
        """The items beneath an answer; those beneath one that is wrong itself are looked at when that is mended."""
        if bad and bad[0].severity == "error":
            return bad
        children = answer.get("item", ())
        if spec.below is None:
            return _add(bad, "", [_UNKNOWN.below("item[0]")])
        more = self.place(children, spec.below, (*at, id(answer)) if spec.opens else at)
        return _add(bad, "", more) if more else bad

    def misplaced(self, link: str) -> Problem:
        """An item that the Questionnaire does not have here."""
        above = self.form.above.get(link)
        if above is None:
            return _UNKNOWN
        place = f"below the item {above}" if above else "at the top of the form"
        return broken_rule("invariant", "linkId", f"The Questionnaire has this item in another place: {place}.")

    def collect(self, items: Sequence[Resource], place: Place, at: At, given: Given) -> None:
        """Notes the answers that conditions look at, and the repetitions in which they do."""
        if not place.heeded:
            return
        self.step(len(items))
        for item in items:
            spec = place.items.get(item["linkId"])
            if spec is None:
                continue
            if spec.type == "group":
                if spec.below is not None and item.get("item"):
                    self.collect(item["item"], spec.below, _within(item, spec, at, given), given)
            elif spec.asked or spec.below is not None:
                self.collect_answers(item.get("answer", ()), spec, at, given)

    def collect_answers(self, answers: Sequence[Resource], spec: Item, at: At, given: Given) -> None:
        """The answers to one question, and what stands beneath them."""
        self.step(len(answers))
        for answer in answers:
            inner = _within(answer, spec, at, given)
            for name in spec.readers if spec.asked else ():
                if name in answer:
                    given.answered(spec.link, spec.asked, inner, comparable(name, answer[name]))
            if spec.below is not None:
                self.collect(answer.get("item", ()), spec.below, inner, given)

    def totals(self, response: Resource) -> Problems:
        """Warnings for totals that differ from ours; what goes on are the answers, never the totals."""
        links = {total.link for total in self.form.totals}
        found: Problems = []
        for link, computed in differing(self.form.totals, self.answers):
            differs = (
                "differs from the total of the answers. The answers count." if computed else "cannot be recomputed: an answer is missing."
            )
            where = next(_found(response, link), "item")
            found.append(warning("value", where, f"The total that was sent along {differs}"))
        self.answers = [answer for answer in self.answers if answer.link not in links]
        return found


def _within(element: Resource, spec: Item, at: At, given: Given) -> At:
    if not spec.opens:
        return at
    inner = (*at, id(element))
    given.places.setdefault(spec.link, []).append(inner)
    return inner


def _is_answered(item: Resource, place: Place) -> bool:
    spec = place.items.get(item["linkId"])
    if spec is None or not spec.readers:
        return bool(item.get("item"))
    # a value of another type is told as that, and not as missing too
    return any(name.startswith("value") for answer in item.get("answer", ()) for name in answer)


def _keys(answers: Sequence[Resource], spec: Item) -> Iterator[tuple[str, Any]]:
    for answer in answers:
        for name in spec.readers:
            if name in answer:
                yield name, option_key(name, answer[name])


def _comparables(answers: Sequence[Resource], spec: Item) -> Iterator[Any]:
    for answer in answers:
        for name in spec.readers:
            if name in answer:
                yield comparable(name, answer[name])


def _found(element: Resource, link: str, where: str = "") -> Iterator[str]:
    """Where an item with this linkId stands, as an expression."""
    for index, item in enumerate(element.get("item", ())):
        here = joined(where, f"item[{index}]")
        if item["linkId"] == link:
            yield here
        yield from _found(item, link, here)
        for number, answer in enumerate(item.get("answer", ())):
            yield from _found(answer, link, f"{here}.answer[{number}]")


def _add(found: Problems | None, prefix: str, bad: Problems) -> Problems:
    found = [] if found is None else found
    room = PROBLEMS_LIMIT - len(found)
    found.extend(Problem(p.severity, p.code, joined(prefix, p.expression), p.sentence, p.status) for p in bad[:room])
    return found
