"""PostgreSQL and Apache Kafka in containers, and an Apache Kafka emptied of our topics."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from tests.lib.wait import wait_until

CLIENT_PORT = 9092
LISTENERS = "PLAINTEXT://:9092,CONTROLLER://:9093"
ADVERTISED = "/var/tmp/advertised"
ENVIRONMENT = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_LISTENERS": LISTENERS,
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
}


def _settle_testcontainers() -> None:
    """No reaper image; and the engine's own address even when this machine is itself a container."""
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")


@contextmanager
def postgres_container(image: str) -> Iterator[str]:
    """A PostgreSQL container; yields its superuser's URL."""
    _settle_testcontainers()
    from testcontainers.community.postgres import PostgresContainer

    with PostgresContainer(image, driver="psycopg") as container:
        yield container.get_connection_url()


@cache
def kafka_container(image: str) -> str:
    """One Apache Kafka container for the whole run, under the port that Docker chose; returns its address."""
    _settle_testcontainers()
    from testcontainers.core.container import DockerContainer

    # The advertised address holds the port on the host, which is known only once the container runs: so it waits for it.
    script = (
        f"until [[ -s {ADVERTISED} ]]; do sleep 0.05; done; export KAFKA_ADVERTISED_LISTENERS=$(< {ADVERTISED}); exec /etc/kafka/docker/run"
    )
    container = DockerContainer(image).with_exposed_ports(CLIENT_PORT).with_kwargs(entrypoint=["bash", "-c"]).with_command([script])
    for name, value in ENVIRONMENT.items():
        container.with_env(name, value)
    container.start()
    atexit.register(container.stop)
    bootstrap = f"{container.get_container_host_ip()}:{container.get_exposed_port(CLIENT_PORT)}"
    container.exec(["bash", "-c", f"echo PLAINTEXT://{bootstrap} > {ADVERTISED}"])
    wait_until(lambda: b"Kafka Server started" in container.get_logs()[0], 120, because="Apache Kafka starts")
    return bootstrap


def without_our_topics(bootstrap: str) -> None:
    """Delete every topic of ours and wait until it is gone: what a broker from a wheel is when it starts."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap, reconnect_backoff_max_ms=1000)
    try:

        def ours() -> list[str]:
            return [name for name in admin.list_topics() if name.startswith("beklijf")]

        if names := ours():
            admin.delete_topics(names)
            wait_until(lambda: not ours(), because="our topics are gone")
    finally:
        admin.close()
