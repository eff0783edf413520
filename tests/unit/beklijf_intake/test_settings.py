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
    "BEKLIJF_SENDERS": '{"a-token-that-is-long-enough": "12345678"}',
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


def test_server_has_no_default_sender() -> None:
    intake = read(SERVER)

    assert intake.default_organisation is None
    assert intake.senders == {"a-token-that-is-long-enough": "12345678"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"BEKLIJF_SENDERS": ""}, "BEKLIJF_SENDERS"),
        ({"BEKLIJF_SENDERS": "not json"}, "JSON object"),
        ({"BEKLIJF_SENDERS": '{"a-token-that-is-long-enough": 1}'}, "JSON object"),
        ({"BEKLIJF_SENDERS": '{"short": "12345678"}'}, "fewer than 24"),
        ({"BEKLIJF_SENDERS": '{"laptop-token-of-hospital-one": "12345678"}'}, "laptop profile"),
        ({"BEKLIJF_PSEUDONYM_KEY": ""}, "BEKLIJF_PSEUDONYM_KEY"),
        ({"BEKLIJF_PSEUDONYM_KEY": "0123"}, "at least 64"),
        ({"BEKLIJF_PSEUDONYM_KEY": "zz" * 32}, "hexadecimal"),
    ],
)
def test_server_refuses_to_start(changed: dict[str, str], named: str) -> None:
    with pytest.raises(SettingMissing, match=named) as refused:
        read(SERVER | changed)

    assert changed.get("BEKLIJF_PSEUDONYM_KEY") not in str(refused.value).split()


def test_senders_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "senders"
    file.write_text('{"another-token-that-is-long-enough": "87654321"}')
    environment = {name: value for name, value in SERVER.items() if name != "BEKLIJF_SENDERS"}

    intake = read(environment | {"BEKLIJF_SENDERS_FILE": str(file)})

    assert intake.senders == {"another-token-that-is-long-enough": "87654321"}
