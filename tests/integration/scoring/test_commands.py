"""The service as a program: migrations, rescoring after a rule changed, and the commands that every service has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from beklijf_scoring import app
from beklijf_shared import commands, contracts, migrations
from beklijf_shared.events import McicChanged
from tests.integration.scoring.conftest import Service
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.servers import free_port

STRICTER = """
code = "half"
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


def test_a_new_rule_judges_history_and_tells_corrections(
    service: Service, environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.apply(episode_changed(), response_accepted("r0", 90), response_accepted("r1", 60, measured="2014-05-03T09:00:00Z"))
    service.apply(episode_changed("e2", subject="s2"))
    unsent = service.unsent()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "half.toml").write_text(STRICTER)
    environment.setenv("BEKLIJF_CONTRACTS", str(tmp_path))

    code = commands.main(app.SERVICE, ["rescore"])

    (pair,) = service.told(McicChanged)
    assert (code, [(each.rule, each.verdict, each.margin) for each in pair.verdicts]) == (
        0,
        [("half", "unchanged", "-15"), ("imsr-30-percent", "improved", "3"), ("ostelo-2008", "improved", "15")],
    )
    assert service.unsent() == unsent + 2  # the pair and its episode; nothing of the other patient


def test_rescoring_without_a_change_tells_nothing(service: Service, environment: pytest.MonkeyPatch) -> None:
    service.apply(episode_changed(), response_accepted("r0", 90))
    before, unsent = service.state_hash(), service.unsent()

    code = commands.main(app.SERVICE, ["rescore"])

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


def test_a_service_without_usable_contracts_does_not_start(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("BEKLIJF_CONTRACTS", str(tmp_path / "nowhere"))

    with pytest.raises(contracts.ContractError, match="is no folder of contracts"):
        commands.main(app.SERVICE, ["rescore"])


def test_the_consumer_says_at_start_which_instruments_it_lacks(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BEKLIJF_KAFKA_BOOTSTRAP", f"127.0.0.1:{free_port()}")  # nobody answers there
    environment.setenv("BEKLIJF_OPERATIONS_PORT", str(free_port()))

    with subprocess.Popen([sys.executable, "-m", "beklijf_scoring", "consumer"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = [json.loads(process.stderr.readline()) for _ in range(2)]
        process.terminate()

    assert [(line["event_code"], line.get("contract"), line.get("codes")) for line in said] == [
        ("process_started", None, None),
        ("instruments_planned", "rules/ostelo-2008", "nprs rmdq-24 odi"),
    ]
