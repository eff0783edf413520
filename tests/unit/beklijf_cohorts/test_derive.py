"""One episode on one day, rule by rule. t0 = 3 March 2014: t0 window 20 Jan to 17 Mar, t1 5 Apr to 7 Jun 2014, t4 around 3 Sep 2017."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec.structs import replace

from beklijf_cohorts import hearing
from beklijf_cohorts.domain.cells import Plan
from beklijf_cohorts.domain.derive import NOTHING, Derivation, derive
from beklijf_shared.events import Result
from tests.lib.scored import scored
from tests.lib.subjects import CONTRACTS

LATER = date(2020, 3, 2)


def derived(plan: Plan, day: date = LATER, scores: Any = None, **facts: Any) -> Derivation:
    return derive(hearing.facts_of(scored("e1", scores, **facts)).episode, day, plan)


def states(derivation: Derivation, start: str) -> set[str]:
    return {key.removeprefix(start) for key in derivation.cells if key.startswith(start)}


def worklist(derivation: Derivation) -> dict[str, str]:
    return {each.moment: each.state for each in derivation.follow_ups}


def test_m15_a_box_of_the_flow_is_in_no_denominator(plan: Plan) -> None:
    for treatment in ("in-treatment", "stopped-early"):
        assert {key[0] for key in derived(plan, treatment=treatment).cells} == {"f", "u"}
    assert derived(plan, participation="objected").cells == ("f|2014|objected",), "a count in the flow and nothing else (M16)"
    assert derived(plan, treatment="entered-in-error").cells == ()


def test_m4_a_year_that_is_not_the_cohorts_is_not_in_it(plan: Plan) -> None:
    assert derived(plan, t0="2016-03-03") == NOTHING
    assert derived(plan, programme="ndpr") == NOTHING


def test_an_episode_under_another_version_of_the_programme_is_not_in_it(plan: Plan) -> None:
    assert derived(plan, protocol_version="2.0.0") == NOTHING
    assert derived(plan) != NOTHING


def test_m28_every_rule_that_asks_for_a_share_leaves_out_a_baseline_of_zero(plan: Plan) -> None:
    known = {rule.name: rule for rule in CONTRACTS.rules.values()}
    asked = Plan(plan.population, plan.cohort, plan.protocol, known, plan.known)

    names = ("imsr-30-percent@1.0.0", "qbpds-chronic-2010@1.0.0", "ostelo-2008@1.0.0", "qbpds-error-2010@1.0.0")
    assert [asked.excludes_zero(name, "qbpds") for name in names] == [True, True, False, False]


def test_m16_an_end_on_the_opening_day_takes_the_moment_out_and_a_day_later_does_not(plan: Plan) -> None:
    on_the_day = derived(plan, participation="withdrawn", participation_since="2014-04-05")
    day_after = derived(plan, participation="withdrawn", participation_since="2014-04-06")

    assert states(on_the_day, "m|2014|t1|") == {"ineligible"}
    assert states(day_after, "m|2014|t1|") == {"no-response"}
    assert states(day_after, "m|2014|t2|") == {"ineligible"}


def test_m16_one_counted_answer_makes_the_moment_eligible_and_due(plan: Plan) -> None:
    found = derived(plan, scores={("t1", "qbpds"): 20}, participation="deceased", participation_since="2014-04-05")

    assert states(found, "m|2014|t1|") == {"responded", "responded-closed"}
    assert states(found, "i|2014|t1|vas-pain|") == {"no-response"}


def test_m17_due_from_the_opening_day_and_closed_after_the_last(plan: Plan) -> None:
    days = (date(2014, 4, 4), date(2014, 4, 5), date(2014, 6, 7), date(2014, 6, 8))

    on = [states(derived(plan, day, treatment_ended="2014-03-20"), "m|2014|t1|") for day in days]

    assert on == [{"not-due"}, {"awaiting"}, {"awaiting"}, {"no-response"}]


def test_m18_responders_are_told_apart_by_the_last_moment(plan: Plan) -> None:
    answered, silent, waiting = (
        derived(plan, scores={("t0", "qbpds"): 20, ("t4", "qbpds"): 10}),
        derived(plan, scores={("t0", "qbpds"): 20}),
        derived(plan, date(2017, 9, 3), scores={("t0", "qbpds"): 20}),
    )

    assert "v|2014|responders|qbpds|qbpds|t0|20" in answered.cells
    assert "v|2014|non-responders|qbpds|qbpds|t0|20" in silent.cells
    assert "v|2014|neither|qbpds|qbpds|t0|20" in waiting.cells


def test_m19_pairs(plan: Plan) -> None:
    scores = {("t0", "vas-pain"): 50, ("t1", "vas-pain"): None, ("t2", "vas-pain"): 30, ("t2", "qbpds"): 20}
    found = derived(plan, scores=scores)

    assert states(found, "p|2014|non-responders|vas-pain|t1|") == {"not-scorable"}
    assert states(found, "p|2014|non-responders|vas-pain|t2|") == {"paired"}
    assert states(found, "p|2014|non-responders|vas-pain|t3|") == {"no-response"}
    assert states(found, "p|2014|non-responders|qbpds|t2|") == {"no-baseline"}
    assert "c|2014|non-responders|vas-pain|vas-pain|t2|-20" in found.cells
    assert "d|2014|non-responders|vas-pain|t2|imsr-30-percent@1.0.0|improved" in found.cells


def test_m19_an_unscorable_baseline_is_no_baseline(plan: Plan) -> None:
    found = derived(plan, scores={("t0", "qbpds"): None, ("t1", "qbpds"): 20})

    assert states(found, "p|2014|non-responders|qbpds|t1|") == {"no-baseline"}


def test_m27_lasting(plan: Plan) -> None:
    for last, how in ((30, "sustained"), (50, "relapsed")):
        found = derived(plan, scores={("t0", "vas-pain"): 50, ("t1", "vas-pain"): 30, ("t4", "vas-pain"): last})
        assert states(found, "l|2014|responders|vas-pain|imsr-30-percent@1.0.0|") == {how}
    zero = derived(plan, scores={("t0", "vas-pain"): 0, ("t1", "vas-pain"): 30, ("t4", "vas-pain"): 10})
    assert states(zero, "l|2014|responders|vas-pain|") == {"ostelo-2008@1.0.0|never"}, "30 % of nothing cannot be judged"


def test_m28_a_known_baseline_of_zero_without_verdict_is_counted(plan: Plan) -> None:
    assert "z|2014|non-responders|vas-pain|t1|zero" in derived(plan, scores={("t0", "vas-pain"): 0}).cells


def test_m9_what_is_dated_after_the_day_is_hidden(plan: Plan) -> None:
    scores = {("t0", "vas-pain"): 50, ("t1", "vas-pain"): 30}
    before = derived(plan, date(2014, 5, 2), scores, participation="deceased", participation_since="2014-08-01")

    assert states(before, "m|2014|t1|") == {"awaiting"}
    assert worklist(before)["t1"] == "due"
    assert before.next_change == date(2014, 5, 3)
    assert states(derived(plan, date(2014, 4, 30), treatment_ended="2014-05-01"), "f|2014|") == {"in-treatment"}


def test_m23_the_worklist_runs_due_overdue_missed(plan: Plan) -> None:
    days = [date(2014, 4, 4), date(2014, 4, 5), date(2014, 5, 3), date(2014, 5, 4), date(2014, 6, 7), date(2014, 6, 8)]

    assert [worklist(derived(plan, day)).get("t1") for day in days] == [None, "due", "due", "overdue", "overdue", "missed"]
    assert worklist(derived(plan, days[0], treatment="in-treatment"))["t0"] == "missed"


def test_m23_who_has_left_is_asked_nothing_any_more(plan: Plan) -> None:
    everything_left = dict.fromkeys(("t0", "t1", "t2", "t3", "t4"), "left")

    for facts in (
        {"participation": "objected"},
        {"participation": "withdrawn", "participation_since": "2014-06-01"},
        {"treatment": "stopped-early"},
        {"treatment": "entered-in-error"},
    ):
        assert worklist(derived(plan, scores={("t0", "qbpds"): 1}, **facts)) == everything_left


def test_the_next_change_is_the_next_window_that_opens_turns_or_closes(plan: Plan) -> None:
    chain, day = [], date(2014, 3, 1)
    while (following := derived(plan, day).next_change) is not None:
        chain.append(following)
        day = following

    assert chain[:4] == [date(2014, 3, 4), date(2014, 3, 18), date(2014, 4, 5), date(2014, 5, 1)]
    assert len(chain) == 15, "t0 turns and closes; four others open, turn and close; treatment ends in between"


def test_an_answer_by_code_is_a_response_and_neither_a_value_nor_a_pair(plan: Plan) -> None:
    told = scored("e1", {("t0", "care-use"): 0, ("t4", "care-use"): 0, ("t1", "gpe-6"): 0})
    by_code = tuple(replace(one, results=(Result(measure=one.instrument, code="none"),)) for one in told.results)

    found = derive(hearing.facts_of(replace(told, results=by_code)).episode, LATER, plan)

    assert {moment: states(found, f"m|2014|{moment}|") - {"responded-closed"} for moment in ("t0", "t1", "t4")} == {
        "t0": {"responded"},
        "t1": {"responded"},
        "t4": {"responded"},
    }
    assert states(found, "i|2014|t4|care-use|") | states(found, "i|2014|t1|gpe-6|") == {"responded"}
    assert states(found, "i|2014|t4|gpe-3|") | states(found, "i|2014|t4|qbpds|") == {"no-response"}
    assert {key.split("|")[3] for key in found.cells if key[0] == "p"} == {"qbpds", "vas-pain"}
    assert {key for key in found.cells if key[0] in "vckb"} == {
        "v|2014|responders|age|age|t0|44",
        "k|2014|responders|care-use|care-use|t0|none",
        "k|2014|responders|gpe-6|gpe-6|t1|none",
        "k|2014|responders|care-use|care-use|t4|none",
        "b|2014|responders|care-use|care-use|t4|none|none",
    }
    assert states(found, "x|2014|") == {"responders|gpe|none|not-answered"}


def test_sex_and_age_are_counted_where_they_are_known(plan: Plan) -> None:
    known, unknown = derived(plan, sex="male", birth_year=1950), derived(plan, sex="unknown", birth_year=None)

    assert states(known, "s|2014|t4|") == {"male|no-response"}
    assert states(known, "v|2014|") == {"non-responders|age|age|t0|64"}, "M22: whole years"
    assert (states(unknown, "s|2014|t4|"), states(unknown, "v|")) == ({"unknown|no-response"}, set())


def test_one_question_is_crossed_with_another_at_a_later_moment(plan: Plan) -> None:
    told = scored("e1", {("t1", "gpe-6"): 0, ("t4", "gpe-3"): 0})
    by_code = tuple(
        replace(one, results=(Result(measure=one.instrument, code={"gpe-6": "much-better", "gpe-3": "worse"}[one.instrument]),))
        for one in told.results
    )

    found = derive(hearing.facts_of(replace(told, results=by_code)).episode, LATER, plan)

    assert states(found, "x|2014|") == {"responders|gpe|much-better|worse"}
    assert states(derived(plan), "x|2014|") == {"non-responders|gpe|not-answered|not-answered"}
