"""Fetching: only from the list, only https, never from a private network, never by a redirect; what comes is bounded."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from beklijf_intake.bulk.download import CannotFetch, Sources, check, fetch, links_of
from beklijf_intake.outside import is_public
from tests.lib.file_host import file_host

HOSTS = frozenset({"archive.example.org", "localhost"})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "100.64.0.1", "::1",
        "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_of_the_open_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_others_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://archive.example.org/a", "https://other.example.org/a", "https://archive.example.org:8443/a", "ftp://archive.example.org/a",
        "https://user:pw@archive.example.org/a", "https://archive.example.org@other.example.org/a", "https:///a", "https://[::1]/a",
        "https://archive.example.org/a b", "https://archive.example.org:99999/", "https://archive.example.org/" + "a" * 2000, "file:///etc/x",
    ],
)  # fmt: skip
def test_an_address_beside_the_list_is_refused(url: str) -> None:
    with pytest.raises(CannotFetch):
        check(url, HOSTS)


def test_without_a_list_nothing_is_fetched() -> None:
    with pytest.raises(CannotFetch, match="BEKLIJF_IMPORT_SOURCES names no host"):
        check("https://archive.example.org/a", frozenset())


def test_a_port_counts_as_part_of_the_host() -> None:
    assert check("https://archive.example.org:8443/a?b=c", {"archive.example.org:8443"}) == ("archive.example.org", 8443, "/a?b=c")


def test_a_name_with_a_private_address_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(CannotFetch, match="private network"):
        fetch("https://localhost/a", Sources(HOSTS, is_public), list[bytes]().append, lambda: True)


def test_the_manifest_lists_its_files() -> None:
    manifest = b'{"output": [{"type": "Patient", "url": "https://a.example.org/1.ndjson"}, {"url": "2.ndjson"}]}'

    assert links_of(manifest, "https://b.example.org/x/manifest.json") == [
        "https://a.example.org/1.ndjson",
        "https://b.example.org/x/2.ndjson",
    ]


@pytest.mark.parametrize(
    "manifest", [b"{", b"{}", b'{"output": {}}', b'{"output": [{}]}', b'{"output": [{"url": 1}]}', b'{"output": ["x"]}']
)
def test_a_manifest_that_is_none_is_said_to_be_none(manifest: bytes) -> None:
    with pytest.raises(CannotFetch):
        links_of(manifest, "https://b.example.org/")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Sources]]:
    """A host of files with TLS on loopback, which counts as public here, and whose certificate is trusted."""
    with file_host(tmp_path_factory.mktemp("tls"), {"/file": b"line\n\n", "/zipped": b"line\n\n", "/short": b"line\n\n"}) as made:
        yield made


def got(url: str, sources: Sources, goes_on: Callable[[], bool] = lambda: True, **limits: int) -> bytes:
    pieces: list[bytes] = []
    fetch(url, sources, pieces.append, goes_on, **limits)
    return b"".join(pieces)


def test_a_file_of_a_listed_host_is_fetched(host: tuple[str, Sources]) -> None:
    assert got(f"{host[0]}/file", host[1]) == b"line\n\n"


@pytest.mark.parametrize(
    ("path", "why"), [("moved", "Redirects are not followed"), ("zipped", "compressed"), ("short", "ended before the file was complete")]
)
def test_what_a_host_answers_otherwise_is_not_taken(host: tuple[str, Sources], path: str, why: str) -> None:
    with pytest.raises(CannotFetch, match=why):
        got(f"{host[0]}/{path}", host[1])


def test_a_certificate_that_nobody_trusts_ends_it(host: tuple[str, Sources]) -> None:
    with pytest.raises(CannotFetch, match="SSLCertVerificationError"):
        got(f"{host[0]}/file", replace(host[1], context=ssl.create_default_context))


def test_a_file_beyond_the_limit_is_given_up(host: tuple[str, Sources]) -> None:
    with pytest.raises(CannotFetch, match="larger than 5 bytes"):
        got(f"{host[0]}/file", host[1], limit=5)
