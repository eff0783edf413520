"""Getting a token, and what a token opens: every id of the list of bad assertions and tokens (T01 to T25), over HTTP, exactly.

The token endpoint speaks OAuth (`error`), the FHIR door an OperationOutcome with `WWW-Authenticate`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from beklijf_intake.domain.registration import RegistrationRefused
from beklijf_intake.senders import registrar, roster
from beklijf_intake.senders.keys import SecretKeys
from beklijf_intake.senders.registrar import Proof, Wish
from beklijf_shared import db
from tests.lib import builders, senders
from tests.lib.clock import NOON, HandClock
from tests.lib.databases import Databases
from tests.lib.located import place_of
from tests.lib.senders import ask, claims, curve, header, public, rsa, signed
from tests.lib.server_door import BASE, KEYS, TOKEN_URL, ServerDoor, bearer, opened

ONE, TWO, READER = "hospital-one", "hospital-two", "reader"
ORGANISATION, ANOTHER = "12345678", "87654321"
MEBIBYTE = 1024 * 1024
ANSWER = builders.vas("a1", 40, authored="2014-03-03T10:00:00+01:00")


@pytest.fixture(scope="module")
def running(databases: Databases) -> Iterator[ServerDoor]:
    """A door with two hospitals, and one sender that may only read."""
    with opened(databases("intake")) as door:
        door.register(ONE, ORGANISATION, public(rsa(1), curve(1)), Wish(scopes="system/*.cruds"))
        door.register(TWO, ANOTHER, public(rsa(2)), Wish(scopes="system/*.cruds"))
        door.register(READER, ORGANISATION, public(rsa(3)), Wish(scopes="system/*.rs"))
        yield door


@pytest.fixture
def door(running: ServerDoor) -> Iterator[ServerDoor]:
    """The same, at noon."""
    running.clock.instant = NOON
    running.client.cookies.clear()
    return running


def said(answer: httpx.Response) -> tuple[int, str]:
    """Status and error of the token endpoint; every refusal is a JSON object that nobody keeps."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert answer.status_code == 200 or set(body) == {"error", "error_description"}
    return answer.status_code, body.get("error", "")


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and issue code of the FHIR door."""
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return answer.status_code, outcome["issue"][0]["code"]


def proper(door: ServerDoor, key: Any = None, head: Any = None, client: str = ONE, **changed: Any) -> str:
    """A truly signed assertion with a changed header or changed claims."""
    key = key or rsa(1)
    return signed(key, header(key, **(head or {})), claims(client, TOKEN_URL, door.clock(), **changed))


# What is granted


@pytest.mark.parametrize("key", [rsa(1), curve(1)], ids=["RS384", "ES384"])
def test_a_token_is_given_for_a_proper_assertion(door: ServerDoor, key: Any) -> None:
    answer = ask(door.client, proper(door, key), "system/Patient.rs system/Patient.write")

    assert said(answer) == (200, "")
    body = answer.json()
    assert {name: value for name, value in body.items() if name != "access_token"} == {
        "token_type": "bearer", "expires_in": 300, "scope": "system/Patient.cruds",
    }  # fmt: skip
    assert door.client.get("/fhir/Patient/none", headers=bearer(body["access_token"])).status_code == 404


def test_what_is_more_than_registered_is_narrowed_and_said(door: ServerDoor) -> None:
    answer = ask(door.client, proper(door, rsa(3), client=READER), "system/*.* system/Patient.cruds openid")

    assert answer.json()["scope"] == "system/*.rs system/Patient.rs"


def test_where_it_is_got_is_published(door: ServerDoor) -> None:
    document = door.client.get("/fhir/.well-known/smart-configuration", headers={"Accept": "application/json"}).json()

    assert document["token_endpoint"] == TOKEN_URL
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert {"client-confidential-asymmetric", "permission-v2"} <= set(document["capabilities"])


# T01 to T18: assertions

ALTERED: dict[str, Callable[[ServerDoor], str]] = {
    "T01 alg none": lambda d: f"{senders.part(header(rsa(1), alg='none'))}.{senders.part(claims(ONE, TOKEN_URL, d.clock()))}.",
    "T01 alg none, with a signature": lambda d: proper(d, head={"alg": "none"}),
    "T01 alg None": lambda d: proper(d, head={"alg": "None"}),
    "T01 alg missing": lambda d: proper(d, head={"alg": ...}),
    "T02 HS384 with the public key": lambda d: senders.signed_with_secret(
        rsa(1).as_pem(private=False), header(rsa(1), alg="HS384"), claims(ONE, TOKEN_URL, d.clock())
    ),
    "T02 HS384 with the key of our own tokens": lambda d: senders.signed_with_secret(
        bytes.fromhex(KEYS["BEKLIJF_TOKEN_KEY"]), header(rsa(1), alg="HS384"), claims(ONE, TOKEN_URL, d.clock())
    ),
    "T03 RS256": lambda d: proper(d, head={"alg": "RS256"}),
    "T04 ES384 under the kid of an RSA key": lambda d: proper(d, curve(1), head={"kid": rsa(1).kid}),
    "T04 RS384 under the kid of an EC key": lambda d: proper(d, head={"kid": curve(1).kid}),
    "T06 kid missing": lambda d: proper(d, head={"kid": ...}),
    "T06 kid unknown": lambda d: proper(d, head={"kid": "another"}),
    "T06 kid of another sender": lambda d: proper(d, rsa(2)),
    "T06 kid a path": lambda d: proper(d, head={"kid": "../../dev/null"}),
    "T06 kid a query": lambda d: proper(d, head={"kid": "' OR 1"}),
    "T06 kid an integer": lambda d: proper(d, head={"kid": 1}),
    "T06 kid of 1 MB": lambda d: proper(d, head={"kid": "k" * MEBIBYTE}),
    "T07 jku": lambda d: proper(d, head={"jku": "https://203.0.113.1/keys"}),
    "T07 x5u": lambda d: proper(d, head={"x5u": "https://203.0.113.1/certificate"}),
    "T07 jwk": lambda d: proper(d, rsa(9), head={"jwk": rsa(9).as_dict(private=False)}),
    "T08 crit": lambda d: proper(d, head={"crit": ["exp"]}),
    "T08 crit unknown": lambda d: proper(d, head={"crit": ["https://nobody"], "https://nobody": 1}),
    "T08 b64": lambda d: proper(d, head={"b64": False, "crit": ["b64"]}),
    "T09 exp missing": lambda d: proper(d, exp=...),
    "T09 exp null": lambda d: proper(d, exp=None),
    "T09 exp a text": lambda d: proper(d, exp=str(int(d.clock().timestamp()) + 100)),
    "T09 exp a float": lambda d: proper(d, exp=d.clock().timestamp() + 100.5),
    "T09 exp true": lambda d: proper(d, exp=True),
    "T09 exp NaN": lambda d: proper(d, exp=float("nan")),
    "T09 exp 1e999": lambda d: signed(rsa(1), header(rsa(1)), json.dumps(claims(ONE, TOKEN_URL, d.clock(), exp=77)).replace("77", "1e999")),
    "T09 exp a list": lambda d: proper(d, exp=[int(d.clock().timestamp()) + 100]),
    "T10 exp in 301 s": lambda d: proper(d, exp=int(d.clock().timestamp()) + 301),
    "T10 exp in ten years": lambda d: proper(d, exp=int(d.clock().timestamp()) + 315_360_000),
    "T10 exp 10^400": lambda d: proper(d, exp=10**400),
    "T11 exp 1 s ago": lambda d: proper(d, exp=int(d.clock().timestamp()) - 1),
    "T11 exp now": lambda d: proper(d, exp=int(d.clock().timestamp())),
    "T11 nbf ahead": lambda d: proper(d, nbf=int(d.clock().timestamp()) + 31),
    "T11 iat ahead": lambda d: proper(d, iat=int(d.clock().timestamp()) + 31),
    "T11 iat a text": lambda d: proper(d, iat="now"),
    "T12 aud another": lambda d: proper(d, aud="https://registry.example/other"),
    "T12 aud the FHIR base": lambda d: proper(d, aud=BASE),
    "T12 aud with a slash": lambda d: proper(d, aud=f"{TOKEN_URL}/"),
    "T12 aud a prefix": lambda d: proper(d, aud=TOKEN_URL[:-1]),
    "T12 aud with one more": lambda d: proper(d, aud=[TOKEN_URL, "https://elsewhere.example"]),
    "T12 aud missing": lambda d: proper(d, aud=...),
    "T13 iss is not sub": lambda d: proper(d, sub=TWO),
    "T13 sub missing": lambda d: proper(d, sub=...),
    "T13 an unknown sender": lambda d: proper(d, client="nobody"),
    "T14 iss twice": lambda d: signed(
        rsa(1), header(rsa(1)), json.dumps(claims(ONE, TOKEN_URL, d.clock())).replace('{"iss"', f'{{"iss": "{TWO}", "iss"')
    ),
    "T14 alg twice": lambda d: signed(
        rsa(1), json.dumps(header(rsa(1))).replace('{"alg"', '{"alg": "none", "alg"'), claims(ONE, TOKEN_URL, d.clock())
    ),
    "T15 jti missing": lambda d: proper(d, jti=...),
    "T15 jti empty": lambda d: proper(d, jti=""),
    "T15 jti of 1 MB": lambda d: proper(d, jti="j" * MEBIBYTE),
    "T15 jti an integer": lambda d: proper(d, jti=1),
    "T17 == appended": lambda d: f"{proper(d)}==",
    "T17 a line feed appended": lambda d: f"{proper(d)}\n",
    "T18 truncated": lambda d: proper(d)[:-20],
    "T18 without signature": lambda d: proper(d).rsplit(".", 1)[0],
    "T18 a fourth part": lambda d: f"{proper(d)}.{senders.part('more')}",
    "T18 another's signature": lambda d: ".".join([*proper(d).split(".")[:2], proper(d).split(".")[2]]),
    "T18 no JSON": lambda d: signed(rsa(1), header(rsa(1)), "{"),
    "T21 typ of an access token": lambda d: proper(d, head={"typ": "at+jwt"}),
    "T21 typ missing": lambda d: proper(d, head={"typ": ...}),
    "T21 an access token": lambda d: d.token(ONE, rsa(1)),
}


@pytest.mark.parametrize("case", ALTERED)
def test_an_assertion_that_proves_nothing_is_refused(door: ServerDoor, case: str) -> None:
    assertion = ALTERED[case](door)

    answer = ask(door.client, assertion)

    assert said(answer) == (401, "invalid_client")
    assert assertion[:40] not in answer.text
    assert [one for one in (ONE, "another", "dev/null") if one in answer.text] == []


@pytest.mark.parametrize("ahead", [{"exp": 301}, {"exp": 200, "iat": 31}, {"exp": 200, "nbf": 31}])
def test_a_senders_clock_that_is_fast_is_asked_after(door: ServerDoor, ahead: dict[str, int]) -> None:
    now = int(door.clock().timestamp())

    answer = ask(door.client, proper(door, **{name: now + seconds for name, seconds in ahead.items()}))

    assert answer.status_code == 401
    assert answer.json()["error_description"].endswith("is the sender's clock fast?")


def test_one_audience_in_a_list_is_one_audience(door: ServerDoor) -> None:
    assert said(ask(door.client, proper(door, aud=[TOKEN_URL]))) == (200, "")


def test_limits_themselves_are_within(door: ServerDoor) -> None:
    now = int(door.clock().timestamp())

    assert said(ask(door.client, proper(door, exp=now + 300, iat=now + 30, nbf=now + 30, jti="j" * 255))) == (200, "")


@pytest.mark.parametrize(
    "keys",
    [senders.weak(), public(curve(5, "P-256")), json.dumps({"keys": [rsa(1).as_dict(private=True)]}).encode(), public(rsa(1), rsa(1)),
     b'{"keys": []}', b"[]", json.dumps({"keys": [{**rsa(1).as_dict(private=False), "kid": 1}]}).encode(),
     json.dumps({"keys": [{**rsa(1).as_dict(private=False), "e": "Aw"}]}).encode(), rsa(1).as_pem(private=True)],
    ids=["RSA-1024", "P-256", "private", "kid twice", "none", "no object", "kid a number", "exponent 3", "private PEM"],
)  # fmt: skip
def test_t05_a_key_that_proves_nothing_is_not_registered(door: ServerDoor, keys: bytes) -> None:
    with pytest.raises(RegistrationRefused), db.transaction(door.engine) as connection:
        registrar.add(connection, "weak", ORGANISATION, Wish(), Proof(keys=keys), NOON)


def test_t18_a_body_beyond_any_token_is_not_read(door: ServerDoor) -> None:
    answer = ask(door.client, "a" * 10 * MEBIBYTE)

    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


# T16, T17: once


def test_t16_an_assertion_is_good_once(door: ServerDoor) -> None:
    assertion = proper(door)

    assert [ask(door.client, assertion).status_code for _ in range(3)] == [200, 401, 401]


def test_t17_a_jti_is_good_once_however_it_is_signed(door: ServerDoor) -> None:
    first, again = proper(door, jti="the-same"), proper(door, curve(1), jti="the-same", exp=int(door.clock().timestamp()) + 100)

    assert [said(ask(door.client, one)) for one in (first, again)] == [(200, ""), (401, "invalid_client")]
    assert said(ask(door.client, proper(door, rsa(2), client=TWO, jti="the-same"))) == (200, "")


def test_t16_once_among_all_workers_and_after_a_restart(databases: Databases) -> None:
    url, clock = databases("intake"), HandClock()
    with opened(url, clock) as first, opened(url, clock) as second:
        first.register(ONE, ORGANISATION, public(rsa(1)))
        second.app.state.roster.refresh()
        assertion = first.assertion(ONE, rsa(1))
        used = [ask(one.client, assertion).status_code for one in (first, second)]
        parallel = first.assertion(ONE, rsa(1))
        with ThreadPoolExecutor(20) as pool:
            at_once = Counter(pool.map(lambda n: ask((first, second)[n % 2].client, parallel).status_code, range(100)))
    with opened(url, clock) as restarted:
        afterwards = [ask(restarted.client, one).status_code for one in (assertion, parallel)]

    assert used == [200, 401]
    assert at_once == {200: 1, 401: 99}
    assert afterwards == [401, 401]


def test_what_is_used_up_is_forgotten_only_when_it_has_long_expired(door: ServerDoor) -> None:
    def kept() -> int:
        with db.transaction(door.engine) as connection:
            return int(connection.execute(text("SELECT count(*) FROM assertion WHERE sender = 'hospital-two'")).scalar_one())

    ask(door.client, proper(door, rsa(2), client=TWO))
    before = kept()
    door.clock.advance(seconds=239 + 600)
    ask(door.client, proper(door, rsa(1)))
    meanwhile = kept()
    door.clock.advance(seconds=2)
    ask(door.client, proper(door, rsa(1)))

    assert (before > 0, meanwhile, kept()) == (True, before, 0)


# T19, T20: how it is asked


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"grant_type": "authorization_code"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "unsupported_grant_type")),
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, (400, "invalid_request")),
        ({"client_assertion": ""}, (400, "invalid_request")),
        ({"client_id": TWO}, (401, "invalid_client")),
        ({"scope": "patient/*.read"}, (400, "invalid_scope")),
        ({"scope": "system/Nothing.everything"}, (400, "invalid_scope")),
        ({"scope": "system/Patient.srudc"}, (400, "invalid_scope")),
        ({"scope": ""}, (400, "invalid_scope")),
    ],
)
def test_t19_and_t20_how_it_is_asked(door: ServerDoor, changed: dict[str, str], refused: tuple[int, str]) -> None:
    assert said(ask(door.client, proper(door), **changed)) == refused


def test_t19_the_form_and_nothing_else(door: ServerDoor) -> None:
    form = {"grant_type": "client_credentials", "client_assertion_type": senders.ASSERTION_TYPE, "scope": "system/*.rs"}
    good = httpx.QueryParams({**form, "client_assertion": proper(door)})
    wrong = [
        door.client.post(f"/fhir/auth/token?{good}", headers=senders.FORM),
        door.client.post("/fhir/auth/token?x=1", content=str(good), headers=senders.FORM),
        door.client.post("/fhir/auth/token", json=dict(good)),
        door.client.post("/fhir/auth/token", content=str(good)),
        door.client.post("/fhir/auth/token", content=f"{good}&grant_type=client_credentials", headers=senders.FORM),
        door.client.post("/fhir/auth/token", content=f"{good}&scope=system%2F*.rs", headers=senders.FORM),
        door.client.post("/fhir/auth/token", content=b"\xff=1", headers=senders.FORM),
        door.client.post("/fhir/auth/token", content="&".join(f"p{n}=1" for n in range(50)), headers=senders.FORM),
        door.client.post("/fhir/auth/token", content=str(good), headers={**senders.FORM, "Authorization": "Basic YTpi"}),
        door.client.post("/fhir/auth/token", headers=senders.FORM),
    ]

    assert [said(answer) for answer in wrong] == [(400, "invalid_request")] * len(wrong)
    assert said(door.client.post("/fhir/auth/token", content=str(good), headers=senders.FORM)) == (200, "")
    assert code_of(door.client.get("/fhir/auth/token")) == (405, "not-supported")


def test_t20_nothing_of_what_is_asked(door: ServerDoor) -> None:
    refused = ask(door.client, assertion := proper(door, rsa(3), client=READER), "system/Patient.c")

    assert said(refused) == (400, "invalid_scope")
    assert said(ask(door.client, assertion, "system/Patient.r")) == (200, "")  # a refusal of scopes does not use it up
    assert said(ask(door.client, proper(door), None)) == (400, "invalid_scope")


# T21 to T24: what a token opens


def forged(**changed: Any) -> str:
    """An access token signed with the registry's own key, some of its claims changed."""
    now = int(NOON.timestamp())
    given = {"iss": BASE, "aud": BASE, "sub": ONE, "client_id": ONE, "iat": now, "exp": now + 300, "jti": "x", "scope": "system/*.cruds"}
    return SecretKeys.of([bytes.fromhex(KEYS["BEKLIJF_TOKEN_KEY"])]).sign("at+jwt", {**given, **changed})


@pytest.mark.parametrize(
    ("token", "refused"),
    [
        (lambda d: d.assertion(ONE, rsa(1)), "unknown"),
        (lambda d: "garbage", "unknown"),
        (lambda d: "a.b.c", "unknown"),
        (lambda d: d.token(ONE, rsa(1))[:-4], "unknown"),
        (lambda d: d.token(ONE, rsa(1)) + "==", "unknown"),
        (lambda d: forged(aud="https://elsewhere.example/fhir"), "unknown"),
        (lambda d: forged(iss="https://elsewhere.example/fhir"), "unknown"),
        (lambda d: forged(sub="nobody"), "unknown"),
        (lambda d: forged(exp=int(NOON.timestamp()) - 1), "expired"),
        (lambda d: SecretKeys.of([b"x" * 32]).sign("at+jwt", {"sub": ONE}), "unknown"),
        (lambda d: SecretKeys.of([bytes.fromhex(KEYS["BEKLIJF_TOKEN_KEY"])]).sign("JWT", {"sub": ONE}), "unknown"),
    ],
    ids=["T21 assertion", "garbage", "parts", "truncated", "padded", "aud", "iss", "sub", "expired", "another key", "another typ"],
)
def test_t22_a_token_that_is_none(door: ServerDoor, token: Callable[[ServerDoor], str], refused: str) -> None:
    answer = door.client.get("/fhir/Patient/x", headers=bearer(token(door)))

    assert code_of(answer) == (401, refused)
    assert answer.headers["www-authenticate"] == 'Bearer realm="beklijf", error="invalid_token"'


@pytest.mark.parametrize("header", [{}, {"Authorization": ""}])
def test_t22_no_token(door: ServerDoor, header: dict[str, str]) -> None:
    answer = door.client.post("/fhir/Patient", content="{}", headers=header)

    assert code_of(answer)[0] == 401
    if not header:
        assert (code_of(answer)[1], answer.headers["www-authenticate"]) == ("login", 'Bearer realm="beklijf"')


def test_t22_a_token_expires_to_the_second(door: ServerDoor) -> None:
    headers = door.as_sender(ONE, rsa(1))
    door.clock.advance(seconds=299)
    alive = door.client.get("/fhir/Patient/x", headers=headers)
    door.clock.advance(seconds=1)

    assert alive.status_code == 404
    assert code_of(door.client.get("/fhir/Patient/x", headers=headers)) == (401, "expired")


def test_t22_a_disabled_sender_is_refused_at_once_and_gets_no_token(databases: Databases) -> None:
    with opened(databases("intake")) as door:
        door.register(ONE, ORGANISATION, public(rsa(1)))
        headers = door.as_sender(ONE, rsa(1))
        with db.transaction(door.engine) as connection:
            registrar.enable(connection, ONE, enabled=False, now=NOON)
        door.app.state.roster.refresh()
        refused = code_of(door.client.get("/fhir/Patient/x", headers=headers))
        no_token = said(ask(door.client, door.assertion(ONE, rsa(1))))
        with db.transaction(door.engine) as connection:
            registrar.change(connection, ONE, Wish(scopes="system/Patient.r"), now=NOON)
            registrar.enable(connection, ONE, enabled=True, now=NOON)
        door.app.state.roster.refresh()
        allowed = door.client.get("/fhir/Patient/x", headers=headers)
        narrowed = door.client.get("/fhir/Consent/x", headers=headers)

    assert (refused, no_token) == ((401, "unknown"), (401, "invalid_client"))
    assert (allowed.status_code, code_of(narrowed)) == (404, (403, "forbidden"))


def test_who_is_disabled_is_noticed_without_being_told(databases: Databases) -> None:
    from tests.lib.wait import wait_until

    with opened(databases("intake")) as door:
        door.register(ONE, ORGANISATION, public(rsa(1)))
        headers = door.as_sender(ONE, rsa(1))
        with db.transaction(door.engine) as connection:
            registrar.enable(connection, ONE, enabled=False, now=NOON)

        wait_until(lambda: door.client.get("/fhir/Patient/x", headers=headers).status_code == 401, because="the roster is read again")

    assert roster.REFRESH_SECONDS == 1.0


def test_t23_beyond_its_scope_and_beyond_its_organisation(door: ServerDoor) -> None:
    created = door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(ANSWER), headers=door.as_sender(ONE, rsa(1)))
    location = f"/fhir/{place_of(created)}"
    reader, other = door.as_sender(READER, rsa(3)), door.as_sender(TWO, rsa(2))
    update = json.dumps({**ANSWER, "id": location.rsplit("/", 1)[1], "status": "amended"})

    assert created.status_code == 201
    assert door.client.get(location, headers=reader).status_code == 200
    for refused in (
        door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(ANSWER), headers=reader),
        door.client.put(location, content=update, headers=reader),
        door.client.put("/fhir/QuestionnaireResponse?identifier=x|y", content=update, headers=reader),
    ):
        assert code_of(refused) == (403, "forbidden")
        assert 'error="insufficient_scope", scope="system/QuestionnaireResponse.' in refused.headers["www-authenticate"]
    assert code_of(door.client.get(location, headers=other)) == (404, "not-found")
    assert code_of(door.client.put(location, content=update, headers=other)) == (404, "not-found")
    assert code_of(door.client.get("/fhir/QuestionnaireResponse/none", headers=other)) == (404, "not-found")


def test_t23_each_entry_of_a_bundle_needs_its_own_scope(door: ServerDoor) -> None:
    entries = [{"resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for one in (builders.patient("p1"), ANSWER)]
    headers = door.as_sender(ONE, rsa(1), "system/Patient.c")

    def post(kind: str) -> httpx.Response:
        return door.client.post("/fhir", content=json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}), headers=headers)

    batch, transaction = post("batch").json(), post("transaction")

    assert [entry["response"]["status"][:3] for entry in batch["entry"]] == ["201", "403"]
    assert batch["entry"][1]["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[1].request"]
    assert code_of(transaction) == (403, "forbidden")


def test_what_was_not_sent_is_shown_to_readers_only(door: ServerDoor) -> None:
    writer = door.as_sender(ONE, rsa(1), "system/QuestionnaireResponse.c") | {"Prefer": "return=representation"}

    answer = door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(ANSWER), headers=writer)

    assert (answer.is_success, answer.content) == (True, b"")


def test_t24_a_token_in_an_address_is_refused(door: ServerDoor) -> None:
    token = door.token(ONE, rsa(1))

    for headers in ({}, bearer(token)):
        answer = door.client.get(f"/fhir/Patient/x?access_token={token}", headers=headers)
        assert code_of(answer) == (400, "security")
        assert token not in answer.text


def test_a_key_of_tokens_is_rotated_without_a_gap(databases: Databases) -> None:
    url, clock = databases("intake"), HandClock()
    old, new = KEYS["BEKLIJF_TOKEN_KEY"], "89abcdef01234567" * 4
    with opened(url, clock) as before:
        before.register(ONE, ORGANISATION, public(rsa(1)))
        headers = before.as_sender(ONE, rsa(1))
    with opened(url, clock, BEKLIJF_TOKEN_KEY=f"{new} {old}") as between:
        both = between.client.get("/fhir/Patient/x", headers=headers).status_code
        newer = between.as_sender(ONE, rsa(1))
    with opened(url, clock, BEKLIJF_TOKEN_KEY=new) as after:
        answers = [after.client.get("/fhir/Patient/x", headers=one).status_code for one in (headers, newer)]

    assert (both, answers) == (404, [401, 404])


def test_without_its_database_nobody_gets_a_token_and_who_has_one_is_known(databases: Databases) -> None:
    url = databases("intake")
    with opened(url) as door:
        door.register(ONE, ORGANISATION, public(rsa(1)))
        headers = door.as_sender(ONE, rsa(1), "system/Patient.c")
        with db.transaction(door.engine) as connection:
            connection.execute(text("ALTER TABLE assertion RENAME TO assertion_away"))
        broken = ask(door.client, door.assertion(ONE, rsa(1)))
        known = door.client.get("/fhir/Patient/x", headers=headers)

    assert (broken.status_code, known.status_code) == (500, 403)
    assert timedelta(seconds=roster.TOKEN_SECONDS) == timedelta(minutes=5)
