"""Protocols: what is scheduled, what may not overlap, and how that is proven for every possible t0 (M1, M4, M5)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from beklijf_domain.document import ContractError, Document
from beklijf_domain.protocol import Protocol, find_overlap, in_turn, read
from beklijf_shared import contracts

IMSR = contracts.load().protocols["imsr"]
T0 = date(2014, 3, 3)


def moment(code: str, **facts: Any) -> dict[str, Any]:
    return {"code": code, "title": code, "before": 0, "after": 0, "instruments": ["x"]} | facts


def protocol(*moments: dict[str, Any], **facts: Any) -> Protocol:
    whole = {"code": "p", "version": "1", "title": "P", "time_zone": "Europe/Amsterdam", "years": [2014], "citation": "none"}
    return read(Document("p.toml", whole | {"moments": list(moments)} | facts))


def test_imsr_is_the_table_of_m1() -> None:
    table = [(each.code, each.months, dict(each.months_by_year), each.before, each.after, set(each.instruments)) for each in IMSR.moments]

    assert table == [
        ("t0", 0, {}, 42, 14, {"qbpds", "vas-pain", "care-use"}),
        ("t1", 2, {}, 28, 35, {"qbpds", "vas-pain", "gpe-6"}),
        ("t2", 5, {}, 45, 60, {"qbpds", "vas-pain"}),
        ("t3", 15, {}, 90, 120, {"qbpds", "vas-pain"}),
        ("t4", None, {2012: 66, 2013: 54, 2014: 42, 2015: 30}, 214, 244, {"qbpds", "vas-pain", "gpe-3", "care-use"}),
    ]


def test_what_is_scheduled_is_asked_by_code() -> None:
    assert (IMSR.is_scheduled("t1", "gpe-6"), IMSR.is_scheduled("t1", "gpe-3"), IMSR.is_scheduled("t9", "qbpds")) == (True, False, False)
    assert (IMSR.moment("t9"), IMSR.baseline_moments) == (None, ("t0",))


def test_what_is_counted_from_the_end_of_treatment_waits_for_it() -> None:
    made = protocol(
        moment("start", days=0),
        moment("week-3", days=21, before=3, after=3),
        moment("end", days=0, anchor="end-of-treatment", after=14),
        moment("later", months=3, anchor="end-of-treatment", before=7),
    )

    going_on, ended = made.windows(T0), made.windows(T0, date(2014, 11, 30))

    assert [(code, window.opens.isoformat(), window.closes.isoformat()) for code, window in going_on.items()] == [
        ("start", "2014-03-03", "2014-03-03"),
        ("week-3", "2014-03-21", "2014-03-27"),
    ]
    assert [(code, window.opens.isoformat(), window.closes.isoformat()) for code, window in list(ended.items())[2:]] == [
        ("end", "2014-11-30", "2014-12-14"),
        ("later", "2015-02-21", "2015-02-28"),  # 30 November and three months: the last of February
    ]


def test_imsr_windows_do_not_overlap_for_any_day_of_a_whole_cycle_of_the_calendar() -> None:
    """The long way round that `find_overlap` spares us at every start: one century that has no leap day, one that has."""
    day = date(1890, 1, 1)
    while day < date(2020, 1, 1):
        windows = list(IMSR.windows(day).values())
        assert all(earlier.closes < later.opens for earlier, later in pairwise(windows)), day
        day += timedelta(days=1)


def test_an_overlap_in_the_shortest_month_is_found() -> None:
    # one and two months after most days lie 30 or 31 days apart, but 28 when February lies between; then 14 and 14 days meet
    with pytest.raises(ContractError, match="windows of a and b overlap for t0 = "):
        protocol(moment("a", months=1, after=14), moment("b", months=2, before=14))


def test_windows_that_come_as_close_as_they_can_do_not_overlap() -> None:
    tight = protocol(moment("a", months=1, after=13), moment("b", months=2, before=14))

    assert find_overlap(tight) is None


@pytest.mark.parametrize(
    ("moments", "facts", "problem"),
    [
        ([moment("a", months=1), moment("a", months=9)], {}, "names a code twice"),
        ([moment("a", months=1, baseline="z")], {}, "'z', which is no other moment"),
        ([moment("a", months=1, baseline="a")], {}, "which is no other moment"),
        ([moment("a")], {}, "give either months or months_by_year or days"),
        ([moment("a", months=1, months_by_year={"2014": 3})], {}, "give either months or months_by_year or days"),
        ([moment("a", months=1, days=30)], {}, "give either months or months_by_year or days"),
        ([moment("a", days=1, anchor="end")], {}, "'end' is not one of start, end-of-treatment"),
        ([moment("a", days=1, after=9), moment("b", days=10)], {}, "windows of a and b overlap"),
        ([moment("a", months=1, anchor="end-of-treatment", after=9), moment("b", months=1, anchor="end-of-treatment")], {}, "overlap"),
        ([moment("a", months_by_year={"2010": 3})], {}, "2010, which is not one of the protocol's years"),
        ([moment("a", months_by_year={"2014": 3, "soon": 3})], {}, "months_by_year.soon: is not a key"),
        ([moment("a", months_by_year={"2014": 3})], {"years": [2014, 2015]}, "a has no months for 2015"),
        ([moment("a", months=1, instruments=[])], {}, "a asks nothing"),
        ([moment("a", months=1)], {"languages": ["nl"]}, "languages: must be some of en, nl, and en among them"),
        ([moment("a", months=1)], {"languages": ["en", "nl"]}, "nl: is missing"),
        ([moment("a", months=1)], {"lasting": ["a", "b"]}, "lasting: names a moment that is no follow-up"),
        ([moment("a", months=1)], {"lasting": ["a"]}, "lasting: names two follow-ups"),
        ([moment("a", months=1)], {"since": "next year"}, "since: 'next year' is no day"),
        ([moment("a", months=1)], {"moved": [{"reason": "x"}]}, r"moved\[0\].episodes: name either episodes, or days"),
        ([moment("a", months=1)], {"moved": [{"episodes": ["e1"]}]}, r"moved\[0\].reason: is missing"),
        (
            [moment("a", months=1)],
            {"moved": [{"reason": "x", "began_from": "2015-01-01", "began_before": "2015-01-01"}]},
            "began_before: is not after began_from",
        ),
        ([moment("a", months=1)], {"time_zone": "Europe/Nowhere"}, "is not a known time zone"),
        ([moment("a", months=1, before=-1)], {}, "-1 is less than 0"),
        ([moment("a", months=1, befor=1)], {}, r"moments\[0\].befor: is not a key"),
    ],
)
def test_a_protocol_that_cannot_hold_is_refused(moments: list[dict[str, Any]], facts: dict[str, Any], problem: str) -> None:
    with pytest.raises(ContractError, match=problem):
        protocol(*moments, **facts)


AMENDED = {"reason": "The committee said so"}
VERSIONS = [  # what the second version takes over, the day an episode began, its id, its version
    ([], "2014-12-31", "e1", "1"),
    ([], "2015-01-01", "e1", "2"),
    ([AMENDED | {"began_from": "2014-07-01"}], "2014-06-30", "e1", "1"),
    ([AMENDED | {"began_from": "2014-07-01"}], "2014-07-01", "e1", "2"),
    ([AMENDED | {"began_from": "2014-07-01", "began_before": "2014-08-01"}], "2014-08-01", "e1", "1"),
    ([AMENDED | {"began_before": "2014-08-01"}], "2013-01-01", "e1", "2"),
    ([AMENDED | {"episodes": ["e1", "e2"]}], "2014-01-01", "e1", "2"),
    ([AMENDED | {"episodes": ["e1", "e2"]}], "2014-01-01", "e3", "1"),
    ([AMENDED | {"episodes": ["e1"]}, AMENDED | {"began_from": "2014-12-01"}], "2014-12-24", "e3", "2"),
]


@pytest.mark.parametrize(("moved", "t0", "episode", "version"), VERSIONS)
def test_an_episode_stays_under_its_version_unless_it_is_moved_on_purpose(
    moved: list[dict[str, Any]], t0: str, episode: str, version: str
) -> None:
    second = protocol(moment("a", months=1), version="2", since="2015-01-01", **({"moved": moved} if moved else {}))

    newest = in_turn([second, protocol(moment("a", months=2))])

    assert newest.at(date.fromisoformat(t0), episode).version == version


def test_the_latest_version_that_takes_an_episode_has_it() -> None:
    second = protocol(moment("a", months=1), version="2", since="2015-01-01", moved=[AMENDED | {"episodes": ["e1"]}])
    third = protocol(moment("a", months=1), version="3", since="2016-01-01", moved=[AMENDED | {"began_from": "2014-01-01"}])

    newest = in_turn([protocol(moment("a", months=2)), second, third])

    assert [newest.at(T0, each).version for each in ("e1", "e2")] == ["3", "3"]
    assert newest.at(date(2013, 5, 1), "e1").version == "2"


def test_the_first_version_takes_nobody_over() -> None:
    with pytest.raises(ValueError, match="no version before the first"):
        in_turn([protocol(moment("a", months=1), moved=[AMENDED | {"episodes": ["e1"]}])])


def test_what_lasts_is_said_by_the_programme() -> None:
    known = contracts.load().protocols

    assert {code: each.lasts for code, each in known.items()} == {
        "ichom-lbp": None, "imsr": ("t1", "t4"), "kngf-lbp": None, "ndpr": ("end", "month-12")
    }  # fmt: skip
