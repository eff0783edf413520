"""FHIRPath, the one door to the library that evaluates it: which part of the language may be used, exactly, and at what cost.

The library follows paths, filters and calls functions. Numbers are ours: it would divide in binary fractions, round halves to even and
give 0 for the sum of nothing. So every function that gives or compares numbers is put in here, in fractions. What may be written is a
closed list (`beklijf_shared.fhirpath_subset`), and every element that is looked at is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

import fhirpathpy
from antlr4 import CommonTokenStream, InputStream, ParseTreeWalker, Token
from antlr4.error.ErrorListener import ErrorListener
from fhirpathpy.engine import do_eval
from fhirpathpy.engine.util import get_data
from fhirpathpy.models import models
from fhirpathpy.parser.ASTPathListener import ASTPathListener
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

from beklijf_domain.expression import NoResult
from beklijf_shared.fhirpath_subset import STEPS_MAXIMUM, WEIGHTS

ENGINE = f"fhirpathpy {fhirpathpy.__version__}"
DIGITS_MAXIMUM = 30
"""Of numerator and denominator: what events hold, and no number of a score is near it."""

Tree = dict[str, Any]
Collection = list[Any]
Context = dict[str, Any]
Lambda = Callable[[Any], Collection]


class Unreadable(ValueError):
    """Text that is no FHIRPath; the message is a sentence for whoever wrote it."""


class _Uncomputable(Exception):
    """What cannot be computed for these answers."""


class _Strict(ErrorListener):  # type: ignore[misc]
    """The library's own parser guesses what was meant, and stops silently at what it cannot read."""

    def syntaxError(self, recognizer: Any, offending: Any, line: int, column: int, message: str, error: Any) -> None:  # noqa: N802, ARG002
        raise Unreadable(f"is no FHIRPath at character {column + 1} of line {line}")


def tree_of(text: str) -> Tree:
    """The expression as a tree of the library, read to its end. Raises Unreadable."""
    lexer = FHIRPathLexer(InputStream(text))
    tokens = CommonTokenStream(lexer)
    parser = FHIRPathParser(tokens)
    for each in (lexer, parser):
        each.removeErrorListeners()
        each.addErrorListener(_Strict())
    made = ASTPathListener()
    try:
        ParseTreeWalker().walk(made, parser.expression())
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    if tokens.LA(1) != Token.EOF:
        raise Unreadable("goes on after its end")
    tree: Tree = made.parentStack[0]["children"][0]
    return tree


def evaluate(tree: Tree, resource: Mapping[str, Any], questionnaire: Mapping[str, Any]) -> tuple[Fraction, int]:
    """The one number that the expression gives for a QuestionnaireResponse, exactly, and how many elements it looked at. Raises
    NoResult: nothing to compute with, no single number, an error, or too many steps. Never anything else."""
    context: Context = {
        "dataRoot": [resource],
        "vars": {"context": resource, "resource": resource, "questionnaire": questionnaire},
        "model": models["r4"],
        "userInvocationTable": FUNCTIONS,
        "steps": 0,
    }
    try:
        found = do_eval(context, context["dataRoot"], tree)
        return _number(_single(_some(found))), context["steps"]
    except NoResult:
        raise
    except Exception:  # noqa: BLE001 (whatever a library raises about one answer is a score that is not there, never a stalled partition)
        raise NoResult("expression-failed") from None


def _charge(context: Context, steps: int) -> None:
    context["steps"] += steps
    if context["steps"] > STEPS_MAXIMUM:
        raise NoResult("expression-too-costly")


def _some(found: Collection) -> Collection:
    if not found:
        raise NoResult("expression-empty")
    return found


def _single(found: Collection) -> Any:
    if len(found) != 1:
        raise _Uncomputable
    return get_data(found[0])


def _number(data: Any) -> Fraction:
    """A number, exactly: whole, or decimal as it is written. A truth value is none."""
    if isinstance(data, bool) or not isinstance(data, int | Decimal | Fraction):
        raise _Uncomputable
    return _bounded(Fraction(data))


def _bounded(number: Fraction) -> Fraction:
    limit = 10**DIGITS_MAXIMUM
    if abs(number.numerator) >= limit or number.denominator >= limit:
        raise _Uncomputable
    return number


def _numbers(context: Context, found: Collection) -> list[Fraction]:
    _charge(context, len(found))
    return [_number(get_data(each)) for each in found]


# --- functions over elements: each looks at an element once, counts it, and leaves $this as it found it --------------------------------


def _each(context: Context, found: Collection, criterion: Lambda) -> Iterable[tuple[Any, Collection]]:
    kept: Context = {name: context[name] for name in ("$this", "$index") if name in context}
    for index, element in enumerate(found):
        _charge(context, 1)
        context["$index"] = index
        given = criterion(element)
        _charge(context, max(0, len(given) - 1))
        yield element, given
    context.update(kept)


def _is_true(given: Collection) -> bool:
    if not given:
        return False
    truth = _single(given)
    if not isinstance(truth, bool):
        raise _Uncomputable
    return truth


def _where(context: Context, found: Collection, criterion: Lambda) -> Collection:
    return [element for element, given in _each(context, found, criterion) if _is_true(given)]


def _select(context: Context, found: Collection, projection: Lambda) -> Collection:
    return [each for _, given in _each(context, found, projection) for each in given]


def _all(context: Context, found: Collection, criterion: Lambda) -> Collection:
    truths = [_is_true(given) for _, given in _each(context, found, criterion)]
    return [all(truths)]


def _exists(context: Context, found: Collection, criterion: Lambda | None = None) -> Collection:
    return [bool(found if criterion is None else _where(context, found, criterion))]


def _repeat(context: Context, found: Collection, projection: Lambda) -> Collection:
    """All that can be reached, level by level."""
    reached: Collection = []
    level = found
    while level:
        level = _select(context, level, projection)
        reached += level
    return reached


def _aggregate(context: Context, found: Collection, step: Lambda, start: Collection | None = None) -> Collection:
    """Of nothing there is no result: else a form without answers would score what the expression starts with."""
    outer, total = context.get("$total"), start or []
    context["$total"] = total
    for _, given in _each(context, _some(found), step):
        context["$total"] = total = given
    context["$total"] = outer
    return total


def _union(context: Context, one: Collection, other: Collection) -> Collection:
    _charge(context, len(one) + len(other))
    distinct: Collection = []
    distinct += (each for each in [*one, *other] if get_data(each) not in [get_data(known) for known in distinct])
    return distinct


def _weight(context: Context, found: Collection) -> Collection:
    """What each code counts for, by the Questionnaire; a code without a weight is no zero."""
    _charge(context, len(found))
    weights: Collection = []
    for each in found:
        extensions = {one["url"]: one["valueDecimal"] for one in get_data(each).get("extension", ())}
        weights.append(_number(next(extensions[url] for url in WEIGHTS if url in extensions)))
    return weights


# --- numbers -------------------------------------------------------------------------------------------------------------------------


def _sum(context: Context, found: Collection) -> Collection:
    """Of nothing there is no sum; the library says 0."""
    return [_bounded(sum(_numbers(context, _some(found)), Fraction(0)))]


def _mean(context: Context, found: Collection) -> Collection:
    return [_bounded(sum(_numbers(context, found), Fraction(0)) / len(found))] if found else []


def _extreme(choose: Callable[[list[Fraction]], Fraction]) -> Callable[[Context, Collection], Collection]:
    return lambda context, found: [choose(_numbers(context, found))] if found else []


def _of_one(compute: Callable[[Fraction], Fraction | int]) -> Callable[[Context, Collection], Collection]:
    return lambda _, found: [Fraction(compute(_number(_single(found))))] if found else []


def _of_two(compute: Callable[[Fraction, Fraction], Fraction | bool | None]) -> Callable[[Context, Collection, Collection], Collection]:
    """Of two numbers; of nothing nothing, as the specification says."""

    def operator(_: Context, one: Collection, other: Collection) -> Collection:
        result = compute(_number(_single(one)), _number(_single(other)))
        return [] if result is None else [result if isinstance(result, bool) else _bounded(result)]

    return operator


def _round(_: Context, found: Collection, decimals: Any = 0) -> Collection:
    """Halves away from zero, as the specification says; the library rounds them to even."""
    if not found:
        return []
    grid = 10 ** int(decimals or 0)
    grown = _number(_single(found)) * grid
    away = floor(abs(grown) + Fraction(1, 2))
    return [Fraction(away if grown >= 0 else -away, grid)]


def _parsed(_: Context, found: Collection) -> Collection:
    """A number, also where it is written as text; what is no number is no score, and not left out."""
    if not found:
        return []
    data = _single(found)
    return [_bounded(Fraction(Decimal(data)))] if isinstance(data, str) else [_number(data)]


def _whole(context: Context, found: Collection) -> Collection:
    parsed = _parsed(context, found)
    if any(each.denominator != 1 for each in parsed):
        raise _Uncomputable
    return parsed


def _same(one: Collection, other: Collection) -> bool:
    if len(one) != len(other):
        return False
    return all(_comparable(get_data(a)) == _comparable(get_data(b)) for a, b in zip(one, other, strict=True))


def _comparable(data: Any) -> Any:
    return Fraction(data) if isinstance(data, Decimal) else data


def _truncated(number: Fraction) -> int:
    return floor(number) if number >= 0 else ceil(number)


_TWO = {"arity": {2: ["Any", "Any"]}, "nullable": True}

FUNCTIONS: Mapping[str, Mapping[str, Any]] = {
    "where": {"fn": _where, "arity": {1: ["Expr"]}},
    "select": {"fn": _select, "arity": {1: ["Expr"]}},
    "all": {"fn": _all, "arity": {1: ["Expr"]}},
    "exists": {"fn": _exists, "arity": {0: [], 1: ["Expr"]}},
    "repeat": {"fn": _repeat, "arity": {1: ["Expr"]}},
    "aggregate": {"fn": _aggregate, "arity": {1: ["Expr"], 2: ["Expr", "Any"]}},
    "weight": {"fn": _weight},
    "ordinal": {"fn": _weight},
    "sum": {"fn": _sum},
    "avg": {"fn": _mean},
    "min": {"fn": _extreme(min)},
    "max": {"fn": _extreme(max)},
    "abs": {"fn": _of_one(abs)},
    "ceiling": {"fn": _of_one(ceil)},
    "floor": {"fn": _of_one(floor)},
    "truncate": {"fn": _of_one(_truncated)},
    "round": {"fn": _round, "arity": {0: [], 1: ["Integer"]}},
    "toInteger": {"fn": _whole},
    "toDecimal": {"fn": _parsed},
    "|": {"fn": _union, "arity": {2: ["Any", "Any"]}},
    "+": {"fn": _of_two(lambda one, other: one + other), **_TWO},
    "-": {"fn": _of_two(lambda one, other: one - other), **_TWO},
    "*": {"fn": _of_two(lambda one, other: one * other), **_TWO},
    "/": {"fn": _of_two(lambda one, other: one / other if other else None), **_TWO},
    "div": {"fn": _of_two(lambda one, other: Fraction(_truncated(one / other)) if other else None), **_TWO},
    "mod": {"fn": _of_two(lambda one, other: one - other * _truncated(one / other) if other else None), **_TWO},
    "<": {"fn": _of_two(lambda one, other: one < other), **_TWO},
    "<=": {"fn": _of_two(lambda one, other: one <= other), **_TWO},
    ">": {"fn": _of_two(lambda one, other: one > other), **_TWO},
    ">=": {"fn": _of_two(lambda one, other: one >= other), **_TWO},
    "=": {"fn": lambda _, one, other: [_same(one, other)], **_TWO},
    "!=": {"fn": lambda _, one, other: [not _same(one, other)], **_TWO},
}
"""What stands in the place of the library's own; everything else that is allowed is the library's."""
