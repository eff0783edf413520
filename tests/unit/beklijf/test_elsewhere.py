"""A system in containers: where its processes answer, and by which tokens the invented hospitals send."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from beklijf.elsewhere import Elsewhere, running_system
from beklijf.healthy import is_ready
from beklijf.local.processes import Process
from beklijf.token import Bearer

ENVIRONMENT = {"BEKLIJF_OPERATIONS_URL": "http://{process}:9000", "BEKLIJF_KAFKA_BOOTSTRAP": "kafka:19092"}


def test_processes_are_addressed_by_their_names() -> None:
    there = running_system(ENVIRONMENT)

    assert there.operations_url_of(Process("scoring", "relay")) == "http://scoring-relay:9000"
    assert there.url_of(Process("intake", "api")) == "http://intake-api:8000"
    assert (there.bootstrap, there.kafka_profile) == ("kafka:19092", "apache")


def test_an_organisation_sends_with_its_own_key(tmp_path: Path) -> None:
    (tmp_path / "sender-00000002.pem").write_bytes(ECKey.generate_key("P-384").as_pem(private=True))
    there = Elsewhere.of(ENVIRONMENT | {"BEKLIJF_SENDER_KEYS": str(tmp_path)})

    assert isinstance(there.auth_of("00000002"), Bearer)
    with pytest.raises(LookupError, match="no private key of organisation 00000003"):
        there.auth_of("00000003")


def test_without_the_folder_of_keys_it_is_named() -> None:
    with pytest.raises(LookupError, match="BEKLIJF_SENDER_KEYS is not set"):
        Elsewhere.of(ENVIRONMENT).auth_of("00000001")


@pytest.mark.parametrize(("answer", "ready"), [(b"HTTP/1.1 200 OK\r\n\r\n", True), (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False)])
def test_a_container_is_healthy_when_its_process_is_ready(answer: bytes, ready: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=_answer_once, args=(server, answer))
        answering.start()

        healthy = is_ready(server.getsockname()[1])

        answering.join()
    assert healthy is ready


def test_a_container_without_its_process_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert not is_ready(port)


def _answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1024)
        connection.sendall(answer)
