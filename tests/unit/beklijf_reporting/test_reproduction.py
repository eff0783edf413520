"""The study, reproduced: rounding half up at the printed decimals, and exact comparison (M35)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from beklijf_domain.study import Place, Printed
from beklijf_reporting.domain.reproduction import Found, compare


def row(printed: str, comparator: str = "equal", unit: str = "number", ours: str = "", points: str = "0") -> Printed:
    """A printed number; where it is found does not matter here."""
    given: Any = (comparator, Decimal(points), ours, "because" if ours else "", "Table 1")
    return Printed("a", "1", Place("flow", {"year": "all"}, "n"), unit, printed, *given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("printed", "found", "verdict", "ours"),
    [
        (row("46.5"), "46.45", "equal", "46.5"),
        (row("46.5"), "46.4499999", "differs", "46.4"),
        (row("46"), "46.4999", "equal", "46"),
        (row("46"), "46.5", "differs", "47"),
        (row("433"), "433", "equal", "433"),
        (row("yes"), "yes", "equal", "yes"),
        (row("yes"), "no", "differs", "no"),
        (row("40", unit="percent"), "0.40463", "equal", "40"),
        (row("41", unit="percent"), "0.405", "equal", "41"),
        (row("17", unit="decrease"), "-16.5", "equal", "17"),
        (row("17", unit="decrease"), "-16.4999", "differs", "16"),
        (row("62", "within", "percent", points="1.0"), "0.63", "equal", "63"),
        (row("62", "within", "percent", points="1.0"), "0.6300001", "differs", "63"),
        (row("62", "within", "percent", points="1.0"), "0.61", "equal", "61"),
        (row("1", "less-than", "percent"), "0.0082", "equal", "1"),
        (row("1", "less-than", "percent"), "0.01", "differs", "1"),
        (row("98", "greater-than", "percent"), "0.9801", "equal", "98"),
        (row("98", "greater-than", "percent"), "0.98", "differs", "98"),
        (row("148", "contradicted", ours="418"), "418", "contradicted", "418"),
        (row("148", "contradicted", ours="418"), "148", "differs", "148"),
        (row("148", "contradicted", ours="418"), "417", "differs", "417"),
    ],
)
def test_ours_is_rounded_half_up_and_then_compared_as_text(printed: Printed, found: str, verdict: str, ours: str) -> None:
    (result,) = compare([printed], lambda _: Found(found)).results

    assert (result.verdict, result.ours) == (verdict, ours)
    assert result.is_met == (verdict in {"equal", "contradicted"})


def test_what_is_hidden_or_not_there_is_not_met_and_says_which() -> None:
    hidden = compare([row("4")], lambda _: Found(hidden=True)).results[0]
    absent = compare([row("4")], lambda _: Found()).results[0]

    assert (hidden.verdict, hidden.is_met, hidden.ours) == ("hidden", False, None)
    assert (absent.verdict, absent.is_met, absent.ours) == ("absent", False, None)


def test_n_of_n_counts_what_is_met() -> None:
    found = iter([Found("1"), Found("5"), Found("9")])

    reproduction = compare([row("1"), row("2", "contradicted", ours="5"), row("3")], lambda _: next(found))

    assert (reproduction.met, reproduction.total) == (2, 3)
    assert (reproduction.count("equal"), reproduction.count("contradicted"), reproduction.count("differs")) == (1, 1, 1)
