"""Keys that senders publish: fetched from the registered address only, within limits, and kept no longer than allowed (T07, T25)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from beklijf_intake import outside
from beklijf_intake.domain.registration import RegistrationRefused, check_address
from beklijf_intake.outside import Fetched, NotFetched, fetch
from beklijf_intake.senders.key_shelf import KeyShelf
from tests.lib.databases import Databases
from tests.lib.publisher import Answer, Publisher, publishing
from tests.lib.senders import ask, claims, curve, public, rsa, signed
from tests.lib.senders import header as header_of
from tests.lib.server_door import TOKEN_URL, opened

KEYS = public(rsa(1), curve(1))


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """A sender's web server that this process trusts."""
    with publishing(tmp_path, lambda _: (200, {"Content-Type": "application/json"}, KEYS)) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.certificate))
        yield running


def get(url: str, **limits: int) -> Fetched:
    """Fetched as a test may: from a private network."""
    return fetch(url, private_networks=True, **limits)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({}, None), ({"Cache-Control": "max-age=60"}, 60), ({"Cache-Control": "public, max-age=7, x"}, 7), ({"Cache-Control": "no-store"}, 0),
     ({"Cache-Control": "no-cache, max-age=60"}, 0)],
)  # fmt: skip
def test_a_set_of_keys_is_fetched_with_what_may_be_kept(publisher: Publisher, header: dict[str, str], seconds: int | None) -> None:
    publisher.says = lambda _: (200, header, KEYS)

    assert get(f"{publisher.url}/keys") == Fetched(KEYS, seconds)


def test_a_redirect_is_not_followed(publisher: Publisher) -> None:
    publisher.says = lambda path: (302, {"Location": f"{publisher.url}/elsewhere"}, b"")

    with pytest.raises(NotFetched, match="status 302"):
        get(f"{publisher.url}/keys")

    assert publisher.asked == ["/keys"]


def test_an_answer_has_limits(publisher: Publisher) -> None:
    publisher.says = lambda _: (200, {}, b"x" * (outside.LIMIT_BYTES + 1))

    with pytest.raises(NotFetched, match="more than"):
        get(f"{publisher.url}/keys")


def test_an_answer_that_dawdles_is_not_waited_for(publisher: Publisher) -> None:
    released = threading.Event()

    def dawdles(_: str) -> Answer:
        released.wait(10)
        return 200, {}, KEYS

    publisher.says = dawdles
    with pytest.raises(NotFetched):
        get(f"{publisher.url}/keys", limit_seconds=1)
    released.set()


def test_who_is_not_trusted_is_not_heard(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(NotFetched):
        get(f"{publisher.url}/keys")

    assert publisher.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[fd00::1]", "0.0.0.0"])
def test_private_networks_are_not_asked(host: str) -> None:
    with pytest.raises(NotFetched):
        fetch(f"https://{host}:1/keys", limit_seconds=1)


@pytest.mark.parametrize(
    "url",
    ["http://keys.example/k", "https://127.0.0.1/k", "https://[::1]/k", "https://localhost/k", "https://user:word@keys.example/k",
     "https://keys.example/k#part", "file:///etc/passwd", "https://", "https://keys.example/a b", "https://192.168.1.1/k"],
)  # fmt: skip
def test_an_address_that_may_not_be_asked_is_not_registered(url: str) -> None:
    with pytest.raises(RegistrationRefused):
        check_address(url)


class Shelf:
    """A shelf with a clock set by hand, that counts how often it asks."""

    def __init__(self, *fetched: Fetched | Exception) -> None:
        self.now, self.times, self._fetched = 0.0, 0, list(fetched)
        self.shelf = KeyShelf(self._fetch, passed=lambda: self.now)

    def _fetch(self, _: str) -> Fetched:
        self.times += 1
        found = self._fetched.pop(0) if len(self._fetched) > 1 else self._fetched[0]
        if isinstance(found, Exception):
            raise found
        return found

    def has(self, key_id: str, at: float) -> bool:
        """Whether the key is among those it gives at that second."""
        self.now = at
        key_set = self.shelf.keys_at("https://keys.example/k", key_id)
        return key_set is not None and key_id in key_set.keys


def test_keys_are_kept_for_five_minutes_at_most() -> None:
    shelf = Shelf(Fetched(public(rsa(1)), 86_400), Fetched(public(rsa(2)), None))

    assert [shelf.has("rsa-1", at) for at in (0, 299.9, 300)] == [True, True, False]
    assert (shelf.has("rsa-2", 301), shelf.times) == (True, 2)


def test_keys_are_kept_no_longer_than_they_may_be() -> None:
    shelf = Shelf(Fetched(public(rsa(1)), 60), Fetched(public(rsa(1)), 0), Fetched(public(rsa(2)), 60))

    assert [shelf.has("rsa-1", at) for at in (0, 59, 60, 60.5, 61)] == [True, True, True, True, False]
    assert shelf.times == 3


def test_a_new_key_is_looked_for_but_not_by_everybody_all_the_time() -> None:
    shelf = Shelf(Fetched(public(rsa(1)), None), Fetched(public(rsa(1), rsa(2)), None))

    assert [shelf.has("rsa-2", at) for at in (0, 1, 9, 10)] == [False, False, False, True]
    assert shelf.times == 2


@pytest.mark.parametrize("wrong", [NotFetched("status 500"), Fetched(b"no JSON", None), Fetched(b'{"keys": []}', None)])
def test_without_keys_nobody_is_recognised_and_it_is_tried_again(wrong: Fetched | Exception) -> None:
    shelf = Shelf(Fetched(public(rsa(1)), 5), wrong, Fetched(public(rsa(1)), 5))

    assert [shelf.has("rsa-1", at) for at in (0, 5, 6, 15)] == [True, False, False, True]


def test_a_sender_is_recognised_by_what_it_publishes(publisher: Publisher, databases: Databases) -> None:
    with opened(databases("intake")) as door:
        door.register("published", "12345678", None, url=f"{publisher.url}/keys")

        def status(key: object = None, **head: object) -> int:
            head_and_key = rsa(1) if key is None else key
            assertion = signed(head_and_key, header_of(head_and_key, **head), claims("published", TOKEN_URL, door.clock()))  # type: ignore[arg-type]
            return ask(door.client, assertion).status_code

        assert [status(), status(jku=f"{publisher.url}/keys"), status(jku=f"{publisher.url}/others"), status(rsa(2))] == [
            200,
            200,
            401,
            401,
        ]
        assert publisher.asked == ["/keys"]


def test_t25_a_key_that_is_taken_away_is_refused_when_what_was_kept_has_ended(publisher: Publisher, databases: Databases) -> None:
    with opened(databases("intake")) as door:
        shelf = Shelf(Fetched(public(rsa(1)), None), Fetched(public(rsa(2)), None))
        door.app.state.roster._shelf = shelf.shelf
        door.register("published", "12345678", None, url="https://keys.example/k")
        answers = []
        for at in (0, 299, 300):
            shelf.now = at
            answers.append(ask(door.client, door.assertion("published", rsa(1))).status_code)

    assert answers == [200, 200, 401]


def test_t07_nothing_is_fetched_because_a_token_says_so(publisher: Publisher, databases: Databases) -> None:
    with opened(databases("intake")) as door:
        door.register("inline", "12345678", public(rsa(1)))
        assertions = [
            signed(rsa(1), header_of(rsa(1), **{name: f"{publisher.url}/keys"}), claims("inline", TOKEN_URL, door.clock()))
            for name in ("jku", "x5u")
        ]

        assert [ask(door.client, one).status_code for one in assertions] == [401, 401]
        assert publisher.asked == []
