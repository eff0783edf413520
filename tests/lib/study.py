"""The figures of the iMSR study, computed plainly from rows: what `printed.csv` is held against, and no service.

`Study.text` takes the path of a printed number (`contracts/studies/imsr/README.md` explains it) and answers as a page would print it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import cached_property

from scipy import stats

from tests.lib.received import Row

MONTHS = {"t0": 0, "t1": 2, "t2": 5, "t3": 15}
LONG_TERM_MONTHS = {"2012": 66, "2013": 54, "2014": 42, "2015": 30}
ALPHA = 0.05
IMPROVED = ("completely-recovered", "much-better", "slightly-better")
NOT_IMPROVED = ("same", "slightly-worse", "much-worse")
FIRST_CODES = ("none", "no")

Number = Fraction | Decimal | str
Keys = dict[str, str]


class Study:
    """Rows of the registry, asked by paths."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.all = list(rows)
        self.cohort = [row for row in self.all if row.treatment == "completed"]

    def text(self, path: str, unit: str, printed: str) -> str:
        """A number as a page prints it: with as many decimals as the article, rounded half up."""
        number = self.number(path)
        if isinstance(number, str):
            return number
        return rounded(in_unit(number, unit), len(printed.partition(".")[2]))

    def number(self, path: str) -> Number:
        """The exact number at a path; a square root is rounded at fifty digits."""
        figure, *parts, cell = path.split("/")
        keys = dict(part.split("=", 1) for part in parts)
        return self._figures[figure](keys, cell)

    @cached_property
    def _figures(self) -> dict[str, Callable[[Keys, str], Number]]:
        return {
            "flow": self._flow,
            "protocol": self._protocol,
            "sample-size": self._sample_size,
            "response": self._response,
            "response-by-sex": self._response_by_sex,
            "trajectories": self._trajectories,
            "changes": self._changes,
            "groups": self._groups,
            "mcic": self._mcic,
            "lasting": self._lasting,
            "gpe": self._gpe,
            "care-use": self._care_use,
        }

    def _rows(self, keys: Keys) -> list[Row]:
        """The cohort's rows of a group and a year, where the path names them."""
        year, group = keys.get("year", "all"), keys.get("group", "all")
        return [
            row for row in self.cohort if year in ("all", str(row.year)) and (group == "all" or row.responder == (group == "responders"))
        ]

    def _flow(self, keys: Keys, cell: str) -> Number:
        of_year = [row for row in self.all if keys["year"] in ("all", str(row.year))]
        if cell == "stopped-early-share":
            return Fraction(sum(row.treatment == "stopped-early" for row in of_year), len(of_year))
        return Fraction(sum(row.treatment == cell for row in of_year))

    def _protocol(self, keys: Keys, cell: str) -> Number:
        assert cell == "months"
        return Fraction(MONTHS[keys["moment"]] if "year" not in keys else LONG_TERM_MONTHS[keys["year"]])

    def _sample_size(self, keys: Keys, cell: str) -> Number:
        assert cell == "needed"
        unlimited = Fraction("1.96") ** 2 / 4 / Fraction("0.04") ** 2
        return Fraction(-((-unlimited / (1 + (unlimited - 1) / len(self._rows(keys)))) // 1))

    def _response(self, keys: Keys, cell: str) -> Number:
        assert keys["moment"] == "t4"
        everybody = self._rows(keys)
        responded = sum(row.responder for row in everybody)
        counts = {"cohort": len(everybody), "responded": responded, "no-response": len(everybody) - responded}
        return Fraction(responded, len(everybody)) if cell == "rate" else Fraction(counts[cell])

    def _response_by_sex(self, keys: Keys, cell: str) -> Number:
        everybody = self._rows(keys)
        own = [row for row in everybody if row.gender == keys["sex"]]
        return Fraction(len(own) if cell == "invited-share" else sum(row.responder for row in own), len(everybody))

    def _values(self, keys: Keys) -> list[int]:
        rows = self._rows(keys)
        if keys["instrument"] == "age":
            return [row.age for row in rows]
        key = keys["instrument"], keys["moment"]
        return [row.scores[key] for row in rows if key in row.scores]

    def _trajectories(self, keys: Keys, cell: str) -> Number:
        return described(self._values(keys), cell)

    def _changes(self, keys: Keys, cell: str) -> Number:
        return described([after - before for before, after in self._pairs(keys)], cell)

    def _groups(self, keys: Keys, cell: str) -> Number:
        own, others = (self._values({**keys, "group": group}) for group in ("responders", "non-responders"))
        if cell == "difference":
            return Fraction(sum(others), len(others)) - Fraction(sum(own), len(own))
        return "yes" if stats.ttest_ind(own, others).pvalue < ALPHA else "no"

    def _pairs(self, keys: Keys) -> list[tuple[int, int]]:
        before, after = (keys["instrument"], "t0"), (keys["instrument"], keys["moment"])
        return [(row.scores[before], row.scores[after]) for row in self._rows(keys) if before in row.scores and after in row.scores]

    def improved(self, baseline: int, follow_up: int) -> bool:
        """At least 30 % of the baseline (M25); a method, so that a test can put another rule in its place."""
        return 10 * (baseline - follow_up) >= 3 * baseline

    def _mcic(self, keys: Keys, cell: str) -> Number:
        verdicts = [self.improved(*pair) for pair in self._pairs(keys) if pair[0]]
        return Fraction(sum(verdicts)) if cell == "improved" else Fraction(sum(verdicts), len(verdicts))

    def _lasting(self, keys: Keys, cell: str) -> Number:
        assert cell == "significant"
        instrument = keys["instrument"]
        relapsed = late = 0
        for row in self._rows(keys):
            t0, t1, t4 = (row.scores.get((instrument, moment)) for moment in ("t0", "t1", "t4"))
            if t0 and t1 is not None and t4 is not None:
                relapsed += self.improved(t0, t1) and not self.improved(t0, t4)
                late += self.improved(t0, t4) and not self.improved(t0, t1)
        return "yes" if stats.binomtest(relapsed, relapsed + late).pvalue < ALPHA else "no"

    def _gpe(self, keys: Keys, cell: str) -> Number:
        given = [(row.codes.get(("t1", "gpe-6")), row.codes.get(("t4", "gpe-3"))) for row in self._rows({**keys, "group": "responders"})]
        wanted = {"all": IMPROVED + NOT_IMPROVED, "improved": IMPROVED, "not-improved": NOT_IMPROVED}.get(keys["t1"], (keys["t1"],))
        own = [at_t4 for at_t1, at_t4 in given if at_t1 in wanted]
        if keys["t4"] == "any":
            asked = len([at_t1 for at_t1, _ in given if at_t1 is not None])
            return Fraction(len(own)) if cell == "count" else Fraction(len(own), asked)
        later = {"holds": ("better", "same")}.get(keys["t4"], (keys["t4"],))
        counted = sum(at_t4 in later for at_t4 in own)
        return Fraction(counted) if cell == "count" else Fraction(counted, sum(at_t4 is not None for at_t4 in own))

    def _care_use(self, keys: Keys, cell: str) -> Number:
        assert cell == "share"
        asked = [row.codes.get((keys["moment"], keys["question"])) for row in self._rows(keys)]
        given = [code for code in asked if code is not None]
        wanted = {"once-or-twice": ("once", "twice")}.get(keys["code"], (keys["code"],))
        return Fraction(sum(code not in FIRST_CODES if keys["code"] == "any" else code in wanted for code in given), len(given))


def described(values: Sequence[int], cell: str) -> Number:
    """n, mean or standard deviation with n - 1 (M32)."""
    if cell == "n":
        return Fraction(len(values))
    mean = Fraction(sum(values), len(values))
    if cell == "mean":
        return mean
    assert cell == "sd"
    variance = sum(((value - mean) ** 2 for value in values), Fraction(0)) / (len(values) - 1)
    with localcontext() as context:
        context.prec = 50
        return (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()


def in_unit(number: Fraction | Decimal, unit: str) -> Fraction:
    """A share in percent; a change as how much less it became."""
    return Fraction(number) * {"number": 1, "percent": 100, "decrease": -1}[unit]


def rounded(number: Fraction, decimals: int) -> str:
    """Decimal text, half up."""
    with localcontext() as context:
        context.prec = 50
        exact = Decimal(number.numerator) / Decimal(number.denominator)
        return str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def agrees(study: Study, row: dict[str, str]) -> bool:
    """Whether a row of `printed.csv` holds."""
    ours = study.text(row["path"], row["unit"], row["printed"])
    if row["comparator"] == "equal":
        return ours == row["printed"]
    if row["comparator"] == "contradicted":
        return ours == row["ours"] and ours != row["printed"]
    number = study.number(row["path"])
    assert not isinstance(number, str)
    exact, printed = in_unit(number, row["unit"]), Fraction(row["printed"])
    return {
        "within 1.0": abs(exact - printed) <= 1,
        "less-than": exact < printed,
        "greater-than": exact > printed,
    }[row["comparator"]]
