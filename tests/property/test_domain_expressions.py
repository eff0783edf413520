"""An expression gives what the named operation gives, and whatever is written gives a number, a reason or a refusal, in bounded time."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from beklijf_domain.document import ContractError, Document
from beklijf_domain.expression import WHY_NONE
from beklijf_domain.instrument import Instrument, read
from tests.lib.expressed import CODES, SUM_OF_WEIGHTS, knee, scored, toml

CODINGS = "%resource.item.item.answer.value.ofType(Coding)"
LENIENT = {"missing": "by-expression", "least_answered": 2}
SAME = {  # the operation with its keys; the same as an expression
    "sum": ({"formula": "sum"}, SUM_OF_WEIGHTS, {}),
    "aggregate": ({"formula": "sum"}, f"{CODINGS}.weight().aggregate($this + $total, 0)", {}),
    "mean": ({"formula": "mean", "rounding": "half-up", "high": 400, "scale": 2}, f"{CODINGS}.weight().avg()", {}),
    "mean of those answered": (
        {"formula": "mean", "rounding": "half-up", "high": 400, "scale": 2, "missing": "of-answered", "least_answered": 2},
        f"{CODINGS}.weight().sum() / {CODINGS}.count()",
        LENIENT,
    ),
    "prorated": (
        {"formula": "sum", "rounding": "half-up", "high": 1600, "scale": 2, "missing": "prorated", "least_answered": 2},
        f"{CODINGS}.weight().sum() * 4 / {CODINGS}.count()",
        LENIENT,
    ),
    "percent": (
        {"formula": "percent-of-maximum", "rounding": "half-up", "high": 10000, "scale": 2, "missing": "of-answered", "least_answered": 2},
        f"100 * {CODINGS}.weight().sum() / (4 * {CODINGS}.count())",
        LENIENT,
    ),
    "count": ({"formula": "count", "high": 4}, f"{CODINGS}.where(weight() > 0).count()", {}),
}


@cache
def pair(name: str) -> tuple[Instrument, Instrument]:
    named, expression, missing = SAME[name]
    ends = {key: named[key] for key in ("high", "scale") if key in named}
    data: dict[str, Any] = tomllib.loads(toml("1"))
    measure = {key: value for key, value in data["measures"][0].items() if key not in ("expression", "rounding")}
    return read(Document("knee", data | {"measures": [measure | named]})), knee(expression, **ends, **missing)


answers = st.lists(st.one_of(st.none(), st.sampled_from(sorted(CODES))), min_size=4, max_size=4)


@settings(deadline=None)
@given(st.sampled_from(sorted(SAME)), answers)
def test_an_expression_gives_exactly_what_the_named_operation_gives(name: str, given_: list[str | None]) -> None:
    ours, theirs = pair(name)

    assert scored(theirs, *given_) == scored(ours, *given_)


elements = st.recursive(
    st.sampled_from(["%resource.item", "%resource.item.item", "%questionnaire.item"]),
    lambda inner: st.one_of(
        st.builds("{}.{}".format, inner, st.sampled_from("item answer value code linkId answerOption first() tail() distinct()".split())),
        st.builds(
            "{}.{}({})".format,
            inner,
            st.sampled_from(["where", "select", "all", "exists", "repeat"]),
            st.sampled_from(
                ["$this", "item", "answer.value", "answer.value.exists()", "item.where(item.where(item.exists()).exists())", "1"]
            ),
        ),
        st.builds("({} | {})".format, inner, inner),
    ),
    max_leaves=6,
)
numbers = st.recursive(
    st.one_of(
        st.sampled_from(["1", "0", "2.5", "{}", "'7'", "true"]),
        st.builds("{}.{}".format, elements, st.sampled_from("count() sum() weight() avg() weight().sum() min() toInteger()".split())),
        st.builds(
            "{}.aggregate({}, {})".format,
            elements,
            st.sampled_from(["$this", "$total * $total", "$total | $this", "$total.item"]),
            st.sampled_from(["7", "{}"]),
        ),
    ),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "div", "mod", "=", "<", "and", "in"]), inner),
        st.builds("iif({}, {}, {})".format, inner, inner, inner),
        st.builds("({}).{}".format, inner, st.sampled_from(["round(2)", "abs()", "not()", "toDecimal()", "where($this > 1).sum()"])),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(numbers, answers)
def test_whatever_is_written_gives_a_number_or_a_reason_or_is_refused(expression: str, given_: list[str | None]) -> None:
    try:
        instrument = knee(expression, missing="by-expression", least_answered=1, high=1000)
    except ContractError:
        return

    score = scored(instrument, *given_)

    assert score.scorable == bool(score.values)
    assert score.scorable or score.reason in (*WHY_NONE, "no-answers")


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=60))
def test_no_text_trips_the_check(text: str) -> None:
    try:
        knee(text or "?")
    except ContractError as refused:
        assert str(refused).startswith(("instruments/knee: total: expression: ", "knee.toml: "))  # noqa: PT017
