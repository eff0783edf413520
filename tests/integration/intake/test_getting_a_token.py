"""What the integrators' page says about getting a token is done, word for word; and the operator's own client does the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from beklijf.push import Item, push
from beklijf.token import Bearer, Identity, NoTokenError
from beklijf_intake.senders.registrar import Wish
from beklijf_shared.clock import system_clock
from tests.lib import builders
from tests.lib.clock import HandClock
from tests.lib.databases import Databases
from tests.lib.senders import curve, public, rsa
from tests.lib.server_door import ServerDoor, opened
from tests.lib.sources import ROOT

PAGE = ROOT / "contracts/http/INTEGRATORS.md"
BLOCK = re.compile(r"^```(?:sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANSWERS = [
    Item(f"line {number}", json.dumps(builders.vas(f"a{number}", 40, authored="2014-03-03T10:00:00Z")).encode()) for number in range(3)
]


@pytest.fixture(scope="module")
def door(databases: Databases) -> Iterator[ServerDoor]:
    """A door as on a server, at the present time."""
    with opened(databases("intake"), HandClock(system_clock()), published=False) as running:
        yield running


def blocks() -> list[str]:
    """The commands of the section, in order: keys, registration, assertion, the signature of an EC key, token and request."""
    return BLOCK.findall(PAGE.read_text().split("## Getting a token")[1].split("\n## ")[0])


def shell(script: str, folder: Path, **environment: str) -> str:
    """What the script prints."""
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_the_page_is_followed_with_openssl_and_curl_only(door: ServerDoor, tmp_path: Path, kind: str) -> None:
    keys, registration, assertion, curve_signature, request = blocks()
    sender = f"hospital-{kind.lower()}"
    if kind == "EC":
        keys = keys.replace("-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384")
        assertion = assertion.replace('"alg":"RS384"', '"alg":"ES384"') + curve_signature
    shell(keys, tmp_path)
    words = registration.replace("hospital-one ", f"{sender} ").split()
    url = door.engine.url.render_as_string(hide_password=False)
    # The operator's command hands these words on to the service's own, which is run here without the rest of a system.
    assert words[:2] == ["beklijf", "sender"]
    registered = shell(f"{sys.executable} -m beklijf_intake {' '.join(words[1:])}", tmp_path, BEKLIJF_DATABASE_URL=url)
    door.app.state.roster.refresh()
    base = str(door.client.base_url.join("/fhir"))
    script = f"FHIR={base}\n{assertion}{request}".replace('hospital-one"', f'{sender}"')

    said = shell(script, tmp_path, KEY_ID=json.loads(registered)["keys"][0])

    assert "HTTP/1.1 20" in said


@pytest.mark.parametrize("key", [rsa(1), curve(1)], ids=["RSA", "EC"])
def test_the_operators_client_gets_its_token_itself(door: ServerDoor, tmp_path: Path, key: RSAKey | ECKey) -> None:
    sender, file = f"pushing-{key.kid}", tmp_path / "key.pem"
    file.write_bytes(key.as_pem(private=True))
    door.register(sender, "11112222", public(key).replace(str(key.kid).encode(), key.thumbprint().encode()))

    receipt = push(
        ANSWERS, str(door.client.base_url.join("/fhir")), Bearer(Identity.of(sender, file), str(door.client.base_url.join("/fhir")))
    )

    assert (receipt.sent, receipt.refused) == (3, 0)


def test_a_token_is_asked_for_once_and_again_when_it_is_refused(door: ServerDoor) -> None:
    identity = Identity("renewing", curve(2), str(curve(2).kid))
    door.register("renewing", "11112222", public(curve(2)), Wish(scopes="system/*.r"))
    bearer = Bearer(identity, str(door.client.base_url.join("/fhir")), clock=door.clock)
    with httpx.Client(base_url=door.client.base_url, auth=bearer) as client:
        first = client.get("/fhir/Patient/x").status_code, bearer.token()
        kept = client.get("/fhir/Patient/x").status_code, bearer.token()
        door.clock.advance(seconds=301)  # of the registry: its tokens have ended, which this client cannot know
        renewed = client.get("/fhir/Patient/x").status_code, bearer.token()
        door.clock.instant = system_clock()

    assert first == kept == (404, first[1])
    assert (renewed[0], renewed[1] != first[1]) == (404, True)


def test_what_cannot_work_is_said_in_a_sentence(door: ServerDoor, tmp_path: Path) -> None:
    base = str(door.client.base_url.join("/fhir"))
    (tmp_path / "public.pem").write_bytes(curve(3).as_pem(private=False))

    with pytest.raises(NoTokenError, match="invalid_client"):
        Bearer(Identity("nobody", curve(3)), base).token()
    with pytest.raises(NoTokenError, match="ConnectError"):
        Bearer(Identity("nobody", curve(3)), "http://127.0.0.1:9/fhir").token()
    with pytest.raises(NoTokenError, match="no private key"):
        Identity.of("nobody", tmp_path / "public.pem")
    with pytest.raises(NoTokenError, match="cannot be read"):
        Identity.of("nobody", tmp_path / "none.pem")
    with pytest.raises(NoTokenError, match="belong together"):
        Identity.from_environment({"BEKLIJF_CLIENT_ID": "x"})
