"""`sender add|list|change|rotate|disable|enable`, the words that an operator types."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from beklijf_intake.commands import senders as sender_command
from beklijf_shared.settings import Settings
from tests.integration.intake.test_commands import run
from tests.lib.databases import Databases
from tests.lib.senders import curve, public, rsa, weak


def said(url: str, *arguments: str) -> list[Mapping[str, Any]]:
    """What the command gives to print, without the two seconds that a process takes to start."""
    parser = ArgumentParser()
    sender_command.arguments(parser)
    settings = Settings.from_environment("intake", {"BEKLIJF_DATABASE_URL": url})
    return list(sender_command.run(settings, parser.parse_args(arguments)))


def test_a_sender_from_its_registration_to_its_end(database: Databases, tmp_path: Path) -> None:
    url, first, second, private = database("intake"), tmp_path / "first.pem", tmp_path / "second.json", tmp_path / "new.pem"
    first.write_bytes(rsa(1).as_pem(private=False))
    second.write_bytes(public(curve(2)))

    added = said(url, "add", "hospital-one", "--organisation", "12345678", "--keys", str(first), "--name", "Één")
    rotated = said(url, "rotate", "hospital-one", "--keys", str(second), "--keep")
    generated = said(url, "rotate", "hospital-one", "--generate-key", str(private))
    changed = said(url, "change", "hospital-one", "--scopes", "system/Patient.read", "--unversioned", "only-known")
    disabled = said(url, "disable", "hospital-one")
    history = said(url, "list", "--changes")

    assert (added[0]["name"], added[0]["keys"], added[0]["enabled"]) == ("Één", [rsa(1).thumbprint()], True)
    assert rotated[0]["keys"] == sorted([rsa(1).thumbprint(), "curve-2"])
    assert len(generated[0]["keys"]) == 1
    assert (private.stat().st_mode & 0o777, b"PRIVATE KEY" in private.read_bytes()) == (0o600, True)
    assert (changed[0]["scopes"], changed[0]["unversioned"]) == ("system/Patient.rs", "only-known")
    assert said(url, "list") == [{**changed[0], "enabled": False, "changed_at": disabled[0]["changed_at"]}]
    assert [one["what"] for one in history] == ["added", "rotated", "rotated", "changed", "disabled"]
    assert all(one["at"].endswith("Z") for one in history)


def test_it_is_a_command_of_the_service(database: Databases, tmp_path: Path) -> None:
    url, file = database("intake"), tmp_path / "keys.json"
    file.write_bytes(public(rsa(1)))

    added = run(url, "sender", "add", "hospital-one", "--organisation", "12345678", "--keys", str(file))
    again = run(url, "sender", "add", "hospital-one", "--organisation", "12345678", "--keys", str(file))

    assert (added.returncode, json.loads(added.stdout)["keys"]) == (0, ["rsa-1"])
    assert (again.returncode, again.stdout, again.stderr) == (1, "", "beklijf_intake: there is a sender with this id already\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "x", "--organisation", "12345678", "--keys", "GOOD"], "3 to 64"),
        (["add", "hospital-one", "--organisation", "1234567", "--keys", "GOOD"], "eight digits"),
        (["add", "hospital-one", "--organisation", "12345678", "--keys", "WEAK"], "2048"),
        (["add", "hospital-one", "--organisation", "12345678", "--keys", "PRIVATE"], "private key"),
        (["add", "hospital-one", "--organisation", "12345678", "--keys", "NONE"], "cannot be read"),
        (["add", "hospital-one", "--organisation", "12345678", "--keys", "GOOD", "--scopes", "everything"], "system/<Resource>"),
        (["add", "hospital-one", "--organisation", "12345678", "--keys", "GOOD", "--unversioned", "any thing"], "unversioned"),
        (["add", "hospital-one", "--organisation", "12345678", "--keys-url", "http://keys.example"], "https only"),
        (["add", "hospital-one", "--organisation", "12345678", "--generate-key", "GOOD"], "new file"),
        (["add", "hospital-one", "--organisation", "12345678", "--keys", "GOOD", "--pseudonymise", "http://fhir.nl/fhir/NamingSystem/bsn"],
         "citizen service number"),
        (["add", "taken", "--organisation", "12345678", "--keys", "GOOD"], "already"),
        (["disable", "nobody"], "no sender with this id"),
        (["rotate", "nobody", "--keys", "GOOD"], "no sender with this id"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_a_sentence(
    prepared: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    url, files = prepared
    monkeypatch.setenv("BEKLIJF_IDENTIFIER_KEY", "00" * 32)

    with pytest.raises(sender_command.Refused, match=says):
        said(url, *(files.get(argument, argument) for argument in arguments))

    assert [one["id"] for one in said(url, "list")] == ["taken"]


def test_without_a_key_no_pseudonyms_are_promised(prepared: tuple[str, dict[str, str]]) -> None:
    with pytest.raises(sender_command.Refused, match="BEKLIJF_IDENTIFIER_KEY is not set"):
        said(prepared[0], "change", "taken", "--pseudonymise", "https://hospital.example/number")


@pytest.fixture(scope="module")
def prepared(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """A registry with one sender, and files of keys by a name."""
    folder, url = tmp_path_factory.mktemp("keys"), databases("intake")
    private = rsa(1).as_pem(private=True)
    for name, content in {"GOOD": public(rsa(1)), "WEAK": weak(), "PRIVATE": private}.items():
        (folder / name).write_bytes(content)
    said(url, "add", "taken", "--organisation", "12345678", "--keys", str(folder / "GOOD"))
    return url, {name: str(folder / name) for name in ("GOOD", "WEAK", "PRIVATE", "NONE")}
