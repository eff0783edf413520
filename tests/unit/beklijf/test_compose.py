"""The compose file keeps to what works with the official images and a plain engine."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.lib.sources import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_it_starts_a_postgresql_and_an_apache_kafka() -> None:
    assert {name: service["image"] for name, service in SERVICES.items()} == {
        "postgres": "postgres:18-bookworm",
        "kafka": "apache/kafka:4.3.1",
    }


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_only(name: str) -> None:
    assert [port for port in SERVICES[name]["ports"] if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_health_is_asked_without_what_older_engines_refuse(name: str) -> None:
    health = SERVICES[name]["healthcheck"]

    assert "start_interval" not in health
    assert health["retries"] >= 30


@pytest.mark.parametrize("name", SERVICES)
def test_containers_have_limits_and_no_privileges(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


def test_data_is_where_the_images_want_it() -> None:
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]
    assert SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data"
