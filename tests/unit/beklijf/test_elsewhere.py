"""A system in containers: where its processes answer, and by which tokens the invented hospitals send."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from beklijf.elsewhere import Elsewhere, running_system
from beklijf.healthy import is_ready
from beklijf.local.processes import Process

ENVIRONMENT = {"BEKLIJF_OPERATIONS_URL": "http://{process}:9000", "BEKLIJF_KAFKA_BOOTSTRAP": "kafka:19092"}


def test_processes_are_addressed_by_their_names() -> None:
    there = running_system(ENVIRONMENT)

    assert there.operations_url_of(Process("scoring", "relay")) == "http://scoring-relay:9000"
    assert there.url_of(Process("intake", "api")) == "http://intake-api:8000"
    assert (there.bootstrap, there.kafka_profile) == ("kafka:19092", "apache")


def test_an_organisation_is_found_by_its_token(tmp_path: Path) -> None:
    file = tmp_path / "senders.json"
    file.write_text('{"token-of-one": "00000001", "token-of-two": "00000002"}')
    there = Elsewhere.of(ENVIRONMENT | {"BEKLIJF_SENDERS_FILE": str(file)})

    assert there.token_of("00000002") == "token-of-two"
    with pytest.raises(LookupError, match="no token of organisation 00000003"):
        there.token_of("00000003")


def test_without_the_file_of_tokens_it_is_named() -> None:
    with pytest.raises(LookupError, match="BEKLIJF_SENDERS_FILE is not set"):
        Elsewhere.of(ENVIRONMENT).token_of("00000001")


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
