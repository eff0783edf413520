"""enableWhen: which items the other answers switch off.

A condition looks at the answers to its question that are nearest: within the repetition of a group, or below the one answer, that both
stand in. A question that is switched off counts as unanswered, so conditions are decided in the order in which they rest on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from beklijf_intake.domain.form.comparable import Comparable, comparable, has_order, is_below, same
from beklijf_intake.domain.form.extensions import Element, Notes, value_of

Operator = Literal["exists", "=", "!=", ">", "<", ">=", "<="]
At = tuple[int, ...]
"""Where in a response: the top, then each repetition around it, outermost first, by the identity of its JSON object."""

TOP: At = (0,)
_ANY_KIND = ("choice", "open-choice")
_KINDS = {
    "boolean": "boolean", "decimal": "number", "integer": "number", "date": "when", "dateTime": "when", "time": "time", "string": "text",
    "text": "text", "url": "text", "reference": "reference", "quantity": "quantity",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """One enableWhen: the item is enabled if the answers to `question` compare so with `wanted` (for `exists` a boolean)."""

    question: str
    operator: Operator
    wanted: Any
    depth: int = 0
    """How many repetitions around the item also hold the question whose answers count."""
    switch: tuple[str, int] | None = None
    """The item (with its depth) that may switch the question itself off."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The conditions of one item. `within` is the innermost repeating item around it; `above` may switch it off as well."""

    link: str
    depth: int
    within: str
    conditions: tuple[Condition, ...]
    any_of_them: bool
    above: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Switches:
    """All rules of a form, in the order in which they are decided; `asked` says at which depths answers to a question are looked for."""

    rules: tuple[Rule, ...]
    asked: Mapping[str, tuple[int, ...]]
    holders: frozenset[str]
    """The repeating items within which rules are decided."""

    def off(self, given: Given, step: Callable[[int], None]) -> frozenset[tuple[int, str]]:
        """What is switched off, as (innermost repetition, linkId). Every condition and every answer that it looks at is a step."""
        off: set[tuple[int, str]] = set()
        for rule in self.rules:
            for at in given.places.get(rule.within, ()):
                step(sum(given.looked(condition, at) for condition in rule.conditions))
                if rule.above is not None and (at[rule.above[1]], rule.above[0]) in off:
                    off.add((at[-1], rule.link))
                    continue
                met = [_is_met(condition, given.to(condition, at, off)) for condition in rule.conditions]
                if not (any(met) if rule.any_of_them else all(met)):
                    off.add((at[-1], rule.link))
        return frozenset(off)


class Given:
    """The answers that conditions ask for, and the repetitions there are, collected from one response."""

    __slots__ = ("_answers", "places")

    def __init__(self) -> None:
        self._answers: dict[tuple[int, str], list[tuple[At, Comparable]]] = {}
        self.places: dict[str, list[At]] = {"": [TOP]}

    def answered(self, link: str, depths: Iterable[int], at: At, value: Comparable) -> None:
        """Notes an answer that stands at this place."""
        for depth in depths:
            if depth < len(at):
                self._answers.setdefault((at[depth], link), []).append((at, value))

    def looked(self, condition: Condition, at: At) -> int:
        """How many steps a condition takes at a place."""
        return 1 + len(self._answers.get((at[condition.depth], condition.question), ()))

    def to(self, condition: Condition, at: At, off: set[tuple[int, str]]) -> list[Comparable]:
        """The answers to a condition's question as seen from a place, without those that are switched off."""
        found = self._answers.get((at[condition.depth], condition.question), ())
        switch = condition.switch
        if switch is None:
            return [value for _, value in found]
        return [value for place, value in found if (place[switch[1]], switch[0]) not in off]


def _is_met(condition: Condition, given: list[Comparable]) -> bool:
    wanted = condition.wanted
    match condition.operator:
        case "exists":
            return bool(given) is wanted
        case "=":
            return any(same(wanted, value) for value in given)
        case "!=":  # R4: no answer equals it; so it holds for no answer at all
            return not any(same(wanted, value) for value in given)
        case ">":
            return any(is_below(wanted, value) for value in given)
        case "<":
            return any(is_below(value, wanted) for value in given)
        case ">=":
            return any(has_order(value, wanted) and not is_below(value, wanted) for value in given)
        case "<=":
            return any(has_order(value, wanted) and not is_below(wanted, value) for value in given)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one item of the Questionnaire stands: its type, the item above it, and the repeating items around it, outermost first."""

    link: str
    type: str
    above: str
    around: tuple[str, ...]


def conditions_of(item: Element, standings: Mapping[str, Standing], notes: Notes) -> tuple[Condition, ...]:
    """The conditions of one item; none, with a note, if one of them cannot be decided: then nothing is said about the item."""
    given = item.get("enableWhen", ())
    if len(given) > 1 and item.get("enableBehavior") not in ("all", "any"):
        notes.lacks("enableWhen", "enableBehavior does not say whether all or any of the conditions must hold (que-12)")
        return ()
    found = [_condition(one, standings, notes) for one in given]
    if any(condition is None for condition in found):
        return ()
    if found:
        notes.checked.append(f"enableWhen ({len(found)})")
    return tuple(condition for condition in found if condition is not None)


def _condition(given: Element, standings: Mapping[str, Standing], notes: Notes) -> Condition | None:
    question, operator, answer = given.get("question", ""), given.get("operator"), value_of(given, "answer")
    target = standings.get(question)
    if target is None or answer is None or operator not in ("exists", "=", "!=", ">", "<", ">=", "<="):
        notes.lacks("enableWhen", "a condition names a question, an operator or an answer that is not there")
        return None
    if operator == "exists":
        if type(answer[1]) is not bool:
            notes.lacks("enableWhen", "a condition with exists needs a boolean (que-7)")
            return None
        return Condition(question, operator, answer[1])
    wanted = comparable("value" + answer[0].removeprefix("answer"), answer[1])
    if target.type not in _ANY_KIND and wanted[0] != _KINDS.get(target.type):
        notes.lacks("enableWhen", f"a condition compares {answer[0]} with a question of type {target.type}")
        return None
    if operator not in ("=", "!=") and wanted[0] not in ("number", "when", "time", "text", "quantity"):
        notes.lacks("enableWhen", f"a condition with {operator} needs a value that has an order, not {answer[0]}")
        return None
    return Condition(question, operator, wanted)


def arrange(conditions: Mapping[str, tuple[tuple[Condition, ...], bool]], standings: Mapping[str, Standing]) -> tuple[Switches, list[str]]:
    """All rules, each knowing where it looks, in an order in which they can be decided; and the items whose conditions go in a circle.

    `conditions` gives those of each item that has some, and whether any of them is enough.
    """
    rests_on = {link: _rests_on(link, own, conditions, standings) for link, (own, _) in conditions.items()}
    tangled = _tangled(rests_on)
    for link in tangled:  # these take the answers as they came; only what stands above them still switches them off
        rests_on[link] = {above for above in (_switch(standings[link].above, conditions, standings),) if above and above not in tangled}
    rules = [_rule(link, *conditions[link], conditions, standings, tangled) for link in TopologicalSorter(rests_on).static_order()]
    asked: dict[str, set[int]] = {}
    for rule in rules:
        for condition in rule.conditions:
            asked.setdefault(condition.question, set()).add(condition.depth)
    depths = {link: tuple(sorted(found)) for link, found in asked.items()}
    return Switches(tuple(rules), depths, frozenset(rule.within for rule in rules)), sorted(tangled)


def _rule(
    link: str,
    own: Sequence[Condition],
    any_of_them: bool,
    conditions: Mapping[str, Any],
    standings: Mapping[str, Standing],
    tangled: frozenset[str],
) -> Rule:
    around = standings[link].around
    placed = tuple(_placed(condition, link, conditions, standings, tangled) for condition in own)
    above = _switch(standings[link].above, conditions, standings)
    within = around[-1] if around else ""
    if above is not None and above in tangled and link in tangled:
        above = None
    return Rule(link, len(around), within, placed, any_of_them, None if above is None else (above, len(standings[above].around)))


def _placed(
    condition: Condition, link: str, conditions: Mapping[str, Any], standings: Mapping[str, Standing], tangled: frozenset[str]
) -> Condition:
    around, target = standings[link].around, standings[condition.question]
    # below a repeating question: the one answer that it stands under
    depth = around.index(target.link) + 1 if target.link in around else sum(1 for _ in _together(around, target.around))
    switch = None if link in tangled else _switch(target.link, conditions, standings)
    where = None if switch is None else (switch, len(standings[switch].around))
    return Condition(condition.question, condition.operator, condition.wanted, depth, where)


def _together(one: Sequence[str], other: Sequence[str]) -> Iterator[str]:
    for left, right in zip(one, other, strict=False):
        if left != right:
            return
        yield left


def _switch(link: str, conditions: Mapping[str, Any], standings: Mapping[str, Standing]) -> str | None:
    """The nearest item that has conditions: the item itself or one above it."""
    while link and link not in conditions:
        link = standings[link].above
    return link or None


def _rests_on(link: str, own: Iterable[Condition], conditions: Mapping[str, Any], standings: Mapping[str, Standing]) -> set[str]:
    names = [standings[link].above, *(condition.question for condition in own)]
    return {switch for name in names if (switch := _switch(name, conditions, standings)) is not None}


def _tangled(rests_on: Mapping[str, set[str]]) -> frozenset[str]:
    """The items whose conditions rest, directly or not, on themselves."""
    try:
        TopologicalSorter(rests_on).prepare()
    except CycleError:
        return frozenset(link for link in rests_on if link in _reached(link, rests_on))
    return frozenset()


def _reached(link: str, rests_on: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(rests_on[link])
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting.extend(rests_on[one])
    return reached
