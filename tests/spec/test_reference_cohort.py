"""The reference cohort is the study: every printed number, from its resources alone, by code that knows no service.

And it has teeth: whoever moves a window by a day, loses an equals sign or rounds otherwise misses printed numbers.
"""

from __future__ import annotations

import csv
import hashlib
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from scipy import stats

from beklijf.reference.cohort import ndjson
from beklijf.reference.imsr import cohort
from beklijf.reference.imsr.letters import Letter
from tests.lib import received, reference, study
from tests.lib.received import Received, Row
from tests.lib.sources import ROOT
from tests.lib.study import Study

PRINTED = ROOT / "contracts" / "studies" / "imsr"
NUMBERS = 613
YEARS = (2012, 2013, 2014, 2015)


@pytest.fixture(scope="module")
def letters() -> list[Letter]:
    return list(cohort.sent())


@pytest.fixture(scope="module")
def arrived(letters: list[Letter]) -> Received:
    return received.read((letter.hospital, letter.resource) for letter in letters)


@pytest.fixture(scope="module")
def standing(arrived: Received) -> dict[str, reference.Placed]:
    return received.placed(arrived)


@pytest.fixture(scope="module")
def rows(arrived: Received, standing: dict[str, reference.Placed]) -> list[Row]:
    return received.rows(arrived, standing)


def table(name: str) -> list[dict[str, str]]:
    with (PRINTED / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def missed(rows: list[Row], as_study: type[Study] = Study) -> Iterator[str]:
    """The printed numbers that these rows do not give."""
    of = as_study(rows)
    return (row["id"] for row in table("printed") if not study.agrees(of, row))


def test_every_printed_number_is_reproduced_or_contradicted_with_a_reason(rows: list[Row]) -> None:
    assert list(missed(rows)) == []


def test_so_many_numbers_were_printed() -> None:
    numbers = table("printed")

    assert len(numbers) == NUMBERS
    assert len({row["id"] for row in numbers}) == NUMBERS
    assert Counter(row["comparator"] for row in numbers) == {
        "equal": 577, "contradicted": 25, "within 1.0": 5, "less-than": 3, "greater-than": 3,
    }  # fmt: skip
    assert all((row["comparator"] == "contradicted") == bool(row["ours"]) == bool(row["reason"]) for row in numbers)


def test_no_number_of_a_table_is_left_out() -> None:
    expected = {
        "1": [row[column] for row in table("table1") for column in row if column != "year"] + ["1814", "734"],
        "2": [row[column] for row in table("table2") for column in list(row)[2:]]
        + [str(n) for n in (141, 292, 158, 263, 208, 259, 227, 266)],
        "3": [row[column] for row in table("table3") for column in ("printed_pct", "printed_n")],
        "5": [
            row[column] for name in ("table5", "table5-marginals") for row in table(name) for column in row if not column.startswith("gpe")
        ],
    }
    values_of_table_4 = [row[column] for row in table("table4") for column in ("n", "mean", "sd")]

    printed = {name: sorted(row["printed"] for row in table("printed") if row["table"] == name) for name in expected}

    assert printed == {name: sorted(numbers) for name, numbers in expected.items()}
    without_age_and_months = [
        row["printed"]
        for row in table("printed")
        if row["id"].startswith("table4-") and "-age-" not in row["id"] and "-months-" not in row["id"]
    ]
    assert sorted(without_age_and_months) == sorted(values_of_table_4)


def test_table_1_counts_heads_and_sexes(rows: list[Row]) -> None:
    completed = [row for row in rows if row.treatment == "completed"]

    heads = {
        year: (sum(row.year == year for row in completed), sum(row.year == year and row.responder for row in completed)) for year in YEARS
    }
    men_of_2014 = sum(row.year == 2014 and row.responder and row.gender == "male" for row in completed)

    assert heads == {2012: (433, 141), 2013: (421, 158), 2014: (467, 208), 2015: (493, 227)}
    assert Counter(row.treatment for row in rows) == {"completed": 1814, "stopped-early": 15}
    assert men_of_2014 == 50  # 10.7 % of 467, printed as 1 %


@pytest.mark.parametrize("printed", table("table2"), ids=lambda row: f"{row['measure']}-{row['year']}")
def test_table_2_by_another_library(rows: list[Row], printed: dict[str, str]) -> None:
    instrument, moment = {"age": ("age", "years"), "qbp": ("qbpds", printed["measure"][-2:]), "vas": ("vas-pain", printed["measure"][-2:])}[
        printed["measure"][:3]
    ]
    own = [row for row in rows if row.treatment == "completed" and str(row.year) == printed["year"]]
    values = {
        responder: [row.age if instrument == "age" else row.scores[instrument, moment] for row in own if row.responder is responder and (
            instrument == "age" or (instrument, moment) in row.scores)]
        for responder in (True, False)
    }  # fmt: skip

    described = [(len(values[who]), statistics.mean(values[who]), statistics.stdev(values[who])) for who in (True, False)]
    p = stats.ttest_ind(values[True], values[False]).pvalue

    for (n, mean, sd), who in zip(described, ("resp", "nonresp"), strict=True):
        assert n == int(printed[f"{who}_n"])
        assert mean == pytest.approx(float(printed[f"{who}_mean"]), abs=0.0500001)
        assert sd == pytest.approx(float(printed[f"{who}_sd"]), abs=0.05)
    assert ("yes" if p < 0.05 else "no") == printed["printed_significant"]


def test_table_5_is_met_head_by_head(rows: list[Row]) -> None:
    found = Counter(
        (row.codes["t1", "gpe-6"], row.codes.get(("t4", "gpe-3")), row.year)
        for row in rows
        if row.responder and ("t1", "gpe-6") in row.codes
    )
    expected = {
        (row["gpe6_end_of_treatment"].replace("_", "-"), row["gpe3_long_term"], year): int(row[f"y{year}"])
        for row in table("table5")
        for year in YEARS
        if row[f"y{year}"] != "0"
    }

    assert {key: number for key, number in found.items() if key[1] is not None} == expected
    assert sum(number for key, number in found.items() if key[1] is None) == 8
    assert sum(found.values()) == 731


def test_what_was_sent_is_what_counts(rows: list[Row]) -> None:
    truth = {one.episode: one for one in cohort.truth()}

    assert len(truth) == len(rows) == 1829
    for row in rows:
        one = truth[row.episode]
        assert (row.scores, row.age, row.gender, row.year) == (one.scores, one.age, "female" if one.female else "male", one.year)
        assert row.codes == {(moment, link): code for (_, moment, link), code in one.codes.items()}
        assert row.responder == (one.group == "responders")


def test_every_letter_does_what_it_says(letters: list[Letter], arrived: Received, standing: dict[str, reference.Placed]) -> None:
    expected = cohort.expected()
    named = {
        f"{letter.hospital}|{letter.resource['identifier']['system']}|{letter.resource['identifier']['value']}": letter.ends
        for letter in letters
        if letter.ends is not None
    }

    assert {"accepted": expected.accepted, "duplicate": expected.duplicate, "refused": expected.refused} == arrived.effects
    assert {name: standing[name].counts if name in standing else "draft" for name in named} == named
    assert Counter(named.values()) == expected.answers
    assert expected.stored_answers == len(standing)


def test_the_cohort_in_numbers() -> None:
    assert cohort.expected() == cohort.Expected(
        sent=23100,
        accepted=22725,
        duplicate=374,
        refused=1,
        answers={"counted": 18797, "draft": 8, "off-window": 14, "retracted": 29, "surplus": 44, "unscheduled": 4, "waiting": 34},
    )


def test_two_hospitals_send_all_of_it(letters: list[Letter]) -> None:
    first, second = list(cohort.generate(0)), list(cohort.generate(1))

    assert (len(first), len(second), len(letters)) == (14016, 9084, 23100)
    assert cohort.expected(0).sent + cohort.expected(1).sent == 23100


def test_a_second_run_gives_the_same_bytes(letters: list[Letter]) -> None:
    program = (
        "import hashlib; from beklijf.reference.cohort import ndjson; from beklijf.reference.imsr import cohort;"
        "print(hashlib.sha256(b'\\n'.join(map(ndjson, cohort.generate()))).hexdigest())"
    )
    another = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True
    )

    assert another.stdout.strip() == hashlib.sha256(b"\n".join(ndjson(letter.resource) for letter in letters)).hexdigest()


def test_nobody_can_be_recognised(letters: list[Letter]) -> None:
    patients = [letter.resource for letter in letters if letter.resource["resourceType"] == "Patient"]

    assert {key for patient in patients for key in patient} == {"resourceType", "meta", "identifier", "gender", "birthDate"}
    assert {len(patient["birthDate"]) for patient in patients} == {4}


# The teeth: ten kinds of mutation and more, each of which must miss at least one printed number.


@pytest.mark.parametrize("days", [-1, 1], ids=["a day less", "a day more"])
@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("moment", ["t0", "t1", "t2", "t3", "t4"])
def test_a_window_of_another_length_is_noticed(
    arrived: Received, monkeypatch: pytest.MonkeyPatch, moment: str, side: str, days: int
) -> None:
    months, before, after = reference.MOMENTS[moment]
    moved = (months, before + days, after) if side == "before" else (months, before, after + days)
    monkeypatch.setitem(reference.MOMENTS, moment, moved)

    first_missed = next(missed(received.rows(arrived, received.placed(arrived))), None)

    assert first_missed is not None


@pytest.mark.parametrize("year", YEARS)
def test_another_month_of_long_term_is_noticed(arrived: Received, monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    monkeypatch.setitem(reference.T4_MONTHS, year, reference.T4_MONTHS[year] + 1)

    first_missed = next(missed(received.rows(arrived, received.placed(arrived))), None)

    assert first_missed is not None


class MoreThanThirty(Study):
    """> instead of >=."""

    def improved(self, baseline: int, follow_up: int) -> bool:
        return 10 * (baseline - follow_up) > 3 * baseline


def test_a_lost_equals_sign_is_noticed_in_every_share(rows: list[Row]) -> None:
    shares = {"table3-qbpds-t1-share", "table3-qbpds-t4-share", "table3-vas-pain-t1-share", "table3-vas-pain-t4-share"}

    wrong = set(missed(rows, MoreThanThirty))

    assert wrong >= shares


def half_even(number: Fraction, decimals: int) -> str:
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN))


def cut_off(number: Fraction, decimals: int) -> str:
    return str(Decimal(int(number * 10**decimals)).scaleb(-decimals))


@pytest.mark.parametrize("rounding", [half_even, cut_off])
def test_another_rounding_is_noticed(rows: list[Row], monkeypatch: pytest.MonkeyPatch, rounding: Callable[[Fraction, int], str]) -> None:
    monkeypatch.setattr(study, "rounded", rounding)

    assert next(missed(rows), None) is not None


def test_a_deviation_with_n_instead_of_n_minus_one_is_noticed(rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = study.described

    def with_n(values: Sequence[int], cell: str) -> study.Number:
        return Decimal(statistics.pstdev(values)) if cell == "sd" else plain(values, cell)

    monkeypatch.setattr(study, "described", with_n)

    assert next(missed(rows), None) is not None


def test_a_mark_from_welch_is_noticed(rows: list[Row]) -> None:
    class Welch(Study):
        def _groups(self, keys: study.Keys, cell: str) -> study.Number:
            if cell != "significant":
                return super()._groups(keys, cell)
            own, others = (self._values({**keys, "group": group}) for group in ("responders", "non-responders"))
            return "yes" if stats.ttest_ind(own, others, equal_var=False).pvalue < 0.05 else "no"

    assert list(missed(rows, Welch)) == ["table2-vas-t1-2012-significant"]


def test_an_age_from_the_day_of_the_survey_is_noticed(rows: list[Row]) -> None:
    older = [replace(row, age=row.age + 2017 - row.year) for row in rows]

    assert next(missed(older), None) is not None


def test_the_day_in_another_time_zone_is_noticed(arrived: Received, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "ZONE", UTC)

    assert next(missed(received.rows(arrived, received.placed(arrived))), None) is not None


def test_a_competition_that_the_last_one_wins_is_noticed(arrived: Received, standing: dict[str, reference.Placed]) -> None:
    turned = dict(standing)
    for name, one in standing.items():
        if one.counts == "surplus":
            winner = next(
                other
                for other, rival in standing.items()
                if rival.counts == "counted"
                and (rival.episode, rival.moment, rival.answer.instrument) == (one.episode, one.moment, one.answer.instrument)
            )
            turned[name], turned[winner] = replace(one, counts="counted"), replace(standing[winner], counts="surplus")

    assert next(missed(received.rows(arrived, turned)), None) is not None


@pytest.mark.parametrize("status", ["amended", "entered-in-error"], ids=["amendments that are ignored", "retractions that are ignored"])
def test_versions_that_are_ignored_are_noticed(letters: list[Letter], status: str) -> None:
    kept = received.read((letter.hospital, letter.resource) for letter in letters if letter.resource.get("status") != status)

    assert next(missed(received.rows(kept, received.placed(kept))), None) is not None


def test_every_night_when_clocks_changed_has_an_answer(standing: dict[str, reference.Placed]) -> None:
    answered = {one.answer.day for one in standing.values() if one.counts == "counted"}
    nights = {
        date(year, month, 31) - timedelta(days=date(year, month, 31).isoweekday() % 7) for year in range(2012, 2017) for month in (3, 10)
    }

    assert nights <= answered
