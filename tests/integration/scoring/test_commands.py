"""The service as a program: migrations, rescoring after a rule changed, and the commands that every service has."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from msgspec.structs import replace

from beklijf_domain.rule import EVERY, Judgement, Threshold
from beklijf_scoring import app, consumer, rescoring, store
from beklijf_scoring.effect import Effect, Figure
from beklijf_scoring.rescoring import Disturbed, Rescoring, Step
from beklijf_scoring.store.concerned import Walk
from beklijf_scoring.usecases import Scoring
from beklijf_shared import commands, contracts, db, migrations, telemetry
from beklijf_shared.events import EpisodeScored, McicChanged
from tests.integration.scoring.conftest import Service
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.clock import NOON
from tests.lib.events import message
from tests.lib.servers import free_port
from tests.unit.beklijf_shared.test_contracts import another_version

STRICTER = """
code = "half"
programmes = ["imsr"]
version = "1.0.0"
title = "At least half"
kind = "relative"
operator = ">="
population = "for tests"
citation = "none"

[relative]
every = "0.5"
"""


def test_the_scripts_make_the_tables_that_the_code_says(service: Service) -> None:
    migrations.check("beklijf_scoring", service.engine.url.render_as_string(hide_password=False))


@pytest.fixture
def environment(service: Service, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("BEKLIJF_DATABASE_URL", service.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("BEKLIJF_CLOCK", "2020-03-03T12:00:00Z")
    return monkeypatch


PAIR = (response_accepted("r0", 90), response_accepted("r1", 60, measured="2014-05-03T09:00:00Z"))


@pytest.fixture
def stricter(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A site adds a stricter rule, with a file alone."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "half.toml").write_text(STRICTER)
    environment.setenv("BEKLIJF_CONTRACTS", str(tmp_path))


@pytest.mark.usefixtures("stricter")
def test_a_new_rule_judges_history_and_tells_corrections(service: Service) -> None:
    service.apply(episode_changed(), *PAIR)
    service.apply(episode_changed("e2", subject="s2"))
    unsent = service.unsent()

    code = commands.main(app.SERVICE, ["rescore", "--apply"])

    (pair,) = service.told(McicChanged)
    assert (code, [(each.rule, each.verdict, each.margin) for each in pair.verdicts]) == (
        0,
        [("imsr-30-percent", "improved", "3"), ("ostelo-2008", "improved", "15"), ("half", "unchanged", "-15")],
    )
    assert service.unsent() == unsent + 2  # the pair and its episode; nothing of the other patient


@pytest.mark.usefixtures("stricter")
def test_what_a_new_rule_would_change_is_shown_and_nothing_is_written(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.apply(episode_changed(), *PAIR)
    before, unsent = service.state_hash(), service.unsent()

    codes = [commands.main(app.SERVICE, ["rescore", *how]) for how in ([], ["--plan", "--json"])]

    text, _, plan = capsys.readouterr().out.strip().rpartition("\n")
    assert (codes, service.state_hash(), service.unsent()) == ([0, 0], before, unsent)
    assert text.splitlines() == [
        "1 patients with 2 answers were derived anew, and nothing was written",
        "0 scores would change, 0 answers would count otherwise",
        "1 verdicts of 1 pairs would change; 1 episodes would be counted anew",
        "0 figures of 0 cohorts would change",
        "  1 x half, vas-pain at t1: none -> unchanged",
        "examples of verdicts:",
        "  response r1, vas-pain at t1, half: no verdict -> unchanged (90 to 60)",
    ]
    assert json.loads(plan)["verdicts"] == [
        {"instrument": "vas-pain", "moment": "t1", "rule": "half", "before": None, "after": "unchanged", "n": 1}
    ]


@pytest.mark.usefixtures("stricter")
def test_a_walk_that_was_cut_off_goes_on_where_it_was(service: Service) -> None:
    changed = Scoring(contracts.load(os.environ["BEKLIJF_CONTRACTS"]))
    rescoring = Rescoring(changed)
    for number in range(5):
        service.apply(episode_changed(f"e{number}", subject=f"s{number}"))

    with db.transaction(service.engine) as connection:
        due = rescoring.is_due(connection)
        first = rescoring.step(connection, None, 3, NOON)
    with db.transaction(service.engine) as connection:
        again = rescoring.step(connection, None, 3, NOON)  # cut off before anything was done: nothing is left out
        second = rescoring.step(connection, again, 3, NOON)
    with db.transaction(service.engine) as connection:
        halfway = rescoring.is_due(connection)
        resumed = rescoring.step(connection, None, 3, NOON)
        end = rescoring.step(connection, resumed, 3, NOON)
        over = rescoring.is_due(connection)

    assert (due, first, again) == (True, Step("", ["s0", "s1", "s2"]), first)
    assert (second, halfway, resumed, end, over) == (Step("s2", ["s3", "s4"]), True, second, None, False)


@pytest.mark.usefixtures("stricter")
def test_whoever_goes_on_by_other_contracts_makes_a_walk_begin_anew(service: Service) -> None:
    """A consumer that was not restarted derives by the old contracts, in the middle of a walk by the new ones and after it."""
    rescoring = Rescoring(Scoring(contracts.load(os.environ["BEKLIJF_CONTRACTS"])))
    service.apply(*PAIR, episode_changed("e1"), episode_changed("e2", subject="s2"))
    with db.transaction(service.engine) as connection:
        step = rescoring.step(connection, rescoring.step(connection, None, 1, NOON), 1, NOON)

    service.apply(episode_changed("e1", version=2))
    with db.transaction(service.engine) as connection, pytest.raises(Disturbed):
        rescoring.step(connection, step, 1, NOON)
    codes = [commands.main(app.SERVICE, ["rescore", "--apply"])]
    judged = [len(pair.verdicts) for pair in service.told(McicChanged)]
    service.apply(response_accepted("r1", 59, measured="2014-05-03T09:00:00Z", version=2, status="amended"))
    with db.transaction(service.engine) as connection:
        due = rescoring.is_due(connection)
    codes.append(commands.main(app.SERVICE, ["rescore", "--apply"]))

    assert (codes, judged, due, [len(pair.verdicts) for pair in service.told(McicChanged)]) == ([0, 0], [3], True, [3])


def test_a_service_without_anybody_takes_the_contracts_for_its_own(service: Service) -> None:
    with db.transaction(service.engine) as connection:
        due = Rescoring(service.scoring).is_due(connection)
        stored = store.walks.last(connection)

    assert (due, stored) == (False, Walk(service.scoring.basis.derived, None, service.scoring.basis.scored))


def test_a_plan_counts_the_figures_of_every_cohort(service: Service, environment: pytest.MonkeyPatch) -> None:
    """A stricter version of a rule that a cohort shows: of its figure one fewer improved and one more unchanged; patients who were not
    completely treated, or objected, are in no figure."""
    shipped = contracts.load()
    service.apply(episode_changed(), *PAIR)
    for number, facts in enumerate(({"treatment": "in-treatment"}, {"participation": "objected", "participation_since": "2015-01-01"})):
        own = {"subject": f"o{number}"}
        answers = [replace(each, response=f"{each.response}-{number}", **own) for each in PAIR]
        service.apply(episode_changed(f"o{number}", **own, **facts), *answers)
    threshold = Threshold(">=", relative=Fraction(1, 2))
    rule = dataclasses.replace(shipped.rules["imsr-30-percent"], judgements={EVERY: Judgement(threshold, threshold, None)})
    stricter = dataclasses.replace(shipped, rules={**shipped.rules, "imsr-30-percent": rule})

    effect = rescoring.previewed(service.engine, Scoring(stricter), Effect((shipped.cohorts["imsr"],)))

    assert (effect.episodes, effect.figures) == (
        3,
        {Figure("imsr", 2014, "vas-pain", "t1", "imsr-30-percent@1.0.0"): {"improved": -1, "unchanged": 1}},
    )
    assert effect.as_text().splitlines()[3:4] + effect.as_text().splitlines()[-2:] == [
        "1 figures of 1 cohorts would change",
        "examples of figures:",
        "  imsr 2014, vas-pain at t1, imsr-30-percent@1.0.0: improved -1, unchanged +1",
    ]


def test_rescoring_without_a_change_tells_nothing(service: Service, environment: pytest.MonkeyPatch) -> None:
    service.apply(episode_changed(), response_accepted("r0", 90))
    before, unsent = service.state_hash(), service.unsent()

    code = commands.main(app.SERVICE, ["rescore", "--apply"])

    assert (code, service.state_hash(), service.unsent()) == (0, before, unsent)


def test_republish_puts_everything_on_the_work_list_again(
    service: Service, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.apply(episode_changed(), response_accepted("r0", 90))
    unsent = service.unsent()

    code = commands.main(app.SERVICE, ["republish", "--topic", "beklijf.score-computed.v1"])

    assert (code, capsys.readouterr().out, service.unsent()) == (0, "1\n", unsent + 1)


def test_empty_forgets_all_but_the_pairs_that_were_told(service: Service, environment: pytest.MonkeyPatch) -> None:
    service.apply(episode_changed(), response_accepted("r0", 90), response_accepted("r1", 60, measured="2014-05-03T09:00:00Z"))

    code = commands.main(app.SERVICE, ["empty"])
    service.apply(episode_changed(), response_accepted("r0", 90))

    assert (code, [each.none_because for each in service.told(McicChanged)]) == (0, ["no-follow-up"])


def test_the_state_hash_leaves_out_pairs_that_are_gone(service: Service, another: Service) -> None:
    first, error = response_accepted("r1", 60, measured="2014-05-03T09:00:00Z"), {"version": 2, "status": "entered-in-error"}
    service.apply(episode_changed(), response_accepted("r0", 90), first)
    service.apply(response_accepted("r1", 60, measured="2014-05-03T09:00:00Z", **error))

    another.apply(episode_changed(), response_accepted("r0", 90), response_accepted("r1", 60, measured="2014-05-03T09:00:00Z", **error))

    assert (len(service.told(McicChanged)), len(another.told(McicChanged))) == (1, 0)
    assert service.state_hash() == another.state_hash()


def test_a_service_without_usable_contracts_does_not_start(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("BEKLIJF_CONTRACTS", str(tmp_path / "nowhere"))

    code = commands.main(app.SERVICE, ["rescore", "--apply"])

    assert (code, capsys.readouterr().err) == (1, f"{tmp_path}/nowhere: is no folder of contracts\n")


def test_the_consumer_says_at_start_which_instruments_it_lacks(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BEKLIJF_KAFKA_BOOTSTRAP", f"127.0.0.1:{free_port()}")  # nobody answers there
    environment.setenv("BEKLIJF_OPERATIONS_PORT", str(free_port()))

    with subprocess.Popen([sys.executable, "-m", "beklijf_scoring", "consumer"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = [json.loads(process.stderr.readline()) for _ in range(2)]
        process.terminate()

    assert [(line["event_code"], line.get("contract"), line.get("codes")) for line in said] == [
        ("process_started", None, None),
        ("instruments_planned", "rules/comi-2009", "comi"),
    ]


@pytest.mark.usefixtures("stricter")
def test_the_consumer_notices_with_its_first_batch_that_rules_changed(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    shipped, changed = contracts.load(), contracts.load(os.environ["BEKLIJF_CONTRACTS"])
    telemetry.configure()
    log = telemetry.Logger("scoring", "consumer")

    for number, known in enumerate((shipped, shipped, changed)):
        handle = consumer.noticing(Scoring(known), log)
        for event in (episode_changed(f"e{number}"), episode_changed(f"f{number}")):
            with db.transaction(service.engine) as connection:
                handle(connection, [message(event)], NOON)

    said = [json.loads(line)["event_code"] for line in capsys.readouterr().err.splitlines()]
    assert said == ["rescore_due"]


def test_a_new_version_of_a_programme_leaves_older_episodes_where_they_are(
    service: Service, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two episodes, one answer each two months after; the later one began under the new version, whose window opens later."""
    service.apply(episode_changed(), *PAIR)
    service.apply(
        episode_changed("e2", subject="s2", t0="2015-03-03"),
        response_accepted("r2", 90, subject="s2", measured="2015-03-03T09:00:00Z"),
        response_accepted("r3", 60, subject="s2", measured="2015-05-03T09:00:00Z"),
    )
    (tmp_path / "protocols").mkdir()
    (tmp_path / "protocols" / "imsr@2.0.0.toml").write_text(another_version("2015-01-01"))
    environment.setenv("BEKLIJF_CONTRACTS", str(tmp_path))

    commands.main(app.SERVICE, ["rescore", "--apply"])

    assert [(each.protocol_version, [result.moment for result in each.results]) for each in service.told(EpisodeScored, "s1", "s2")] == [
        ("1.0.0", ["t0", "t1"]),
        ("2.0.0", ["t0"]),
    ]
    assert [each.none_because for each in service.told(McicChanged, "s1", "s2")] == [None, "no-follow-up"]
