"""The command as it is typed: what goes wrong ends with a sentence and an exit code, never with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from beklijf import cli

Says = Callable[..., tuple[int, str]]
ONE = '{"resourceType": "Patient", "identifier": [{"system": "https://example.org/p", "value": "1"}]}\n'


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Says:
    """Runs a command line in a folder with one resource and one list: the exit code, and what was said about it."""
    (tmp_path / "one.ndjson").write_text(ONE, encoding="utf-8")
    (tmp_path / "list.csv").write_text("type,identifier,sha256\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BEKLIJF_STATE", str(tmp_path / "state"))
    monkeypatch.setattr("beklijf.commands.pushing.FIRST_ANSWER_SECONDS", 0.2)

    def said(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["beklijf", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(str(ended.value.code)), " ".join(capsys.readouterr().err.split())

    return said


NOBODY = "http://127.0.0.1:1"
NO_ADDRESS = "beklijf: this is no address of a server: it must begin with http:// or https://"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("push", "one.ndjson", "--to", f"{NOBODY}/fhir"), f"beklijf: {NOBODY}/fhir: no answer from {NOBODY}/fhir/metadata"),
        (("push", "one.ndjson", "--to", "registry/fhir"), NO_ADDRESS),
        (("reconcile", "list.csv", "--to", f"{NOBODY}/fhir"), f"beklijf: no answer from {NOBODY} (ConnectError)"),
        (("reconcile", "list.csv", "--to", "registry/fhir"), NO_ADDRESS),
        (("push", "one.ndjson"), "beklijf: nothing has been started in"),
        (("push", "one.ndjson", "--to", NOBODY, "--client-id", "a"), "beklijf: the sender's id and its key belong together"),
        (("push", "one.ndjson", "--to", NOBODY, "--client-id", "a", "--key", "one.ndjson"), "beklijf: one.ndjson holds no private key"),
        (("manifest", "one.ndjson", "--out", "nowhere/list.csv"), "beklijf: [Errno 2] No such file or directory: 'nowhere/list.csv'"),
        (("status",), "beklijf: nothing has been started in"),
        (("why", "nobody"), "beklijf: nothing has been started in"),
        (("sender", "list"), "beklijf: nothing has been started in"),
        (("logs", "nothing"), "beklijf: no log of nothing in"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(says: Says, arguments: tuple[str, ...], sentence: str) -> None:
    status, said = says(*arguments)

    assert status == 1
    assert said.startswith(sentence)
