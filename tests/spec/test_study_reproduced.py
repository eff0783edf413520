"""The whole pipeline gives every printed number of the study: the reference cohort through intake's reading, scoring and cohorts, held
against `printed.csv` by the code that the page uses. And a pipeline that differs in one thing misses some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_EVEN

import pytest

from beklijf.reference.imsr import cohort
from beklijf_cohorts import usecases
from beklijf_cohorts.domain.cells import Plan
from beklijf_cohorts.settings import SNAPSHOT_MAXIMUM_BYTES
from beklijf_domain import exact
from beklijf_domain.protocol import Moment, Protocol
from beklijf_domain.rule import Rule
from beklijf_reporting.pages.reproduced import held_against
from beklijf_scoring.domain.change import judges
from beklijf_scoring.domain.derive import Knowledge, knowledge_of
from beklijf_shared import contracts
from beklijf_shared.events import CohortSnapshot, encode
from beklijf_shared.figures import cell, named
from tests.lib import course, received
from tests.lib.course import Heard

N = 613
CONTRACTS = contracts.load()
STUDY = CONTRACTS.studies["imsr"]
(PLAN,) = usecases.planned(CONTRACTS).by_population.values()
RULE = "imsr-30-percent"


@pytest.fixture(scope="module")
def known() -> Heard:
    return course.heard(received.read((letter.hospital, letter.resource) for letter in cohort.sent()))


@pytest.fixture(scope="module")
def counted(known: Heard) -> Counter[str]:
    return course.cells(known, PLAN)


@pytest.fixture(scope="module")
def open_figures(counted: Counter[str]) -> CohortSnapshot:
    return course.taken(PLAN, CONTRACTS.cohorts["imsr"], counted)


@pytest.fixture(scope="module")
def safe_figures(counted: Counter[str]) -> CohortSnapshot:
    return course.taken(PLAN, CONTRACTS.cohorts["imsr-k10"], counted)


def test_every_printed_number_is_reproduced_or_contradicted_with_a_reason(open_figures: CohortSnapshot) -> None:
    found = held_against(open_figures, STUDY)

    assert [(each.printed.id, each.ours) for each in found.results if not each.is_met] == []
    assert (found.met, found.total, found.count("contradicted")) == (N, N, 25)


def test_where_small_cells_are_hidden_no_number_differs(safe_figures: CohortSnapshot) -> None:
    found = held_against(safe_figures, STUDY)

    assert found.count("differs") == 0
    assert found.total - found.met == found.count("hidden", "absent")
    assert (found.met > 400, found.count("hidden") > 100) == (True, True)


def test_both_fit_in_a_message_and_say_what_they_rest_on(open_figures: CohortSnapshot, safe_figures: CohortSnapshot) -> None:
    assert max(len(encode(open_figures)), len(encode(safe_figures))) < SNAPSHOT_MAXIMUM_BYTES
    for snapshot in (open_figures, safe_figures):
        assert snapshot.instruments == ("qbpds@1.0.0", "vas-pain@1.0.0", "care-use@1.0.0", "gpe-6@1.0.0", "gpe-3@1.0.0")
        assert snapshot.rules == ("imsr-30-percent@1.0.0", "ostelo-2008@1.0.0")
    assert open_figures.definition_hash != safe_figures.definition_hash


def test_beside_what_was_printed(open_figures: CohortSnapshot) -> None:
    sample, sexes = named(open_figures, "sample-size"), named(open_figures, "response-by-sex")
    groups, change = named(open_figures, "groups"), named(open_figures, "care-use-change")

    assert [cell(sample, {"year": "all"}, column) for column in ("completed", "needed", "responded", "reached")] == [1814, 452, 734, "yes"]
    assert [cell(sample, {"year": "2012"}, column) for column in ("needed", "responded", "reached")] == [252, 141, "no"]
    assert cell(sexes, {"year": "all", "moment": "t4", "sex": "all"}, "df") == "1"
    assert (cell(groups, {"year": "2012", "instrument": "age", "moment": "t0"}, "df")) == "431"
    everybody = {"group": "all", "year": "all", "question": "care-use-paramedical"}
    n, neither, started, stopped, both = (cell(change, everybody, way) for way in ("n", "neither", "started", "stopped", "both"))
    assert isinstance(n, int)
    assert n == sum(count for count in (neither, started, stopped, both) if isinstance(count, int))


# The teeth: one thing differs somewhere in the pipeline.


def missed(known: Heard, *, protocol: Protocol | None = None, rule: Rule | None = None, plan: Plan = PLAN) -> set[str]:
    """The printed numbers that are missed by a pipeline with another protocol, another rule or another way of counting."""
    rules = {**CONTRACTS.rules, **({RULE: rule} if rule else {})}
    protocols = {**CONTRACTS.protocols, **({"imsr": protocol} if protocol else {})}
    knowledge: Knowledge = knowledge_of(protocols, judges(CONTRACTS.instruments, protocols, rules))
    other = replace(plan, protocol=protocol) if protocol else plan
    found = held_against(course.taken(other, CONTRACTS.cohorts["imsr"], course.cells(known, other, knowledge)), STUDY)
    return {each.printed.id for each in found.results if not each.is_met}


def moved(moment: str, change: Callable[[Moment], Moment]) -> Protocol:
    """The programme with one moment changed."""
    protocol = CONTRACTS.protocols["imsr"]
    return replace(protocol, moments=tuple(change(each) if each.code == moment else each for each in protocol.moments))


@pytest.mark.parametrize(("moment", "before", "after"), [("t0", 0, -1), ("t1", -1, 0), ("t2", 1, 0), ("t3", 0, 1), ("t4", -1, 0)])
def test_a_window_of_another_length_is_noticed(known: Heard, moment: str, before: int, after: int) -> None:
    protocol = moved(moment, lambda one: replace(one, before=one.before + before, after=one.after + after))

    assert missed(known, protocol=protocol) != set()


def test_another_month_of_the_long_term_is_noticed(known: Heard) -> None:
    protocol = moved("t4", lambda one: replace(one, months_by_year={**one.months_by_year, 2014: 43}))

    assert "table4-months-t4-2014" in missed(known, protocol=protocol)


def test_a_lost_equals_sign_is_noticed_in_every_share(known: Heard) -> None:
    strict = replace(
        CONTRACTS.rules[RULE],
        judgements={
            code: replace(judgement, improvement=replace(judgement.improvement, operator=">"))
            for code, judgement in CONTRACTS.rules[RULE].judgements.items()
        },
    )

    assert missed(known, rule=strict) >= {f"table3-{code}-{moment}-share" for code in ("qbpds", "vas-pain") for moment in ("t1", "t4")}


def test_another_time_zone_is_noticed(known: Heard) -> None:
    assert missed(known, protocol=replace(CONTRACTS.protocols["imsr"], time_zone="UTC")) != set()


def test_another_rounding_is_noticed(open_figures: CohortSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "ROUND_HALF_UP", ROUND_HALF_EVEN)

    assert held_against(open_figures, STUDY).met < N


def test_one_episode_more_is_noticed(counted: Counter[str]) -> None:
    more = counted + Counter({key: 1 for key in counted if key.startswith("f|2012|completed")})
    more += Counter({f"m|2012|{moment}|no-response": 1 for moment in ("t0", "t1", "t2", "t3", "t4")})
    more += Counter({f"{start}no-response": 1 for start in {key.rpartition("|")[0] + "|" for key in counted if key.startswith("i|2012|")}})
    more += Counter(
        {f"p|2012|non-responders|{code}|{moment}|no-response": 1 for code in ("qbpds", "vas-pain") for moment in ("t1", "t2", "t3", "t4")}
    )
    more += Counter({f"s|2012|{moment}|female|no-response": 1 for moment in ("t0", "t1", "t2", "t3", "t4")})

    found = held_against(course.taken(PLAN, CONTRACTS.cohorts["imsr"], more), STUDY)

    assert "table1-2012-invited" in {each.printed.id for each in found.results if not each.is_met}
