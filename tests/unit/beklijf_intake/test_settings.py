"""What intake refuses to start with."""

from __future__ import annotations

from pathlib import Path

import pytest

from beklijf_intake.settings import Intake
from beklijf_shared.settings import SettingMissing, Settings

LAPTOP = {"BEKLIJF_DATABASE_URL": "postgresql+psycopg://x", "BEKLIJF_PROFILE": "laptop"}
SERVER = {
    "BEKLIJF_DATABASE_URL": "postgresql+psycopg://x",
    "BEKLIJF_PROFILE": "server",
    "BEKLIJF_PUBLIC_URL": "https://registry.example/fhir",
    "BEKLIJF_TOKEN_KEY": "00112233445566778899aabbccddeeff" * 2,
    "BEKLIJF_PSEUDONYM_KEY": "0123456789abcdef" * 4,
}


def read(environment: dict[str, str]) -> Intake:
    """The settings of this environment and no other."""
    return Intake.of(Settings.from_environment("intake", environment), environment)


def test_laptop_has_two_senders_a_default_and_loopback() -> None:
    intake = read(LAPTOP)

    assert sorted(intake.senders.values()) == ["00000001", "00000002"]
    assert intake.default_organisation == "00000001"
    assert (intake.time_zone, intake.base) == ("Europe/Amsterdam", "https://w3id.org/beklijf/fhir")


def test_laptop_listens_on_loopback_only() -> None:
    with pytest.raises(SettingMissing, match="BEKLIJF_HTTP_HOST"):
        read(LAPTOP | {"BEKLIJF_HTTP_HOST": "0.0.0.0"})


def test_laptop_is_reached_where_it_listens() -> None:
    assert read(LAPTOP | {"BEKLIJF_HTTP_PORT": "8401"}).address == "http://127.0.0.1:8401/fhir"


def test_server_has_no_ready_made_sender() -> None:
    intake = read(SERVER)

    assert (intake.senders, intake.default_organisation) == ({}, None)
    assert (intake.address, len(intake.token_keys[0])) == ("https://registry.example/fhir", 32)
    assert intake.private_networks is False


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(SettingMissing) as refused:
        read({name: value for name, value in SERVER.items() if name in LAPTOP})

    assert all(name in str(refused.value) for name in ("BEKLIJF_PUBLIC_URL", "BEKLIJF_TOKEN_KEY", "BEKLIJF_PSEUDONYM_KEY"))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"BEKLIJF_SENDERS": '{"a-token-that-is-long-enough": "12345678"}'}, "laptop profile"),
        ({"BEKLIJF_SENDERS": "not json"}, "JSON object"),
        ({"BEKLIJF_PSEUDONYM_KEY": ""}, "BEKLIJF_PSEUDONYM_KEY"),
        ({"BEKLIJF_PSEUDONYM_KEY": "0123"}, "at least 64"),
        ({"BEKLIJF_PSEUDONYM_KEY": "zz" * 32}, "hexadecimal"),
        ({"BEKLIJF_PSEUDONYM_KEY": b"beklijf laptop, no secret at all".hex()}, "everybody knows"),
        ({"BEKLIJF_TOKEN_KEY": ""}, "BEKLIJF_TOKEN_KEY"),
        ({"BEKLIJF_TOKEN_KEY": "00" * 31}, "at least 64"),
        ({"BEKLIJF_TOKEN_KEY": f"{'01' * 32} {'02' * 8}"}, "at least 64"),
        ({"BEKLIJF_TOKEN_KEY": b"beklijf laptop tokens, no secret".hex()}, "everybody knows"),
        ({"BEKLIJF_IDENTIFIER_KEY": "00"}, "BEKLIJF_IDENTIFIER_KEY"),
        ({"BEKLIJF_IDENTIFIER_KEY": b"beklijf laptop identifiers, known to all".hex()}, "everybody knows"),
        ({"BEKLIJF_PUBLIC_URL": ""}, "BEKLIJF_PUBLIC_URL"),
        ({"BEKLIJF_PUBLIC_URL": "http://registry.example/fhir"}, "https"),
        ({"BEKLIJF_PUBLIC_URL": "https://registry.example/fhir/"}, "without a slash"),
        ({"BEKLIJF_PUBLIC_URL": "registry:8401"}, "address like"),
    ],
)
def test_server_refuses_to_start(changed: dict[str, str], named: str) -> None:
    with pytest.raises(SettingMissing, match=named) as refused:
        read(SERVER | changed)

    assert [value for value in changed.values() if value and value in str(refused.value)] == []


def test_keys_may_come_from_files_and_a_new_one_stands_in_front(tmp_path: Path) -> None:
    file = tmp_path / "token-key"
    file.write_text(f"{'01' * 32}\n{'02' * 32}\n")
    environment = {name: value for name, value in SERVER.items() if name != "BEKLIJF_TOKEN_KEY"}

    intake = read(environment | {"BEKLIJF_TOKEN_KEY_FILE": str(file), "BEKLIJF_IDENTIFIER_KEY": "03" * 32})

    assert intake.token_keys == (b"\x01" * 32, b"\x02" * 32)
    assert intake.identifier_keys == (b"\x03" * 32,)


def test_a_server_of_ones_own_computer_may_be_reached_without_tls() -> None:
    assert read(SERVER | {"BEKLIJF_PUBLIC_URL": "http://127.0.0.1:8401/fhir"}).address == "http://127.0.0.1:8401/fhir"
