"""The compose file keeps to what works with the official images and a plain engine, and gives nobody more than they need."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from beklijf.local.processes import PROCESSES
from tests.lib.sources import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("beklijf:"))
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()


def secrets(service: str) -> set[str]:
    """The names of the secrets that a container is given."""
    return {one if isinstance(one, str) else one["source"] for one in SERVICES[service].get("secrets", ())}


def test_it_starts_a_postgresql_an_apache_kafka_and_every_process() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18-bookworm"
    assert SERVICES["kafka"]["image"] == "apache/kafka:4.3.1"
    assert sorted(OURS) == sorted(["migrate", "operator", *(process.name for process in PROCESSES)])


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_process_runs_its_own_command_with_its_own_database(process: Any) -> None:
    service = SERVICES[process.name]

    assert service["command"] == [f"beklijf_{process.service}", process.command]
    assert {name for name in secrets(process.name) if name.endswith("-database-url")} == {f"{process.service}-database-url"}
    assert service["environment"]["BEKLIJF_PROFILE"] == "server"
    assert service["restart"] == "unless-stopped"


def test_only_the_fhir_door_and_the_pages_are_published_and_on_loopback_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {
        "intake-api": ["127.0.0.1:${BEKLIJF_FHIR_PORT:-8401}:8000"],
        "reporting-api": ["127.0.0.1:${BEKLIJF_PAGES_PORT:-8400}:8000"],
    }


def test_ports_for_development_are_on_loopback_too() -> None:
    more = yaml.safe_load((ROOT / "deploy/compose.ports.yml").read_text())["services"]

    assert [port for service in more.values() for port in service["ports"] if not port.startswith("127.0.0.1:")] == []


def test_nothing_is_on_a_network_with_a_way_out() -> None:
    open_networks = {name for name, network in COMPOSE["networks"].items() if not network.get("internal")}

    assert open_networks == {"front"}
    assert COMPOSE["networks"]["front"]["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    assert {name for name, service in SERVICES.items() if "front" in service["networks"]} == {"intake-api", "reporting-api"}


def test_keys_are_where_they_are_used_and_nowhere_else() -> None:
    private = {"sender-00000001.pem", "sender-00000002.pem"}

    assert {name for name in SERVICES if secrets(name) & private} == {"operator"}
    assert {name for name in SERVICES if "token-key" in secrets(name)} == {"intake-api"}
    assert {name for name in SERVICES if "pseudonym-key" in secrets(name)} == {"intake-api", "intake-importer"}
    assert {name for name in SERVICES if "identifier-key" in secrets(name)} == {"intake-api", "intake-importer"}


def test_no_secret_stands_in_the_file() -> None:
    secret = re.compile(r"PASSWORD|TOKEN|KEY$|DATABASE_URL$|SENDERS$")
    named = [(name, key) for name, service in SERVICES.items() for key in service.get("environment", {}) if secret.search(key)]

    assert [(name, key) for name, key in named if not key.endswith("_FILE")] == []
    assert {one["file"] for one in COMPOSE["secrets"].values()} == {
        f"${{BEKLIJF_SECRETS:-./secrets}}/{name}" for name in COMPOSE["secrets"]
    }


@pytest.mark.parametrize("name", SERVICES)
def test_containers_have_limits_and_no_privileges(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


@pytest.mark.parametrize("name", [*OURS, "postgres"])
def test_file_systems_are_read_only(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert "/tmp" in SERVICES[name]["tmpfs"]


def test_health_is_asked_without_what_older_engines_refuse() -> None:
    checks = [service["healthcheck"] for service in SERVICES.values() if "healthcheck" in service]

    assert [check for check in checks if "start_interval" in check] == []
    assert [check for check in checks if not check.get("disable") and check["retries"] < 30] == []
    assert "HEALTHCHECK --interval=5s" in DOCKERFILE
    assert "--start-interval" not in DOCKERFILE


def test_the_image_has_a_user_by_number_and_no_address_or_digest() -> None:
    assert "\nUSER 10001:10001\n" in DOCKERFILE
    assert "# syntax=" not in DOCKERFILE
    assert "@sha256:" not in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE


def test_the_spool_is_shared_by_who_takes_archives_and_who_stores_them() -> None:
    mounted = {name for name, service in SERVICES.items() if "spool:/var/lib/beklijf" in service.get("volumes", ())}

    assert mounted == {"intake-api", "intake-importer"}
    assert {SERVICES[name]["environment"]["BEKLIJF_SPOOL"] for name in mounted} == {"/var/lib/beklijf"}
    assert "/var/lib/beklijf" in DOCKERFILE  # made there with the account that has no name, which a new volume takes over


def test_data_is_where_the_images_want_it() -> None:
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]
    assert SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data"
